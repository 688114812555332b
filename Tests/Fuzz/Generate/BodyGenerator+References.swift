import WebAssembly

extension BodyGenerator {
  // MARK: Tables

  /// An index into a table, mostly one that is inside.
  func tableConstant(_ table: Int, _ value: Int) -> Node {
    constant(program.tables[table].is64 ? .i64 : .i32, UInt64(value))
  }

  private mutating func tableIndex(_ table: Int) -> Node {
    let type: ValueType = program.tables[table].is64 ? .i64 : .i32
    if random.below(400) == 0 {
      // Beyond, by so much that what is cut or scaled is inside.
      return constant(
        type, UInt64(random.below(12)) &+ random.pick([1 << 28, 1 << 29, 1 << 31, 1 << 32, 1 << 60, 1 << 61]))
    }
    if random.chance(70) { return constant(type, UInt64(random.below(12))) }
    return Node(operands: [expression(type), constant(type, 7)], code: [type == .i32 ? 0x71 : 0x83], result: type)
  }

  /// An element of a table, which may be null.
  private mutating func element() -> Node {
    let table = random.below(program.tables.count)
    return Node(operands: [tableIndex(table)], code: Self.bytes(0x25, table))
  }

  /// A reference to a function, null or not.
  private mutating func reference() -> Node {
    switch random.below(6) {
    case 0: return Node(code: [0xD0, 0x70])
    case 1, 2: return expression(Self.ownFunction)
    case 3: return Node(operands: [element(), element(), condition()], code: [0x1C, 1, 0x70])
    default: return element()
    }
  }

  /// The type of a reference to a function of the module's own.
  static let ownFunction = ValueType.reference(ReferenceType(isNullable: false, heapType: .function))

  private func functionReference(_ function: Int) -> Node {
    Node(code: Self.bytes(0xD2, function), result: Self.ownFunction)
  }

  mutating func ownFunctionReference() -> Node {
    functionReference(program.imports.count + random.below(program.functions.count))
  }

  mutating func tableStatement() -> Node {
    let table = random.below(program.tables.count)
    let type: ValueType = program.tables[table].is64 ? .i64 : .i32
    switch random.below(9) {
    case 0: return Node(operands: [tableIndex(table), reference()], code: Self.bytes(0x26, table))
    case 1:
      return Node(
        operands: [reference(), tableConstant(table, random.below(3))],
        code: Self.bytes(0xFC, 15, table) + Self.bytes(0x21, writable(type)))
    case 2: return Node(code: Self.bytes(0xFC, 16, table) + Self.bytes(0x21, writable(type)))
    case 3:
      // From the passive segment, which may have been dropped.
      let count = random.chance(94) ? 0 : 4
      return Node(
        operands: [tableConstant(table, random.below(4)), constant(.i32, 0), constant(.i32, UInt64(count))],
        code: Self.bytes(0xFC, 12, program.tables.count, table))
    case 4:
      let source = random.below(program.tables.count)
      let count: ValueType = type == .i64 && program.tables[source].is64 ? .i64 : .i32
      return Node(
        operands: [tableIndex(table), tableIndex(source), constant(count, UInt64(random.below(3)))],
        code: Self.bytes(0xFC, 14, table, source))
    case 5:
      return Node(
        operands: [tableIndex(table), reference(), tableConstant(table, random.below(3))],
        code: Self.bytes(0xFC, 17, table))
    case 6: return random.chance(40) ? Node(code: Self.bytes(0xFC, 13, program.tables.count)) : nullTest()
    default: return nullTest()
    }
  }

  private mutating func nullTest() -> Node {
    switch random.below(5) {
    case 0:
      // Out of a block with the reference, or without it.
      let body = nested(Target(types: [Self.ownFunction])) { generator in
        [
          Node(operands: [generator.reference()], code: Self.bytes(0xD6, 0)),
          generator.expression(Self.ownFunction),
        ]
      }
      return Node(
        code: [0x02, 0x64, 0x70], bodies: [body], tail: [0xD1] + Self.bytes(0x21, writable(.i32)))
    case 1:
      let body = nested(Target(types: [])) { generator in
        [Node(operands: [generator.reference()], code: Self.bytes(0xD5, 0) + [0x1A])]
          + generator.statements(1 + generator.random.below(3))
      }
      return Node(code: [0x02, 0x40], bodies: [body])
    case 2:
      let function = expression(Self.ownFunction)
      return Node(
        operands: [random.chance(95) ? function : reference()], code: [0xD4, 0xD1] + Self.bytes(0x21, writable(.i32)))
    default:
      return Node(operands: [reference()], code: [0xD1] + Self.bytes(0x21, writable(.i32)))
    }
  }

  // MARK: Calls

  private func typeIndex(ofFunction index: Int) -> Int {
    index < program.imports.count
      ? program.imports[index] : program.functions[index - program.imports.count].type
  }

  private mutating func arguments(_ type: FunctionType) -> [Node] { type.parameters.map { canonical(expression($0)) } }

  /// The operand and the code of a call of a function, directly, through a table or through a reference.
  private mutating func target(_ callee: Int, _ index: Int, isTail: Bool) -> (operand: [Node], code: [UInt8]) {
    if random.chance(30), let place = program.elements.firstIndex(of: callee) {
      let table = random.below(program.tables.count)
      // Now and then one of another type.
      let entry = random.chance(isCrowded ? 99 : 97) ? place + table : random.below(12)
      return ([tableConstant(table, entry)], Self.bytes(isTail ? 0x13 : 0x11, index, table))
    }
    if random.chance(15), callee >= program.imports.count {
      return ([functionReference(callee)], Self.bytes(isTail ? 0x15 : 0x14, index))
    }
    return ([], Self.bytes(isTail ? 0x12 : 0x10, callee))
  }

  mutating func call() -> Node {
    let callee = random.below(program.imports.count + program.functions.count)
    let index = typeIndex(ofFunction: callee)
    let type = program.types[index]
    let operands = arguments(type)
    let (operand, code) = target(callee, index, isTail: false)
    return Node(operands: operands + operand, code: code, tail: take(type.results))
  }

  /// A call of something with the same results, in the place of this function.
  mutating func tailCall() -> Node? {
    let wanted = type.results
    let callees = (0..<program.imports.count + program.functions.count).filter {
      program.types[typeIndex(ofFunction: $0)].results == wanted
    }
    guard !callees.isEmpty else { return nil }
    let callee = random.pick(callees)
    let index = typeIndex(ofFunction: callee)
    let operands = arguments(program.types[index])
    let (operand, code) = target(callee, index, isTail: true)
    return Node(operands: operands + operand, code: code)
  }
}
