import WebAssembly

extension BodyGenerator {
  // MARK: Constants

  private static let edges: [UInt64] = [
    0, 1, 2, 3, 4, 5, 7, 8, 10, 16, 31, 32, 33, 63, 64, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000,
    0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 1 << 63, .max, .max - 1, .max - 7,
  ]
  private static let floats: [Double] = [
    0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 3.75, 1e10, -1e10, 1e-300, 1e300, 2_147_483_647, -2_147_483_648, 4_294_967_295,
    9.2e18, 1.8e19, .infinity, -.infinity,
  ]

  mutating func constant(_ type: ValueType) -> Node {
    switch type {
    case .f32:
      let value = Float(random.pick(Self.floats))
      return constant(type, random.chance(8) ? 0x7FC0_0000 : UInt64(value.bitPattern))
    case .f64:
      return constant(type, random.chance(8) ? 0x7FF8_0000_0000_0000 : random.pick(Self.floats).bitPattern)
    case .v128:
      let low = random.chance(50) ? random.pick(Self.edges) : random.next()
      return Node(code: Program.vectorConstant(low, random.chance(40) ? low : random.next()), result: type)
    default:
      let small = UInt64(random.below(40)) &- 8
      return constant(type, random.chance(50) ? small : random.chance(70) ? random.pick(Self.edges) : random.next())
    }
  }

  func constant(_ type: ValueType, _ bits: UInt64) -> Node {
    Node(code: Program.constant(type, bits), result: type)
  }

  // MARK: Expressions

  mutating func condition() -> Node { expression(.i32) }

  /// A node that makes a value.
  mutating func expression(_ type: ValueType) -> Node {
    budget -= 1
    depth += 1
    defer { depth -= 1 }
    if type == Self.ownFunction { return ownFunctionReference() }
    if type == .exceptionReference { return Node(code: [0xD0, 0x69], result: type) }
    var choice = random.below(100)
    // In a crowd it is the locals that count.
    if isCrowded { choice = random.chance(45) ? 0 : random.chance(45) ? 40 : choice }
    if budget <= 0 || depth > 11 || choice < 34 { return leaf(type) }
    if type == .v128, choice < 76 { return vectorExpression() }
    switch choice {
    case 34..<66: return arithmetic(type)
    case 66..<76: return load(type)
    case 76..<81: return select(type)
    case 81..<86: return conditionalExpression(type)
    case 86..<88:
      let local = writable(type)
      return Node(operands: [expression(type)], code: Self.bytes(0x22, local), result: type)
    case 88..<96: return type == .v128 ? vectorExpression() : random.chance(25) ? laneOf(type) : conversion(type)
    case 96: return memorySize(type)
    default: return type == .i32 ? comparison() : type == .v128 ? vectorExpression() : arithmetic(type)
    }
  }

  mutating func leaf(_ type: ValueType) -> Node {
    if isCrowded, random.chance(85) {
      let candidates = crowd.filter { locals[$0] == type && !resting.contains($0) }
      if !candidates.isEmpty { return get(random.pick(candidates)) }
    }
    let candidates = locals.indices.filter {
      locals[$0] == type && !hidden.contains($0) && !(isCrowded && resting.contains($0))
    }
    if random.chance(70), !candidates.isEmpty {
      return Node(code: Self.bytes(0x20, random.pick(candidates)), result: type)
    }
    let globals = program.globals.indices.filter { $0 > 0 && program.globals[$0].type == type }
    if random.chance(35), !globals.isEmpty {
      return Node(code: Self.bytes(0x23, random.pick(globals)), result: type)
    }
    return constant(type)
  }

  private mutating func arithmetic(_ type: ValueType) -> Node {
    let unary: [UInt8]
    let binary: [UInt8]
    switch type {
    case .i32:
      if random.chance(25) { return comparison() }
      (unary, binary) = ([0x67, 0x68, 0x69, 0xC0, 0xC1], Array(0x6A...0x78))
    case .i64: (unary, binary) = ([0x79, 0x7A, 0x7B, 0xC2, 0xC3, 0xC4], Array(0x7C...0x8A))
    case .f32: (unary, binary) = (Array(0x8B...0x91), Array(0x92...0x98))
    default: (unary, binary) = (Array(0x99...0x9F), Array(0xA0...0xA6))
    }
    if random.chance(type == .i32 || type == .i64 ? 12 : 30) {
      return Node(operands: [expression(type)], code: [random.pick(unary)], result: type)
    }
    let code = random.pick(binary)
    var right = expression(type)
    if code == 0x98 || code == 0xA6 { right = canonical(right) }
    let isDivision = (0x6D...0x70).contains(code) || (0x7F...0x82).contains(code)
    if isDivision, random.below(1000) > 3 {
      // Neither zero nor -1.
      let isNarrow = type == .i32
      right = Node(operands: [right, constant(type, 0x7FFF)], code: [isNarrow ? 0x71 : 0x83], result: type)
      right = Node(operands: [right, constant(type, 1)], code: [isNarrow ? 0x72 : 0x84], result: type)
      if random.chance(40) { right = constant(type, [2, 3, 5, 7, 8, 10, 64, 100, 641, 65_536][random.below(10)]) }
    }
    return Node(operands: [expression(type), right], code: [code], result: type)
  }

  private mutating func comparison() -> Node {
    switch random.below(10) {
    case 0: return Node(operands: [expression(.i32)], code: [0x45], result: .i32)
    case 1: return Node(operands: [expression(.i64)], code: [0x50], result: .i32)
    case 2..<6: return compare(.i32, Array(0x46...0x4F))
    case 6..<8: return compare(.i64, Array(0x51...0x5A))
    case 8: return compare(.f32, Array(0x5B...0x60))
    default: return compare(.f64, Array(0x61...0x66))
    }
  }

  private mutating func compare(_ type: ValueType, _ codes: [UInt8]) -> Node {
    Node(operands: [expression(type), expression(type)], code: [random.pick(codes)], result: .i32)
  }

  private mutating func select(_ type: ValueType) -> Node {
    Node(operands: [expression(type), expression(type), condition()], code: [0x1B], result: type)
  }

  private mutating func conditionalExpression(_ type: ValueType) -> Node {
    let operand = condition()
    let bodies = (0..<2).map { _ in
      nested(Target(types: [type])) { generator in
        generator.statements(generator.random.below(3)) + [generator.expression(type)]
      }
    }
    return Node(operands: [operand], code: [0x04] + blockType([], [type]), bodies: bodies, result: type)
  }

  private mutating func conversion(_ type: ValueType) -> Node {
    func node(_ operand: Node, _ code: [UInt8]) -> Node { Node(operands: [operand], code: code, result: type) }
    let traps = random.chance(3)
    switch type {
    case .i32:
      switch random.below(5) {
      case 0, 1: return node(expression(.i64), [0xA7])
      case 2: return node(canonical(expression(.f32)), [0xBC])
      case 3: return node(expression(.f32), traps ? [0xA8 + UInt8(random.below(2))] : [0xFC, UInt8(random.below(2))])
      default:
        return node(expression(.f64), traps ? [0xAA + UInt8(random.below(2))] : [0xFC, 2 + UInt8(random.below(2))])
      }
    case .i64:
      switch random.below(5) {
      case 0, 1: return node(expression(.i32), [0xAC + UInt8(random.below(2))])
      case 2: return node(canonical(expression(.f64)), [0xBD])
      case 3:
        return node(expression(.f32), traps ? [0xAE + UInt8(random.below(2))] : [0xFC, 4 + UInt8(random.below(2))])
      default:
        return node(expression(.f64), traps ? [0xB0 + UInt8(random.below(2))] : [0xFC, 6 + UInt8(random.below(2))])
      }
    case .f32:
      switch random.below(4) {
      case 0: return node(expression(.i32), [0xB2 + UInt8(random.below(2))])
      case 1: return node(expression(.i64), [0xB4 + UInt8(random.below(2))])
      case 2: return node(expression(.f64), [0xB6])
      default: return node(expression(.i32), [0xBE])
      }
    default:
      switch random.below(4) {
      case 0: return node(expression(.i32), [0xB7 + UInt8(random.below(2))])
      case 1: return node(expression(.i64), [0xB9 + UInt8(random.below(2))])
      case 2: return node(expression(.f32), [0xBB])
      default: return node(expression(.i64), [0xBF])
      }
    }
  }

  /// A float whose bits are known even where it is not a number.
  mutating func canonical(_ node: Node) -> Node {
    guard let type = node.result, type == .f32 || type == .f64 else { return node }
    if node.operands.isEmpty, node.bodies.isEmpty, node.code.first == 0x43 || node.code.first == 0x44 { return node }
    let local = newLocal(type)
    // Nobody else may write it in between.
    counters.insert(local)
    let isNarrow = type == .f32
    let kept = Node(operands: [node], code: Self.bytes(0x22, local), result: type, isFixed: true)
    let get = Node(code: Self.bytes(0x20, local), result: type, isFixed: true)
    let number = constant(type, isNarrow ? 0x7FC0_0000 : 0x7FF8_0000_0000_0000)
    let test = Node(operands: [get, get], code: [isNarrow ? 0x5B : 0x61], result: .i32, isFixed: true)
    return Node(operands: [kept, number, test], code: [0x1B], result: type, isFixed: true)
  }

  // MARK: Memory

  private mutating func memorySize(_ type: ValueType) -> Node {
    let memory = random.below(program.memories.count)
    let wanted: ValueType = program.memories[memory].is64 ? .i64 : .i32
    guard type == wanted else { return leaf(type) }
    return Node(code: Self.bytes(0x3F, memory), result: type)
  }

  /// An index into a memory, mostly one that is inside with something added up to 0x8000.
  mutating func address(_ memory: Int) -> Node {
    let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
    let isNarrow = type == .i32
    let loops = targets.compactMap(\.counter)
    switch random.below(100) {
    case 0..<30 where !loops.isEmpty:
      var index = Node(code: Self.bytes(0x20, random.pick(loops)), result: .i32)
      if !isNarrow { index = Node(operands: [index], code: [random.chance(50) ? 0xAC : 0xAD], result: .i64) }
      let scale = random.below(4)
      if scale > 0 {
        index = Node(operands: [index, constant(type, UInt64(scale))], code: [isNarrow ? 0x74 : 0x86], result: type)
      }
      if random.chance(40) {
        index = Node(
          operands: [index, constant(type, UInt64(random.below(0x800)))], code: [isNarrow ? 0x6A : 0x7C], result: type)
      }
      return index
    case 30..<50:
      return constant(type, UInt64(random.below(0x8000)))
    case 50:
      // Wherever it leads.
      return random.chance(12) ? expression(type) : constant(type, UInt64(0x1_0000 - random.below(12)))
    default:
      return Node(
        operands: [expression(type), constant(type, random.chance(50) ? 0x7FFF : 0x7FF8)],
        code: [isNarrow ? 0x71 : 0x83],
        result: type)
    }
  }

  /// Alignment, memory and offset of an access.
  mutating func argument(_ memory: Int, _ width: Int) -> [UInt8] {
    var output = ByteWriter()
    let largest = width.trailingZeroBitCount
    let alignment = random.below(largest + 1)
    output.u32(UInt32(alignment | (memory > 0 || random.chance(5) ? 0x40 : 0)))
    if memory > 0 || output.bytes[0] & 0x40 != 0 { output.u32(UInt32(memory)) }
    switch random.below(700) {
    case 0:
      output.u64(
        program.memories[memory].is64 ? random.pick([1 << 32, 1 << 40, .max - 7, .max - 15, 1 << 63]) : 0xFFFF_FFF0)
    case 1: output.u64(UInt64(0x1_0000 + random.below(0x10000)))
    case 2..<280: output.u64(0)
    case 280..<510: output.u64(UInt64(random.below(64)))
    default: output.u64(UInt64(random.below(0x4000)))
    }
    return output.bytes
  }

  private static let loads: [ValueType: [(UInt8, Int)]] = [
    .i32: [(0x28, 4), (0x28, 4), (0x2C, 1), (0x2D, 1), (0x2E, 2), (0x2F, 2)],
    .i64: [(0x29, 8), (0x29, 8), (0x30, 1), (0x31, 1), (0x32, 2), (0x33, 2), (0x34, 4), (0x35, 4)],
    .f32: [(0x2A, 4)], .f64: [(0x2B, 8)],
  ]
  private static let stores: [ValueType: [(UInt8, Int)]] = [
    .i32: [(0x36, 4), (0x36, 4), (0x3A, 1), (0x3B, 2)],
    .i64: [(0x37, 8), (0x37, 8), (0x3C, 1), (0x3D, 2), (0x3E, 4)],
    .f32: [(0x38, 4)], .f64: [(0x39, 8)],
  ]

  private mutating func load(_ type: ValueType) -> Node {
    let memory = random.below(program.memories.count)
    let (code, width) = random.pick(Self.loads[type] ?? [])
    return Node(operands: [address(memory)], code: [code] + argument(memory, width), result: type)
  }

  mutating func store() -> Node {
    let memory = random.below(program.memories.count)
    let type = valueTypeOfAny()
    if type == .v128 { return vectorStore() }
    let (code, width) = random.pick(Self.stores[type] ?? [])
    let place = address(memory)
    // Often what is read is written back, changed.
    if random.chance(25), type == .i32 || type == .i64, code == 0x36 || code == 0x37 {
      let local = newLocal(program.memories[memory].is64 ? .i64 : .i32)
      counters.insert(local)
      let where_ = argument(memory, width)
      let old = Node(
        code: Self.bytes(0x20, local) + [code == 0x36 ? 0x28 : 0x29] + where_, result: type)
      let codes: [UInt8] = type == .i32 ? [0x6A, 0x6B, 0x71, 0x72, 0x73] : [0x7C, 0x7D, 0x83, 0x84, 0x85]
      let operation = random.pick(codes)
      let value = random.chance(50) ? constant(type) : expression(type)
      let operands = random.chance(70) ? [old, value] : [value, old]
      let new = Node(operands: operands, code: [operation], result: type)
      return Node(
        operands: [Node(operands: [place], code: Self.bytes(0x22, local), result: locals[local]), new],
        code: [code] + where_)
    }
    return Node(operands: [place, canonical(expression(type))], code: [code] + argument(memory, width))
  }

  /// Instructions on many bytes, and growth.
  mutating func bulk() -> Node {
    let memory = random.below(program.memories.count)
    let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
    func bits(_ memory: Int) -> ValueType { program.memories[memory].is64 ? .i64 : .i32 }
    switch random.below(6) {
    case 0:
      let pages = program.memories[memory].pageSizeLog2 == 16 ? random.below(2) : random.below(3000)
      let amount = constant(type, random.chance(85) ? UInt64(pages) : random.chance(50) ? 1 << 20 : .max)
      return Node(operands: [amount], code: Self.bytes(0x40, memory) + Self.bytes(0x21, writable(type)))
    case 1:
      return Node(operands: [address(memory), expression(.i32), length(type)], code: Self.bytes(0xFC, 11, memory))
    case 2:
      let segment = random.below(2)
      let limit = program.data[segment].count
      return Node(
        operands: [
          address(memory), constant(.i32, UInt64(random.below(limit / 2))),
          constant(.i32, UInt64(random.below(limit / 2))),
        ], code: Self.bytes(0xFC, 8, segment, memory))
    case 3: return rareStatement()
    default:
      let source = random.below(program.memories.count)
      let count: ValueType = bits(source) == .i64 && type == .i64 ? .i64 : .i32
      return Node(
        operands: [address(memory), address(source), length(count)], code: Self.bytes(0xFC, 10, memory, source))
    }
  }

  /// What is done to segments and whole pages, and arithmetic on 128 bits.
  private mutating func rareStatement() -> Node {
    switch random.below(8) {
    case 0 where random.chance(12): return Node(code: Self.bytes(0xFC, 9, random.below(2)))
    case 0, 1:
      // Of pages that are there, and now and then of one that is not.
      guard let memory = program.memories.indices.filter({ program.memories[$0].pageSizeLog2 == 16 }).last else {
        return Node(code: [0x01])
      }
      let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
      let start = random.chance(98) ? 0 : random.below(3)
      return Node(
        operands: [constant(type, UInt64(start) << 16), constant(type, UInt64(random.below(2)) << 16)],
        code: Self.bytes(0xFC, 18, memory))
    case 2: return Node(code: [0x01])
    default:
      let code = 19 + random.below(4)
      let operands = (0..<(code < 21 ? 4 : 2)).map { _ in expression(.i64) }
      return Node(operands: operands, code: Self.bytes(0xFC, code), tail: take([.i64, .i64]))
    }
  }

  private mutating func length(_ type: ValueType) -> Node {
    if random.chance(60) { return constant(type, UInt64(random.below(random.chance(70) ? 40 : 700))) }
    return Node(
      operands: [expression(type), constant(type, 0xFF)], code: [type == .i32 ? 0x71 : 0x83], result: type)
  }
}
