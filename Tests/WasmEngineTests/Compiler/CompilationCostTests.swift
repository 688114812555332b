import Testing
import WebAssembly

@testable import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a function costs to compile grows as the function does: code of each shape is compiled at a size and at twice that
/// size. `polymnia compile` takes seconds for none of them at megabytes.
@Suite(.serialized, .enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct CompilationCostTests {
  enum Shape: String, CaseIterable {
    case accesses, branches, calls, guardedCalls, table, locals, loops, nestedBlocks

    /// The body of a function of four i32 parameters, and its further locals.
    func body(_ count: Int) -> (locals: Int, text: String) {
      func each(_ make: (Int) -> String) -> String { (0..<count).map(make).joined(separator: "\n") }
      switch self {
      case .accesses:
        return (
          0,
          each {
            """
            (i32.store \($0 % 2) offset=\($0 * 4 % 60_000) (local.get \($0 % 4)) (i32.add
              (i32.load \(($0 / 2) % 2) offset=\($0 * 12 % 50_000) (local.get \(($0 + 1) % 4))) (local.get \(($0 + 2) % 4))))
            """
          }
        )
      case .branches:
        return (
          0,
          each {
            """
            (block (br_if 0 (i32.lt_u (local.get \($0 % 4)) (i32.const \($0))))
              (local.set \(($0 + 1) % 4) (i32.add (local.get \($0 % 4)) (local.get \(($0 + 2) % 4)))))
            """
          }
        )
      case .calls:
        return (0, each { "(local.set \($0 % 4) (call $g (local.get \(($0 + 1) % 4)) (local.get \(($0 + 2) % 4))))" })
      case .guardedCalls:
        return (
          0,
          each {
            """
            (block $c (try_table (catch $t $c)
              (local.set \($0 % 4) (call $g (local.get \(($0 + 1) % 4)) (local.get \(($0 + 2) % 4))))))
            """
          }
        )
      case .table:
        let labels = (0..<count).map(String.init).joined(separator: " ")
        return (
          0,
          String(repeating: "(block ", count: count) + "(br_table \(labels) (local.get 0))"
            + each { ") (local.set 1 (i32.add (local.get 1) (i32.const \($0))))" }
        )
      case .locals:
        // All of them are alive throughout.
        let sums = each {
          "(local.set \($0 + 4) (i32.add (local.get \($0 * 7 % (count + 4))) (i32.shl (local.get 1) (i32.const \($0 % 31)))))"
        }
        return (count, sums + each { "(local.set 1 (i32.xor (local.get 1) (local.get \($0 + 4))))" })
      case .loops:
        // Five locals for each loop, each of them alive throughout.
        let loops = (0..<count / 5).map { loop in
          let steps = (0..<5).map {
            "(local.set \(loop * 5 + $0 + 4) (i32.add (local.get \((loop * 5 + $0) * 7 % count + 4)) (local.get 1)))"
          }
          return "(loop \(steps.joined(separator: " ")) (br_if 0 (i32.lt_u (local.get \(loop * 5 + 4)) (local.get 0))))"
        }
        return (count, loops.joined(separator: "\n"))
      case .nestedBlocks:
        return (
          0,
          String(repeating: "(block (br_if 0 (local.get 2)) ", count: count)
            + each { ") (local.set \($0 % 2) (i32.add (local.get \($0 % 2)) (local.get 3)))" }
        )
      }
    }

    func text(_ count: Int) -> String {
      let (locals, text) = body(count)
      return """
        (module (memory 1) (memory 1) (tag $t)
          (func $g (param i32 i32) (result i32) (block (return (local.get 0))) (unreachable))
          (func (export "f") (param i32 i32 i32 i32) (result i32) (local \(String(repeating: "i32 ", count: locals)))
            \(text)
            (i32.add (local.get 0) (local.get 1))))
        """
    }
  }

  private static func seconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let start = now()
    try body()
    return now() - start
  }

  @Test(arguments: Shape.allCases)
  func costGrowsAsTheFunctionDoes(shape: Shape) throws {
    let counts = [400, 800]
    let stages = try counts.map { count in
      try CompilerStages(text: shape.text(count)) { $0.checksCompiler = false }
    }
    var code = [0, 0]
    var times = [Double.infinity, .infinity]
    // Processor time of this thread; the least of some, since others share its caches.
    for _ in 0..<3 {
      for (index, stages) in stages.enumerated() {
        let compiler = CompilerContext(stages.environment)
        let time = try Self.seconds { code[index] = try compiler.compile(1).code.count }
        times[index] = min(times[index], time)
      }
      if times[1] < times[0] * 2.5 { break }
    }
    // Twice the code, with longer jumps and frames.
    #expect(code[1] > code[0] * 3 / 2 && code[1] < code[0] * 5 / 2, "\(code)")
    #expect(times[1] < times[0] * 3.2, "\(times)")
  }

  /// So does what it costs to prove the allocation of its registers, but where all is alive throughout.
  @Test(arguments: [Shape.accesses, .branches, .calls, .guardedCalls, .table, .nestedBlocks])
  func proofsGrowAsTheFunctionDoes(shape: Shape) throws {
    let functions = try [400, 800].map { count in
      let stages = try CompilerStages(text: shape.text(count)) { $0.checksCompiler = false }
      let ir = try #require(stages.stages(1).last?.ir)
      return try stages.generate(ir)
    }
    var times = [Double.infinity, .infinity]
    for _ in 0..<3 {
      for (index, function) in functions.enumerated() {
        let time = Self.seconds {
          #expect(AllocationChecker.mistakes(in: function.machine, function.compiled.steps) == [])
        }
        times[index] = min(times[index], time)
      }
      if times[1] < times[0] * 2.5 { break }
    }
    #expect(times[1] < times[0] * 3.2, "\(times)")
  }

  /// What is alive between blocks is kept in sets as large as what is alive at once.
  @Test func setsOfWhatIsAliveAreSmall() throws {
    func words(_ shape: Shape, _ count: Int) throws -> Int {
      let stages = try CompilerStages(text: shape.text(count))
      let ir = try #require(stages.stages(1).last?.ir)
      let machine = try stages.generate(ir).machine
      var live = LiveIntervals()
      let isBuilt = live.build(machine)
      #expect(isBuilt)
      return live.words
    }
    for shape in [Shape.branches, .calls, .guardedCalls, .nestedBlocks] {
      #expect(try words(shape, 300) == words(shape, 30), "\(shape)")
    }
    // Here it is much.
    #expect(try words(.locals, 300) <= 6)
  }

  @Test func numberedValuesAreFoundAtOnce() {
    var values = ValueTable()
    for round in 0..<2 {
      for index in 0..<20_000 {
        let instruction = IRInstruction(.add, .i64, IRValue(index % 150), IRValue(index / 150), imm: Int64(round))
        #expect(values.find(instruction, epoch: 1) == nil)
        values.insert(instruction, IRValue(index), epoch: 1)
      }
      if round == 0 { values.leave(10_000) }
    }
    #expect(values.find(IRInstruction(.add, .i64, IRValue(149), IRValue(0)), epoch: 1) == IRValue(149))
    #expect(values.find(IRInstruction(.add, .i64, IRValue(149), IRValue(0)), epoch: 2) == nil)
    #expect(values.find(IRInstruction(.add, .i64, IRValue(0), IRValue(120)), epoch: 1) == nil)
    #expect(values.longestChain < 16)
    values.leave(0)
    #expect(values.find(IRInstruction(.add, .i64, IRValue(149), IRValue(0)), epoch: 1) == nil)
  }

  /// Every loop takes all that it assigns, and so do those around it: what is out of proportion is interpreted.
  @Test func loopsThatAssignTooMuchAreInterpreted() throws {
    let depth = 400
    let locals = 1600
    let steps = (0..<locals).map { "(local.set \($0 + 1) (local.get 0))" }.joined(separator: " ")
    let text = """
      (module (func (export "f") (param i32) (result i32) (local \(String(repeating: "i32 ", count: locals)))
        \(String(repeating: "(loop ", count: depth)) \(steps) \(String(repeating: "(br_if 0 (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1)))))", count: depth))
        (local.get \(locals))))
      """
    let module = try makeEngine { $0.tier = .compiler }.compile(text: text)
    let instance = try Store(module.engine).instantiate(module)
    #expect(try callI32(instance, "f", .i32(1)) == 1)
    #expect(module.functionsLeftToInterpreter == [0: "too many assignments in nested blocks"])
  }
}
