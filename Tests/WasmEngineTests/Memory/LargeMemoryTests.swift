import Testing
import WasmEngine

/// Memories beyond 2 and 4 GiB, of which only what is touched takes room: compiled code does what the interpreter does
/// where addresses and offsets cross 2³¹, 2³² and the memory's end.
@Suite struct LargeMemoryTests {
  struct Way: CustomTestStringConvertible, Sendable {
    var tier: ExecutionTier
    var bounds: MemoryPolicy.Bounds
    var testDescription: String { "\(tier), \(bounds)" }

    static let all = ExecutionTier.allCases.flatMap { tier in
      MemoryPolicy.Bounds.allCases.map { Way(tier: tier, bounds: $0) }
    }

    func load(_ text: String) throws -> Instance {
      try Store(makeEngine(bounds: bounds) { $0.tier = tier }).load(text)
    }
  }

  @Test(arguments: Way.all, ["i32", "i64"])
  func smallCopiesCrossTwoGigabytes(_ way: Way, _ type: String) throws {
    let other = type == "i32" ? "i64" : "i32"
    for (from, to) in [(0x20, 0x7FFF_FFF8), (0x7FFF_FFF8, 0x20), (0x7FFF_FFE8, 0x7FFF_FFF0)] as [(UInt64, UInt64)] {
      let instance = try way.load(
        """
        (module (memory $a (export "a") \(type) 32770) (memory $b (export "b") \(other) 32770)
          (func (export "put")
            (i64.store $a offset=16 (\(type).const \(from)) (i64.const 0x1111111111111111))
            (memory.copy $a $a (\(type).const \(to)) (\(type).const \(from)) (\(type).const 32))))
        """)
      try instance.function("put")()
      #expect(try instance.memory("a").read(8, at: to + 16) == Array(repeating: 0x11, count: 8))
    }
  }

  /// Accesses of one memory at every place around an edge, the address as a constant, as a parameter, and either with a
  /// static offset up to and beyond 2³¹; and by function the parameter.
  private static func accesses(_ type: String, pages: Int) -> (module: String, arguments: [UInt64]) {
    var text = "(module (memory $a (export \"a\") \(type) \(pages)) (memory $b (export \"b\") i64 32770)\n"
    var arguments: [UInt64] = []
    func add(_ index: String, _ offset: Int, _ argument: Int) {
      text += """
        (func (export "\(arguments.count)") (param \(type) i64) (result i64)
          (i64.store8 $a offset=\(offset) \(index) (local.get 1))
          (i64.store $a offset=\(offset) \(index) (local.get 1))
          (v128.store $a offset=\(offset) \(index) (i64x2.splat (local.get 1)))
          (v128.store16_lane $a offset=\(offset) 1 \(index) (i64x2.splat (local.get 1)))
          (i64.store32 $a offset=\(offset) \(index)
            (i64.add (local.get 1) (i64.load32_u $a offset=\(offset) \(index))))
          (i64.add (i64.add
            (i64.load16_s $a offset=\(offset) \(index))
            (i64x2.extract_lane 1 (v128.load32x2_u $a offset=\(offset) \(index))))
            (i64x2.extract_lane 0 (v128.load8_lane $a offset=\(offset) 3 \(index)
              (v128.load64_splat $a offset=\(offset) \(index))))))\n
        """
      arguments.append(UInt64(argument))
    }
    func fits(_ number: Int) -> Bool { number >= 0 && (type == "i64" || number < 1 << 32) }
    for edge in [0, 1 << 31, 1 << 32, pages << 16] {
      for distance in [-24, -8, -1, 0, 7] {
        for offset in [0, 1, 1 << 31 - 8, 1 << 31, 1 << 32 - 16, 1 << 32] {
          let index = edge + distance - offset
          guard fits(index), fits(offset) else { continue }
          add("(local.get 0)", offset, index)
          add("(\(type).const \(index))", offset, index)
        }
      }
    }
    return (text + ")", arguments)
  }

  /// What each function yields or how it traps, and what is in the memories around the edges.
  private static func run(_ way: Way, _ type: String, pages: Int) throws -> [String] {
    let (module, arguments) = accesses(type, pages: pages)
    let instance = try way.load(module)
    var log: [String] = []
    for (number, argument) in arguments.enumerated() {
      let index: Value = type == "i64" ? .i64(Int64(argument)) : .i32(Int32(bitPattern: UInt32(argument)))
      do {
        log.append("\(number): \(try instance.function("\(number)").call([index, .i64(0x0123_4567_89AB_CDEF)]))")
      } catch let trap as Trap {
        log.append("\(number): \(trap.message) \(String(describing: trap.memoryFault))")
      }
    }
    for name in ["a", "b"] {
      let memory = try instance.memory(name)
      for edge: UInt64 in [32, 1 << 31, 1 << 32, UInt64(pages) << 16] {
        let end = min(edge + 32, UInt64(memory.byteCount))
        if edge <= end { log.append("\(name) \(edge): \(try memory.read(Int(end - (edge - 32)), at: edge - 32))") }
      }
    }
    return log
  }

  @Test(arguments: [("i32", 32_770), ("i32", 65_536), ("i64", 32_770), ("i64", 65_540)])
  func accessesAroundEveryEdgeAreTheSameInEveryWay(_ type: String, _ pages: Int) throws {
    let expected = try Self.run(Way.all[0], type, pages: pages)
    for way in Way.all.dropFirst() {
      let actual = try Self.run(way, type, pages: pages)
      for (line, other) in zip(expected, actual) { #expect(line == other, "\(way)") }
    }
  }
}
