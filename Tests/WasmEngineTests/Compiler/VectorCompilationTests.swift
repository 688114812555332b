import Testing
import WebAssembly

@testable import WasmEngine

/// Every vector instruction as machine code against the interpreter.
@Suite("Compiled vector instructions", .enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
struct VectorCompilationTests {
  /// SplitMix64.
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  static let floatEdges: [Float] = [
    0, -0.0, .nan, -.nan, .signalingNaN, .infinity, -.infinity, 1.5, -1.5, 2.5, 0.5, -0.5, 0x1p31, -0x1p31, 0x1p32,
    0x1p31 - 128, 0x1p32 - 256, -1, 0x1p23 + 1, 0x1p-149, .greatestFiniteMagnitude, 4_000_000_000, 3.7,
  ]
  static let doubleEdges: [Double] = [
    0, -0.0, .nan, -.nan, .signalingNaN, .infinity, -.infinity, 2.5, -1.5, 0x1p31, 0x1p31 - 1, 0x1p31 - 0.5, -0x1p31,
    -0x1p31 - 0.5, 0x1p32, 0x1p32 - 1, 0x1p32 - 0.5, -0.75, 1e300, 0x1p52 + 1, 0.1, 1e-310,
  ]

  /// 8 bytes of lanes of one width, among them those at the edges of their type.
  static func word(_ generator: inout Generator) -> UInt64 {
    func integers(_ bits: UInt64, _ generator: inout Generator) -> UInt64 {
      let mask = bits == 64 ? UInt64.max : (1 << bits) - 1
      let sign = UInt64(1) << (bits - 1)
      var word: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: Int(bits)) {
        let edges = [0, 1, mask, sign, sign - 1, sign + 1, mask - 1, 0x0F & mask]
        let lane = Bool.random(using: &generator) ? edges.randomElement(using: &generator)! : generator.next() & mask
        word |= lane << shift
      }
      return word
    }
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: return integers(8, &generator)
    case 1: return integers(16, &generator)
    case 2: return integers(32, &generator)
    case 3: return integers(64, &generator)
    case 4, 5:
      let low = floatEdges.randomElement(using: &generator)!.bitPattern
      return UInt64(low) | UInt64(floatEdges.randomElement(using: &generator)!.bitPattern) << 32
    case 6: return doubleEdges.randomElement(using: &generator)!.bitPattern
    default: return generator.next()
    }
  }

  static func load(_ type: ValueType, _ offset: Int) -> String {
    "(\(type == .v128 ? "v128" : name(type)).load offset=\(offset) (local.get 0))"
  }

  static func name(_ type: ValueType) -> String {
    switch type {
    case .i32: "i32"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    default: "v128"
    }
  }

  static let operators = Operator.all.filter { $0.feature == .simd && $0.opcode != .v128Const }
  static let computations = operators.filter {
    $0.immediates == .none || $0.immediates == .lane || $0.immediates == .lanes
  }
  static let accesses = operators.filter { $0.immediates == .memoryArgument || $0.immediates == .memoryArgumentAndLane }

  /// The immediates to try an operator with.
  static func immediates(_ row: Operator, _ generator: inout Generator) -> [String] {
    switch row.immediates {
    case .lane, .memoryArgumentAndLane:
      let count = laneCount(row)
      return [0, count - 1, Int.random(in: 0..<count, using: &generator)].map(String.init)
    case .lanes:
      return shuffles(&generator).map { $0.map(String.init).joined(separator: " ") }
    default:
      return [""]
    }
  }

  static func laneCount(_ row: Operator) -> Int {
    if row.immediates == .memoryArgumentAndLane { return 16 >> Int(row.width) }
    let shape = row.name.prefix { $0 != "." }
    return Int(shape.drop { $0 != "x" }.dropFirst()) ?? 1
  }

  /// Shuffles that have an instruction of their own, and some that do not.
  static func shuffles(_ generator: inout Generator) -> [[Int]] {
    var result: [[Int]] = []
    for distance in [0, 1, 4, 15, 16, 17, 28, 31] { result.append((0..<16).map { ($0 + distance) % 32 }) }
    for distance in [1, 6, 8, 11] { result.append((0..<16).map { ($0 + distance) % 16 }) }
    for size in [1, 2, 4, 8] {
      let count = 16 / size
      func bytes(_ lanes: [Int]) -> [Int] { lanes.flatMap { lane in (0..<size).map { lane * size + $0 } } }
      for start in [0, count / 2] {
        for other in [0, count] {
          result.append(bytes((0..<count).map { start + $0 / 2 + ($0 % 2 == 0 ? 0 : other) }))
          result.append(bytes((0..<count).map { start + $0 / 2 + ($0 % 2 == 1 ? 0 : other) }))
        }
      }
      for _ in 0..<4 {
        result.append(bytes((0..<count).map { _ in Int.random(in: 0..<2 * count, using: &generator) }))
        result.append(bytes((0..<count).map { _ in Int.random(in: 0..<count, using: &generator) }))
        result.append(bytes((0..<count).map { $0 + (Bool.random(using: &generator) ? count : 0) }))
      }
      result.append(bytes(Array(repeating: 0, count: count)))
      result.append(bytes(Array(repeating: count, count: count)))
    }
    let low = (0..<4).map { _ in Int.random(in: 0..<4, using: &generator) }
    let high = (0..<4).map { _ in Int.random(in: 4..<8, using: &generator) }
    for words in [low + [4, 5, 6, 7], [0, 1, 2, 3] + high] { result.append(words.flatMap { [$0 * 2, $0 * 2 + 1] }) }
    for words in [[1, 3, 4, 6], [6, 5, 2, 2]] { result.append(words.flatMap { word in (0..<4).map { word * 4 + $0 } }) }
    return result
  }

  /// Functions that apply an operator to operands in registers, in memory, and to constants, and store what it gives.
  static func functions(_ row: Operator, _ generator: inout Generator) -> [String] {
    guard let type = row.type, let result = type.results.first else { return [] }
    var texts: [String] = []
    for immediate in immediates(row, &generator) {
      let operation = "\(row.name) \(immediate)"
      let parameters = type.operands.map { name($0) }.joined(separator: " ")
      let locals = type.operands.indices.map { "(local.get \($0))" }.joined(separator: " ")
      let loads = type.operands.enumerated().map { load($1, $0 * 16) }.joined(separator: " ")
      let store = "(\(name(result)).store offset=256 (local.get 0)"
      let number = texts.count
      texts.append(
        """
        (func $\(number) (param \(parameters)) (result \(name(result))) (\(operation) \(locals)))
        (func (export "f") (param i32) \(store) (call $\(number) \(loads))))
        """)
      texts.append("(func (export \"f\") (param i32) \(store) (\(operation) \(loads))))")
      for _ in 0..<(type.operands.count > 1 ? 3 : 0) {
        var operands = type.operands.enumerated().map { load($1, $0 * 16) }
        let place = Int.random(in: 0..<operands.count, using: &generator)
        let words = [word(&generator), word(&generator)]
        let constant =
          switch type.operands[place] {
          case .i32: "(i32.const \(UInt32(truncatingIfNeeded: words[0])))"
          case .i64: "(i64.const \(words[0]))"
          case .v128: "(v128.const i64x2 \(words[0]) \(Bool.random(using: &generator) ? words[1] : words[0]))"
          default: operands[place]
          }
        operands[place] = constant
        texts.append("(func (export \"f\") (param i32) \(store) (\(operation) \(operands.joined(separator: " ")))))")
      }
    }
    return texts
  }

  /// The bits of a result with all NaNs made alike, since which one comes out is not determined.
  static func canonical(_ bytes: [UInt64], _ row: Operator) -> [UInt64] {
    guard row.type?.results.first == .v128 else { return bytes }
    if row.name.hasPrefix("f64x2") {
      return bytes.map { Double(bitPattern: $0).isNaN ? 0x7FF8_0000_0000_0000 : $0 }
    }
    guard row.name.hasPrefix("f32x4") else { return bytes }
    return bytes.map { word in
      [UInt64(0), 32].reduce(0) { result, shift in
        let lane = UInt32(truncatingIfNeeded: word >> shift)
        return result | UInt64(Float(bitPattern: lane).isNaN ? 0x7FC0_0000 : lane) << shift
      }
    }
  }

  @Test("They give what the interpreter gives, and none is refused", arguments: computations.map(\.opcode))
  func agreement(opcode: Opcode) throws {
    let row = opcode.row
    var generator = Generator(state: UInt64(opcode.rawValue))
    for function in Self.functions(row, &generator) {
      let text = "(module (memory (export \"m\") 1) \(function))"
      let compiled = try processorSets.map { processor in
        try makeEngine {
          $0.tier = .compiler
          $0.processor = processor
        }.compile(text: text)
      }
      let instances = try (compiled + [makeEngine().compile(text: text)]).map { try Store($0.engine).instantiate($0) }
      for _ in 0..<40 {
        let words = (0..<8).map { _ in Self.word(&generator) }
        var results: [[UInt64]] = []
        for instance in instances {
          let memory = try instance.memory("m")
          for (index, word) in words.enumerated() { try memory.store(word, at: UInt64(index * 8)) }
          _ = try instance.function("f").call([.i32(0)])
          results.append(
            Self.canonical(try [memory.load(UInt64.self, at: 256), memory.load(UInt64.self, at: 264)], row))
        }
        for (result, processor) in zip(results, processorSets) {
          #expect(
            result == results.last, "\(function) of \(words.map { String($0, radix: 16) }) with \(processor)")
        }
      }
      for module in compiled { #expect(module.machine?.refusals.withLock { $0 } == [:]) }
    }
  }

  @Test("Their memory accesses give what the interpreter's give", arguments: accesses.map(\.opcode))
  func accessAgreement(opcode: Opcode) throws {
    let row = opcode.row
    var generator = Generator(state: UInt64(opcode.rawValue))
    for (immediate, bounds) in Self.immediates(row, &generator).flatMap({
      [($0, MemoryPolicy.Bounds.guarded), ($0, .checked)]
    }) {
      let isLane = row.immediates == .memoryArgumentAndLane
      let vector = "(v128.load $n (i32.const 16))"
      let operands = "(local.get 0) \(isLane || row.opcode == .v128Store ? vector : "")"
      let access = "(\(row.name) $m offset=1 \(immediate) \(operands))"
      let isStore = row.type?.results.isEmpty ?? false
      let text = """
        (module (memory $n (export "n") 1) (memory $m (export "m") 1)
          (func (export "f") (param i32) \(isStore ? access : "(v128.store $n (i32.const 32) \(access))")))
        """
      let compiled = try processorSets.map { processor in
        try makeEngine(bounds: bounds) {
          $0.tier = .compiler
          $0.processor = processor
        }.compile(text: text)
      }
      let interpreted = try makeEngine(bounds: bounds).compile(text: text)
      let instances = try (compiled + [interpreted]).map { try Store($0.engine).instantiate($0) }
      for address in [0, 3, 65536 - (1 << Int(row.width)) - 1, 65536 - (1 << Int(row.width)), 65535, -1] {
        let words = (0..<4).map { _ in Self.word(&generator) }
        var results: [[UInt64]] = []
        for instance in instances {
          let (n, m) = (try instance.memory("n"), try instance.memory("m"))
          for (index, word) in words.enumerated() {
            try n.store(word, at: UInt64(16 + index * 8))
            try m.store(word, at: UInt64(index * 8))
            try m.store(word, at: UInt64(65504 + index * 8))
          }
          let kind = trapKind { _ = try instance.function("f").call([.i32(Int32(address))]) }
          var result = [kind == .outOfBoundsMemoryAccess ? 1 : kind == nil ? 0 : UInt64(2)]
          for place in stride(from: UInt64(0), to: 32, by: 8) {
            result.append(try n.load(UInt64.self, at: 16 + place))
            result.append(try m.load(UInt64.self, at: place))
            result.append(try m.load(UInt64.self, at: 65504 + place))
          }
          results.append(result)
        }
        for (result, processor) in zip(results, processorSets) {
          #expect(result == results.last, "\(access) at \(address) with \(processor)")
        }
      }
      for module in compiled { #expect(module.machine?.refusals.withLock { $0 } == [:]) }
    }
  }
}
