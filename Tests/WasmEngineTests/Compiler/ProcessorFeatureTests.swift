import Testing
import WebAssembly

@testable import WasmEngine

/// Machine code for processors that lack what the one that the tests run on may have.
@Suite("Extensions of the processor", .enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct ProcessorFeatureTests {
  /// Operators on numbers, one of each, without accesses.
  private static let numeric: [Operator] = Operator.all.filter { row in
    guard let type = row.type, row.immediates == .none, !type.operands.isEmpty, type.results.count == 1 else {
      return false
    }
    return (type.operands + type.results).allSatisfy { [.i32, .i64, .f32, .f64].contains($0) }
  }

  /// What each pair of operands gives, in one function that stores the results; what traps is left out of `rows`.
  private static func program(_ rows: [Operator]) -> String {
    let functions = rows.enumerated().map { index, row in
      let parameters = row.type!.operands
      let operands = parameters.indices.map { "(local.get \($0))" }.joined(separator: " ")
      return """
        (func (export "f\(index)") (param \(parameters.map { VectorCompilationTests.name($0) }.joined(separator: " "))) (result \(VectorCompilationTests.name(row.type!.results[0])))
          (\(row.name) \(operands)))
        """
    }
    return "(module \(functions.joined(separator: "\n")))"
  }

  private static let integers: [UInt64] = [
    0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 0x7F, 0x80, 0xFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x1_0000_0000, 0x0123_4567_89AB_CDEF, 0x5555_5555_5555_5555, .max - 1, .max, 1 << 63, (1 << 63) - 1,
    0xF0F0_0000_1111_0001,
  ]
  private static let doubles: [Double] = [
    0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -3.5, 0x1p31, -0x1p31, 0x1p32, 0x1p63, -0x1p63, 0x1.8p63, 0x1p64, 1e300,
    -1e-300,
    .infinity, -.infinity, .nan, 16_777_217, 0x1.fffffffffffffp62,
  ]

  private static func values(_ type: ValueType) -> [Value] {
    switch type {
    case .i32: integers.map { .i32(Int32(truncatingIfNeeded: $0)) }
    case .i64: integers.map { .i64(Int64(bitPattern: $0)) }
    case .f32: doubles.map { .f32(Float($0)) }
    default: doubles.map { .f64($0) }
    }
  }

  private static func text(_ call: () throws -> [Value]) -> String {
    do {
      return try call().map { value in
        switch value {
        case .f32(let value): value.isNaN ? "nan" : String(value.bitPattern, radix: 16)
        case .f64(let value): value.isNaN ? "nan" : String(value.bitPattern, radix: 16)
        default: value.description
        }
      }.joined()
    } catch {
      return (error as? Trap).map { "\($0.kind)" } ?? "\(error)"
    }
  }

  @Test(
    "Every operator on numbers gives what the interpreter gives",
    arguments: processorSets + [[.bmi1], [.lzcnt, .bmi2]])
  func numbers(processor: ProcessorFeatures) throws {
    let rows = Self.numeric
    #expect(rows.count > 120)
    let text = Self.program(rows)
    let compiled = try makeEngine {
      $0.tier = .compiler
      $0.processor = processor
    }.compile(text: text)
    let interpreted = try makeEngine().compile(text: text)
    let instances = try [compiled, interpreted].map { try Store($0.engine).instantiate($0) }
    for (index, row) in rows.enumerated() {
      let functions = try instances.map { try $0.function("f\(index)") }
      let parameters = row.type!.operands
      for first in Self.values(parameters[0]) {
        let seconds = parameters.count > 1 ? Self.values(parameters[1]).map { [$0] } : [[]]
        for second in seconds {
          let arguments = [first] + second
          let results = functions.map { function in Self.text { try function.call(arguments) } }
          #expect(results[0] == results[1], "\(row.name) of \(arguments)")
        }
      }
    }
    #expect(compiled.machine?.refusals.withLock { $0 } == [:])
  }

  /// Instructions with the feature that they belong to, by the beginning of their names.
  private static let instructions: [(String, ProcessorFeatures)] = [
    ("v", .avx), ("vpbroadcast", .avx2), ("vpcmpgtq", .sse42), ("pcmpgtq", .sse42), ("popcnt", .popcnt),
    ("lzcnt", .lzcnt), ("tzcnt", .bmi1), ("andn", .bmi1), ("shlx", .bmi2), ("shrx", .bmi2), ("sarx", .bmi2),
    ("rorx", .bmi2), ("mulx", .bmi2),
  ]

  /// The instructions that a feature set makes of every operator on numbers and vectors.
  private func mnemonics(_ processor: ProcessorFeatures) throws -> Set<String> {
    var generator = VectorCompilationTests.Generator(state: 7)
    var texts = [Self.program(Self.numeric)]
    for row in VectorCompilationTests.computations {
      let functions = VectorCompilationTests.functions(row, &generator).map { $0.replacing("(export \"f\")", with: "") }
      texts.append("(module (memory 1) \(functions.joined(separator: "\n")))")
    }
    for row in VectorCompilationTests.accesses where row.type?.results == [.v128] && row.immediates == .memoryArgument {
      texts.append("(module (memory 1) (func (param i32) (v128.store (i32.const 0) (\(row.name) (local.get 0)))))")
    }
    var result: Set<String> = []
    var code: [CompiledFunction] = []
    for text in texts {
      let module = try makeEngine {
        $0.tier = .compiler
        $0.processor = processor
      }.compile(text: text)
      let compiler = CompilerContext(try #require(module.machine).environment)
      for function in module.module.functions.indices { code.append(try compiler.compile(function)) }
    }
    // All at once, since starting objdump takes longer than what it does.
    for line in try EncodingCases.instructions(of: code) {
      result.insert(String(line.split(separator: " ")[0]))
    }
    return result
  }

  @Test(
    "Code has no instruction that the processor lacks", .enabled(if: EncodingCases.objdump != nil, "no objdump"),
    arguments: [.native, .baseline, [.avx], [.avx, .avx2], [.sse42], [.popcnt, .lzcnt], [.bmi1], [.bmi2]]
      as [ProcessorFeatures])
  func instructionSets(processor: ProcessorFeatures) throws {
    let found = try mnemonics(processor)
    #expect(found.count > 150)
    let usable = processor.usable
    for (name, feature) in Self.instructions where !usable.contains(feature) {
      let offenders = found.filter { $0.hasPrefix(name) && !["verr", "verw"].contains($0) }
      #expect(offenders.isEmpty, "\(feature) is not in \(processor)")
    }
    // And it has those that the processor is used for.
    if usable.contains(.avx) { #expect(found.contains("vaddps") && !found.contains("addps")) }
    if usable.contains(.avx2) { #expect(found.contains("vpbroadcastb")) }
    if usable.contains(.bmi2) { #expect(found.contains("shlx")) }
    if usable.contains(.lzcnt) { #expect(found.contains("lzcnt") && !found.contains("bsr")) }
    if usable.contains(.popcnt) { #expect(found.contains("popcnt")) }
  }

  @Test func namesOfFeatures() {
    #expect(ProcessorFeatures(names: "baseline") == [])
    #expect(ProcessorFeatures(names: "native") == .native)
    #expect(ProcessorFeatures(names: "avx,sse42") == [.avx, .sse42])
    #expect(ProcessorFeatures(names: ProcessorFeatures.names.joined(separator: ","))?.isSuperset(of: .native) == true)
    #expect(ProcessorFeatures(names: "avx,") == nil)
    #expect(ProcessorFeatures(names: "mmx") == nil)
    // AVX2 alone is of no use.
    #expect(ProcessorFeatures([.avx2]).usable == [])
  }
}
