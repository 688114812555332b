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
      if random.chance(50) { return constant(type, small) }
      if random.chance(10) { return constant(type, random.pick(Self.places) &+ distance()) }
      return constant(type, random.chance(70) ? random.pick(Self.edges) : random.next())
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
}
