import Testing
import WasmEngine
import WebAssembly

/// Generated modules with two to five memories, before and after lowering.
@Suite struct LoweringFuzzTests {
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  struct Memory {
    var is64Bit: Bool
    var hasBytePages: Bool
    var minimum: UInt64
    var maximum: UInt64?
    var isExported: Bool

    var type: String { is64Bit ? "i64" : "i32" }
  }

  struct Function {
    var name: String
    var parameters: [Character]
  }

  static let loads = [
    ("i32.load8_s", "i32"), ("i32.load16_u", "i32"), ("i32.load", "i32"), ("i64.load", "i64"), ("i64.load32_s", "i64"),
    ("f32.load", "f32"), ("f64.load", "f64"), ("v128.load", "v128"), ("v128.load8x8_u", "v128"),
    ("v128.load16_splat", "v128"), ("v128.load32_zero", "v128"),
  ]
  static let stores = [
    ("i32.store8", "i32"), ("i32.store16", "i32"), ("i32.store", "i32"), ("i64.store", "i64"), ("i64.store32", "i64"),
  ]

  /// A module with functions on each memory, and the functions.
  static func module(_ random: inout Generator) -> (text: String, functions: [Function], memories: [Memory]) {
    let mixesTypes = Int.random(in: 0..<4, using: &random) == 0
    let exports = Int.random(in: 0..<3, using: &random) == 0
    var memories: [Memory] = []
    for _ in 0..<Int.random(in: 2...5, using: &random) {
      let hasBytePages = Int.random(in: 0..<5, using: &random) == 0
      let minimum = UInt64.random(in: 0...(hasBytePages ? 300 : 2), using: &random)
      let maximum = Bool.random(using: &random) ? minimum + .random(in: 0...3, using: &random) : nil
      memories.append(
        Memory(
          is64Bit: mixesTypes && Bool.random(using: &random), hasBytePages: hasBytePages, minimum: minimum,
          maximum: maximum, isExported: exports && Bool.random(using: &random)))
    }
    var text = "(module\n"
    var functions: [Function] = []
    func function(_ parameters: [Character], _ results: String, _ body: String) {
      let name = "f\(functions.count)"
      let types = parameters.map { "lANG".contains($0) ? "i64" : "i32" }.joined(separator: " ")
      text += "(func (export \"\(name)\") (param \(types)) (result \(results)) \(body))\n"
      functions.append(Function(name: name, parameters: parameters))
    }
    for (k, memory) in memories.enumerated() {
      let export = memory.isExported ? "(export \"m\(k)\")" : ""
      let maximum = memory.maximum.map { " \($0)" } ?? ""
      let pages = memory.hasBytePages ? " (pagesize 1)" : ""
      text += "(memory \(export) \(memory.type) \(memory.minimum)\(maximum)\(pages))\n"
    }
    text += "(data $d \"passive contents\")\n"
    for (k, memory) in memories.enumerated() where memory.minimum * (memory.hasBytePages ? 1 : 65536) >= 40 {
      text += "(data (memory \(k)) (\(memory.type).const \(3 + k)) \"contents of \(k)\")\n"
    }
    for (k, memory) in memories.enumerated() {
      let a: Character = memory.is64Bit ? "A" : "a"
      for _ in 0..<3 {
        let (load, type) = loads.randomElement(using: &random)!
        let offset = [0, 1, 7, 65535, 65536, 4_294_967_295].randomElement(using: &random)!
        let result = "\(load) \(k) offset=\(offset) (local.get 0)"
        function(
          [a], type == "v128" ? "i64" : type, type == "v128" ? "(i64x2.extract_lane 0 (\(result)))" : "(\(result))")
        let (store, value) = stores.randomElement(using: &random)!
        function(
          [a, value == "i64" ? "l" : "i"], "i32",
          "(\(store) \(k) offset=\([0, 3, 65530].randomElement(using: &random)!) (local.get 0) (local.get 1)) (i32.const 1)"
        )
      }
      function(
        [a, "l"], "i32",
        "(v128.store32_lane \(k) offset=2 1 (local.get 0) (i64x2.splat (local.get 1))) (i32.const 1)")
      function(
        [a, "l"], "i64",
        "(i64x2.extract_lane 0 (v128.load16_lane \(k) 2 (local.get 0) (i64x2.splat (local.get 1))))")
      function([], memory.type, "(memory.size \(k))")
      if memory.maximum == nil || Bool.random(using: &random) {
        function([memory.is64Bit ? "G" : "g"], memory.type, "(memory.grow \(k) (local.get 0))")
      }
      function(
        [a, "i", memory.is64Bit ? "N" : "n"], "i32",
        "(memory.fill \(k) (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
      function([a, "n", "n"], "i32", "(memory.init \(k) $d (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
      let j = Int.random(in: 0..<memories.count, using: &random)
      let other = memories[j]
      function(
        [a, other.is64Bit ? "A" : "a", memory.is64Bit && other.is64Bit ? "N" : "n"], "i32",
        "(memory.copy \(k) \(j) (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
      // A digest of the whole memory.
      let t = memory.type
      let scale = memory.hasBytePages ? "(memory.size \(k))" : "(\(t).shl (memory.size \(k)) (\(t).const 16))"
      text += """
        (func (export "digest\(k)") (result i64) (local \(t) \(t) i64)
          (local.set 1 \(scale))
          (block (loop
            (br_if 1 (\(t).ge_u (local.get 0) (local.get 1)))
            (local.set 2 (i64.add (i64.mul (local.get 2) (i64.const 31)) (i64.load8_u \(k) (local.get 0))))
            (local.set 0 (\(t).add (local.get 0) (\(t).const 1)))
            (br 0)))
          (local.get 2))\n
        """
    }
    return (text + ")", functions, memories)
  }

  static func argument(_ kind: Character, _ random: inout Generator) -> Value {
    let near: [UInt64] = [
      0, 1, 8, 100, 255, 290, 65533, 65535, 65536, 65540, 131064, 131071, 131072, 196608,
      .random(in: 0...262144, using: &random),
      0xFFFF_FFF8, 0xFFFF_FFFF, .random(in: 0...400, using: &random),
    ]
    let bits = near.randomElement(using: &random)!
    switch kind {
    case "A", "N":
      let high: UInt64 = Int.random(in: 0..<5, using: &random) == 0 ? .max << 32 : 0
      return .i64(Int64(bitPattern: bits | high))
    case "n": return .i32([0, 1, 5, 17, 200, 65536, -1].randomElement(using: &random)!)
    case "l": return .i64(Int64.random(in: .min ... .max, using: &random))
    case "i": return .i32(Int32.random(in: .min ... .max, using: &random))
    case "g": return .i32([0, 1, 1, 2, 70000, -1].randomElement(using: &random)!)
    case "G": return .i64([0, 1, 1, 2, 1 << 48, -1].randomElement(using: &random)!)
    default: return .i32(Int32(truncatingIfNeeded: bits))
    }
  }

  /// The number of generated modules and where to start: from the environment where it is set, for longer runs.
  static let count = Int(Environment.value("POLYMNIA_LOWER_MODULES") ?? "") ?? 12

  @Test func accessSequencesEndTheSame() throws {
    for seed in 0..<Self.count {
      var random = Generator(state: UInt64(seed))
      let (text, functions, memories) = Self.module(&random)
      var options = LoweringOptions()
      for (k, memory) in memories.enumerated() where Int.random(in: 0..<4, using: &random) == 0 {
        // Room for all that the calls below ask for.
        options.reservations[k] = memory.maximum ?? memory.minimum + 120
      }
      let isReserved = !options.reservations.isEmpty
      let pair = try LoweringPair(text, options: options, tier: seed % 2 == 0 ? .interpreter : .compiler)
      for step in 0..<60 {
        let function = functions.randomElement(using: &random)!
        var arguments = function.parameters.map { Self.argument($0, &random) }
        // Where only what is reserved can be had, growth by much may fail in one and not in the other.
        if function.parameters == ["g"] || function.parameters == ["G"], isReserved || seed % 3 != 0 {
          arguments =
            function.parameters == ["g"]
            ? [.i32(.random(in: 0...2, using: &random))]
            : [.i64(.random(in: 0...2, using: &random))]
        } else if function.parameters == ["g"], case .i32(70000)? = arguments.first {
          arguments = [.i32(-1)]
        }
        let (left, right) = pair.call(function.name, arguments)
        try #require(left == right, "seed \(seed), step \(step): \(function.name) \(arguments)\n\(text)")
      }
      for k in memories.indices {
        let (left, right) = pair.call("digest\(k)")
        try #require(left == right, "seed \(seed): digest of memory \(k)\n\(text)")
      }
    }
  }
}
