import WebAssembly

/// Guarded code, and what is thrown in it and out of it.
extension BodyGenerator {
  private static let reference = ValueType.reference(.exception, nullable: true)

  /// A try_table with one clause or several, of all kinds, each with a block of its own that takes what it catches.
  mutating func exceptionBlock() -> Node {
    struct Clause {
      var kind: CatchClause.Kind
      var tag: Int
      var types: [ValueType]
    }
    let clauses = (0..<1 + random.below(3)).map { _ in
      let kind = CatchClause.Kind(rawValue: UInt8([0, 0, 0, 1, 1, 2, 3][random.below(7)])) ?? .catch
      let tag = random.below(program.tags.count)
      let payload = kind.hasTag ? program.types[program.tags[tag]].parameters : []
      return Clause(kind: kind, tag: tag, types: payload + (kind.pushesReference ? [Self.reference] : []))
    }
    let results = someTypes()
    // The end; the block of each clause, the last one outermost; the guarded code.
    targets.append(Target(types: []))
    for clause in clauses.reversed() {
      targets.append(Target(types: clause.types, isHidden: clause.kind.pushesReference))
    }
    depth += 2
    var output = ByteWriter()
    output.byte(0x1F)
    output.bytes += blockType([], results)
    output.u32(UInt32(clauses.count))
    for (label, clause) in clauses.enumerated() {
      output.byte(clause.kind.rawValue)
      if clause.kind.hasTag { output.u32(UInt32(clause.tag)) }
      output.u32(UInt32(label))
    }
    let body = nested(Target(types: results)) { generator in
      var body = generator.statements(1 + generator.random.below(5))
      if generator.random.chance(60) { body.append(generator.throwing()) }
      if generator.random.chance(50) { body += generator.statements(1 + generator.random.below(3)) }
      return body + results.map { generator.expression($0) }
    }
    var list = [Node(code: output.bytes, bodies: [body], tail: take(results) + Self.bytes(0x0C, clauses.count))]
    for (label, clause) in clauses.enumerated() {
      targets.removeLast()
      var tail: [UInt8] = []
      var caught = -1
      if clause.kind.pushesReference {
        caught = newLocal(Self.reference)
        // Nothing else can use it.
        counters.insert(caught)
        tail += Self.bytes(0x21, caught)
      }
      tail += take(clause.types.filter { $0 != Self.reference })
      list = [Node(code: [0x02] + blockType([], clause.types), bodies: [list], tail: tail)]
      list += statements(random.below(3))
      if caught >= 0, random.chance(50) {
        let again = Node(code: Self.bytes(0x20, caught) + [0x0A])
        list.append(Node(operands: [condition()], code: [0x04, 0x40], bodies: [[again]]))
      }
      // This is inside the blocks of the clauses that follow.
      if label < clauses.count - 1 { list.append(Node(code: Self.bytes(0x0C, clauses.count - 1 - label))) }
    }
    targets.removeLast()
    depth -= 2
    return Node(code: [0x02, 0x40], bodies: [list])
  }

  /// Throws, under a condition.
  mutating func throwing() -> Node {
    let tag = random.below(program.tags.count)
    let inner = nested(Target(types: [])) { generator in
      let payload = generator.program.types[generator.program.tags[tag]].parameters
      return [
        Node(operands: payload.map { generator.canonical(generator.expression($0)) }, code: Self.bytes(0x08, tag))
      ]
    }
    return Node(operands: [condition()], code: [0x04, 0x40], bodies: [inner])
  }
}
