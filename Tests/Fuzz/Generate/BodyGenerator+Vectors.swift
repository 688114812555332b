import WebAssembly

/// The vector instructions by what they take, made from the table of operators.
private struct VectorOperators {
  var unary: [Operator] = []
  var binary: [Operator] = []
  var shifts: [Operator] = []
  var tests: [Operator] = []
  var splats: [Operator] = []
  var extracts: [ValueType: [Operator]] = [:]
  var replaces: [Operator] = []
  var loads: [Operator] = []
  var laneLoads: [Operator] = []
  var stores: [Operator] = []
  /// Those whose lanes are floats of a width, which may be not-a-numbers of any bits, with operands of the same kind.
  var floats: [Bool: [Operator]] = [:]

  static let all = VectorOperators()

  init() {
    for row in Operator.all where row.feature == .simd {
      guard let type = row.type else { continue }
      let isVector = type.results == [.v128]
      switch row.immediates {
      case .memoryArgument:
        if isVector { loads.append(row) } else { stores.append(row) }
      case .memoryArgumentAndLane:
        if isVector { laneLoads.append(row) } else { stores.append(row) }
      case .lane:
        if isVector { replaces.append(row) } else { extracts[type.results[0], default: []].append(row) }
      case .none:
        switch type.operands {
        case [.v128] where isVector: unary.append(row)
        case [.v128, .v128] where isVector: binary.append(row)
        case [.v128, .i32] where isVector: shifts.append(row)
        case [.v128]: tests.append(row)
        case let operands where operands.count == 1 && isVector: splats.append(row)
        default: break
        }
      default: break
      }
    }
    for isNarrow in [false, true] {
      floats[isNarrow] = (unary + binary).filter {
        Self.makesFloats($0) == isNarrow && !["convert", "promote", "demote"].contains(where: $0.name.contains)
      }
    }
  }

  /// Whether the results are floats of 32 bits, or of 64; nil where they are known bits.
  static func makesFloats(_ row: Operator) -> Bool? {
    let (shape, operation) = (row.name.prefix(5), row.name.dropFirst(6))
    guard shape == "f32x4" || shape == "f64x2", !["eq", "ne", "lt", "gt", "le", "ge"].contains(operation) else {
      return nil
    }
    return shape == "f32x4"
  }
}

extension BodyGenerator {
  /// The opcode of a vector instruction, without its immediates.
  static func bytes(_ opcode: Opcode) -> [UInt8] {
    var output = ByteWriter()
    output.byte(0xFD)
    output.u32(UInt32(opcode.rawValue) - 0x300)
    return output.bytes
  }

  /// A vector whose bits are all known.
  mutating func vectorExpression() -> Node {
    let operators = VectorOperators.all
    switch random.below(100) {
    case 0..<16: return unaryVector(random.pick(operators.unary))
    case 16..<55: return binaryVector(random.pick(operators.binary))
    case 55..<63:
      return Node(
        operands: [expression(.v128), expression(.i32)], code: Self.bytes(random.pick(operators.shifts).opcode),
        result: .v128)
    case 63..<70:
      let row = random.pick(operators.splats)
      return known(
        Node(operands: [expression(row.type!.operands[0])], code: Self.bytes(row.opcode), result: .v128), row)
    case 70..<78:
      let row = random.pick(operators.replaces)
      return known(
        Node(
          operands: [expression(.v128), expression(row.type!.operands[1])],
          code: Self.bytes(row.opcode) + [lane(row)], result: .v128), row)
    case 78..<81:
      return Node(
        operands: [expression(.v128), expression(.v128), expression(.v128)], code: Self.bytes(.v128Bitselect),
        result: .v128)
    case 81..<86:
      return Node(
        operands: [expression(.v128), expression(.v128)], code: Self.bytes(.i8x16Shuffle) + shuffleLanes(),
        result: .v128)
    case 86..<91: return laneLoad()
    default: return vectorLoad()
    }
  }

  /// The number of a lane.
  private mutating func lane(_ row: Operator) -> UInt8 {
    let width = row.name.prefix(5).split(separator: "x").last.flatMap { Int($0) } ?? 2
    return UInt8(random.below(width))
  }

  /// Lanes that some machines have instructions for, and others.
  private mutating func shuffleLanes() -> [UInt8] {
    switch random.below(6) {
    case 0:
      let start = random.below(32)
      return (0..<16).map { UInt8(($0 + start) % 32) }
    case 1:
      let width = [1, 2, 4, 8][random.below(4)]
      let half = random.below(2) * 8
      return (0..<16).map { UInt8(half + $0 / (2 * width) * width + $0 % width + ($0 / width % 2) * 16) }
    case 2:
      let width = [2, 4, 8][random.below(3)]
      let words = (0..<16 / width).map { _ in random.below(32 / width) }
      return (0..<16).map { UInt8(words[$0 / width] * width + $0 % width) }
    case 3: return (0..<16).map { UInt8($0 + random.below(2) * 16) }
    case 4: return [UInt8](repeating: UInt8(random.below(32)), count: 16)
    default: return (0..<16).map { _ in UInt8(random.below(32)) }
    }
  }

  private mutating func unaryVector(_ row: Operator) -> Node {
    known(Node(operands: [floatOperand(row)], code: Self.bytes(row.opcode), result: .v128), row)
  }

  private mutating func binaryVector(_ row: Operator) -> Node {
    known(Node(operands: [floatOperand(row), floatOperand(row)], code: Self.bytes(row.opcode), result: .v128), row)
  }

  /// The result of an instruction with known bits.
  private mutating func known(_ node: Node, _ row: Operator) -> Node {
    guard let isNarrow = VectorOperators.makesFloats(row) else { return node }
    return canonicalVector(node, isNarrow: isNarrow)
  }

  /// An operand; of arithmetic on floats now and then the result of such arithmetic as it is.
  private mutating func floatOperand(_ row: Operator) -> Node {
    budget -= 1
    guard budget > 0, depth < 11, random.chance(50), let isNarrow = VectorOperators.makesFloats(row),
      let rows = VectorOperators.all.floats[isNarrow], rows.contains(where: { $0.opcode == row.opcode })
    else { return expression(.v128) }
    depth += 1
    defer { depth -= 1 }
    let inner = random.pick(rows)
    let operands = inner.type!.operands.map { _ in floatOperand(inner) }
    return Node(operands: operands, code: Self.bytes(inner.opcode), result: .v128)
  }

  /// One not-a-number in the place of all.
  private mutating func canonicalVector(_ node: Node, isNarrow: Bool) -> Node {
    let local = newLocal(.v128)
    counters.insert(local)
    hidden.insert(local)
    let kept = Node(operands: [node], code: Self.bytes(0x22, local), result: .v128, isFixed: true)
    let get = Node(code: Self.bytes(0x20, local), result: .v128, isFixed: true)
    let bits: UInt64 = isNarrow ? 0x7FC0_0000_7FC0_0000 : 0x7FF8_0000_0000_0000
    let number = Node(code: Program.vectorConstant(bits, bits), result: .v128)
    let isNumber = Node(
      operands: [get, get], code: Self.bytes(isNarrow ? .f32x4Eq : .f64x2Eq), result: .v128, isFixed: true)
    return Node(
      operands: [kept, number, isNumber], code: Self.bytes(.v128Bitselect), result: .v128, isFixed: true)
  }

  /// A number out of a vector.
  mutating func laneOf(_ type: ValueType) -> Node {
    if type == .i32, random.chance(35) {
      return Node(
        operands: [expression(.v128)], code: Self.bytes(random.pick(VectorOperators.all.tests).opcode), result: .i32)
    }
    let row = random.pick(VectorOperators.all.extracts[type] ?? [])
    return Node(operands: [expression(.v128)], code: Self.bytes(row.opcode) + [lane(row)], result: type)
  }

  // MARK: Memory

  private mutating func vectorLoad() -> Node {
    let memory = random.below(program.memories.count)
    let row = random.chance(40) ? Opcode.v128Load.row : random.pick(VectorOperators.all.loads)
    let place = place(memory, 1 << Int(row.width))
    return Node(operands: [place.index], code: Self.bytes(row.opcode) + place.argument, result: .v128)
  }

  private mutating func laneLoad() -> Node {
    let memory = random.below(program.memories.count)
    let row = random.pick(VectorOperators.all.laneLoads)
    let place = place(memory, 1 << Int(row.width))
    return Node(
      operands: [place.index, expression(.v128)],
      code: Self.bytes(row.opcode) + place.argument + [lane(ofWidth: row.width)], result: .v128)
  }

  private mutating func lane(ofWidth width: UInt8) -> UInt8 { UInt8(random.below(16 >> Int(width))) }

  mutating func vectorStore() -> Node {
    let memory = random.below(program.memories.count)
    let row = random.chance(50) ? Opcode.v128Store.row : random.pick(VectorOperators.all.stores)
    let place = place(memory, 1 << Int(row.width))
    var code = Self.bytes(row.opcode) + place.argument
    if row.immediates == .memoryArgumentAndLane { code.append(lane(ofWidth: row.width)) }
    return Node(operands: [place.index, expression(.v128)], code: code)
  }
}
