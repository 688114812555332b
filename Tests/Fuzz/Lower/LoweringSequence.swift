import WasmEngine
import WebAssembly

/// A module with two to five memories of all kinds, with small functions that do one thing to one memory each, and calls of
/// them that are mostly at the edges.
struct LoweringSequence {
  struct Memory {
    var is64Bit: Bool
    var hasBytePages: Bool
    var minimum: UInt64
    var maximum: UInt64?
    var isExported: Bool
    /// Under which name it is imported; the same one twice is the same memory twice.
    var importName: String?

    var type: String { is64Bit ? "i64" : "i32" }
  }

  struct Call {
    var function: String
    var arguments: [Value]
  }

  private(set) var text = ""
  private(set) var memories: [Memory] = []
  private(set) var options = LoweringOptions()
  private(set) var calls: [Call] = []

  private struct Function {
    var name: String
    var parameters: [Character]
  }

  private var functions: [Function] = []
  private var random: RandomSource

  /// Parameters, by a letter: an address, a count, pages to grow by (each small where its address type is), or a number.
  private static let wide: Set<Character> = ["l", "A", "N", "G"]

  private static let loads = [
    ("i32.load8_s", "i32"), ("i32.load16_u", "i32"), ("i32.load", "i32"), ("i64.load", "i64"), ("i64.load32_s", "i64"),
    ("f32.load", "f32"), ("f64.load", "f64"), ("v128.load", "v128"), ("v128.load8x8_u", "v128"),
    ("v128.load16_splat", "v128"), ("v128.load32_zero", "v128"), ("i32.load8_u", "i32"), ("i64.load16_s", "i64"),
  ]
  private static let stores = [
    ("i32.store8", "i32"), ("i32.store16", "i32"), ("i32.store", "i32"), ("i64.store", "i64"), ("i64.store32", "i64"),
    ("f64.store", "f64"), ("v128.store", "v128"),
  ]

  /// - Parameter isPlain: only what an engine without imports, proposals and our own features takes when it is lowered.
  init(seed: UInt64, number: Int, isPlain: Bool = false) {
    random = RandomSource(seed: seed, number: number)
    makeMemories(isPlain: isPlain)
    makeText(isPlain: isPlain)
    makeOptions()
    makeCalls()
  }

  private mutating func makeMemories(isPlain: Bool) {
    let mixesTypes = random.chance(25)
    let exports = random.chance(33)
    let imports = !isPlain && random.chance(33)
    for _ in 0..<2 + random.below(4) {
      let hasBytePages = random.chance(20)
      let minimum = UInt64(random.below(hasBytePages ? 301 : 3))
      let maximum = random.chance(50) ? minimum + UInt64(random.below(4)) : nil
      var memory = Memory(
        is64Bit: mixesTypes && random.chance(50), hasBytePages: hasBytePages, minimum: minimum, maximum: maximum,
        isExported: exports && random.chance(50), importName: nil)
      if imports, random.chance(50) {
        memory.importName = Program.alike[memories.count % 3] + "\(memories.count / 3)"
        // The same memory again.
        if random.chance(25), let other = memories.last(where: { $0.importName != nil }) { memory = other }
      }
      memories.append(memory)
    }
    memories = memories.filter { $0.importName != nil } + memories.filter { $0.importName == nil }
  }

  private mutating func function(_ parameters: [Character], _ results: String, _ body: String) {
    let name = "f\(functions.count)"
    let types = parameters.map { Self.wide.contains($0) ? "i64" : "i32" }.joined(separator: " ")
    text += "(func (export \"\(name)\") (param \(types)) (result \(results)) \(body))\n"
    functions.append(Function(name: name, parameters: parameters))
  }

  private mutating func makeText(isPlain: Bool) {
    text = "(module\n"
    for (k, memory) in memories.enumerated() {
      let export = memory.isExported ? "(export \"m\(k)\")" : ""
      let source = memory.importName.map { "(import \"host\" \"\($0)\")" } ?? ""
      let maximum = memory.maximum.map { " \($0)" } ?? ""
      let pages = memory.hasBytePages ? " (pagesize 1)" : ""
      text += "(memory \(export) \(source) \(memory.type) \(memory.minimum)\(maximum)\(pages))\n"
    }
    text += "(global $three i32 (i32.const 3)) (data $d \"passive contents\")\n"
    for (k, memory) in memories.enumerated() where memory.minimum * (memory.hasBytePages ? 1 : 65536) >= 40 {
      let isComputed = !memory.is64Bit && random.chance(30)
      let offset = isComputed ? "(i32.add (global.get $three) (i32.const \(k)))" : "(\(memory.type).const \(3 + k))"
      text += "(data (memory \(k)) (offset \(offset)) \"contents of \(k)\")\n"
    }
    for k in memories.indices { makeFunctions(k, isPlain: isPlain) }
    text += ")"
  }

  private mutating func makeFunctions(_ k: Int, isPlain: Bool) {
    let memory = memories[k]
    let a: Character = memory.is64Bit ? "A" : "a"
    let n: Character = memory.is64Bit ? "N" : "n"
    for _ in 0..<3 {
      let (load, type) = random.pick(Self.loads)
      let offset = random.pick([0, 1, 7, 65535, 65536, 4_294_967_295])
      let result = "\(load) \(k) offset=\(offset) (local.get 0)"
      function(
        [a], type == "v128" ? "i64" : type, type == "v128" ? "(i64x2.extract_lane 0 (\(result)))" : "(\(result))")
      let (store, value) = random.pick(Self.stores)
      let operand =
        switch value {
        case "f64": "(f64.reinterpret_i64 (local.get 1))"
        case "v128": "(i64x2.splat (local.get 1))"
        default: "(local.get 1)"
        }
      function(
        [a, value == "i32" ? "i" : "l"], "i32",
        "(\(store) \(k) offset=\(random.pick([0, 3, 65530])) (local.get 0) \(operand)) (i32.const 1)")
    }
    // Several accesses in structured code, of which one may trap in the middle.
    function(
      [a, "n", "l"], "i64",
      """
      (local i64) (block $out (loop $next
        (br_if $out (i32.eqz (local.get 1)))
        (local.set 1 (i32.shr_u (local.get 1) (i32.const 1)))
        (i64.store \(k) offset=1 (local.get 0) (i64.xor (local.get 2) (i64.load8_u \(k) (local.get 0))))
        (local.set 3 (i64.add (local.get 3) (i64.load \(k) (local.get 0))))
        (br_if $out (i64.eqz (i64.load8_u \(k) offset=9 (local.get 0))))
        (br $next))) (local.get 3)
      """)
    function(
      [a, "l"], "i32", "(v128.store32_lane \(k) offset=2 1 (local.get 0) (i64x2.splat (local.get 1))) (i32.const 1)")
    function(
      [a, "l"], "i64",
      "(i64x2.extract_lane 0 (v128.load16_lane \(k) 2 (local.get 0) (i64x2.splat (local.get 1))))")
    function([], memory.type, "(memory.size \(k))")
    if memory.maximum == nil || random.chance(50) {
      let g: Character = memory.is64Bit ? "G" : "g"
      function([g], memory.type, "(memory.grow \(k) (local.get 0))")
      // The value grows the memory that the address is of.
      let grown =
        memory.is64Bit ? "(memory.grow \(k) (local.get 1))" : "(i64.extend_i32_u (memory.grow \(k) (local.get 1)))"
      function([a, g], "i32", "(i64.store \(k) (local.get 0) \(grown)) (i32.const 1)")
    }
    function([a, "i", n], "i32", "(memory.fill \(k) (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
    function([a, "n", "n"], "i32", "(memory.init \(k) $d (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
    if !isPlain, random.chance(30) {
      // Whole pages: anything else has a trap of its own.
      let shift = memory.hasBytePages ? 0 : 16
      let t = memory.type
      function(
        [a, n], "i32",
        """
        (memory.discard \(k) (\(t).shl (\(t).shr_u (local.get 0) (\(t).const \(shift))) (\(t).const \(shift)))
          (\(t).shl (local.get 1) (\(t).const \(shift)))) (i32.const 1)
        """)
    }
    let j = random.below(memories.count)
    let other = memories[j]
    function(
      [a, other.is64Bit ? "A" : "a", memory.is64Bit && other.is64Bit ? "N" : "n"], "i32",
      "(memory.copy \(k) \(j) (local.get 0) (local.get 1) (local.get 2)) (i32.const 1)")
    // Counts and addresses that the lowering knows.
    let t = memory.type
    let count = random.pick([0, 1, 16, 64, 65535, 65536, 70000])
    function([a, "i"], "i32", "(memory.fill \(k) (local.get 0) (local.get 1) (\(t).const \(count))) (i32.const 1)")
    let both = memory.is64Bit && other.is64Bit ? "i64" : "i32"
    function(
      [a, other.is64Bit ? "A" : "a"], "i32",
      "(memory.copy \(k) \(j) (local.get 0) (local.get 1) (\(both).const \(count))) (i32.const 1)")
    function(
      [a, "n"], "i32",
      "(memory.init \(k) $d (local.get 0) (local.get 1) (i32.const \(random.pick([0, 5, 16])))) (i32.const 1)")
    function([], "i64", "(i64.load16_u \(k) offset=2 (\(t).const \(random.pick([0, 65532, 65533, 290, 297]))))")
    makeDigest(k)
  }

  /// A function that reads the whole memory.
  private mutating func makeDigest(_ k: Int) {
    let t = memories[k].type
    let scale = memories[k].hasBytePages ? "(memory.size \(k))" : "(\(t).shl (memory.size \(k)) (\(t).const 16))"
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

  private mutating func makeOptions() {
    for (k, memory) in memories.enumerated() where random.chance(25) {
      // Room for all that the calls ask for.
      options.reservations[k] = memory.maximum ?? memory.minimum + 120
    }
    options.reservesMaxima = random.chance(60)
    options.imports = random.chance(50) ? .own : .accessors
  }

  private mutating func makeCalls() {
    for _ in 0..<50 {
      let function = random.pick(functions)
      calls.append(Call(function: function.name, arguments: function.parameters.map { argument($0) }))
    }
    for k in memories.indices { calls.append(Call(function: "digest\(k)", arguments: [])) }
  }

  private mutating func argument(_ kind: Character) -> Value {
    let bits: UInt64 = random.pick([
      0, 1, 8, 100, 255, 290, 65533, 65535, 65536, 65540, 131064, 131071, 131072, 196608, UInt64(random.below(262_144)),
      0xFFFF_FFF8, 0xFFFF_FFFF, UInt64(random.below(400)),
    ])
    switch kind {
    case "A", "N": return .i64(Int64(bitPattern: bits | (random.chance(20) ? UInt64.max << 32 : 0)))
    case "n": return .i32(random.pick([0, 1, 5, 17, 200, 65536, -1]))
    case "l": return .i64(Int64(bitPattern: random.next()))
    case "i": return .i32(Int32(truncatingIfNeeded: random.next()))
    // No more than a few pages, and more than any memory can have: in between, what can be had is another matter.
    case "g": return .i32(random.pick([0, 1, 1, 2, -1]))
    case "G": return .i64(random.pick([0, 1, 1, 2, 1 << 48, -1]))
    default: return .i32(Int32(truncatingIfNeeded: bits))
    }
  }
}
