import WebAssembly

/// Functions in which far more is alive than there are registers: many locals, all of them used in loops within loops that
/// call, in changing order, so that values are split, spilled and brought back at every kind of place.
extension BodyGenerator {
  /// The body, without what every function has at its beginning and end.
  mutating func crowdedBody() -> [Node] {
    isCrowded = true
    let count = 12 + random.below(random.chance(30) ? 29 : 13)
    for _ in 0..<count {
      let types: [ValueType] = [.i32, .i32, .i32, .i32, .i32, .i32, .i64, .i64, .i64, .i64, .f64, .v128]
      crowd.append(newLocal(random.pick(types)))
    }
    budget = 150 + random.below(450)
    var body: [Node] = []
    for _ in 0..<random.below(6) { body.append(pointer()) }
    for local in crowd where !random.chance(8) { body.append(fill(local)) }
    for _ in 0..<1 + random.below(3) {
      body += statements(random.below(4))
      body.append(crowdedLoop())
    }
    body += statements(random.below(4))
    // What nothing has used until now is alive until here.
    for local in crowd where random.chance(70) { body.append(keep(local)) }
    return body
  }

  /// Makes a local that is the address of something in a memory, and nothing but this writes.
  private mutating func pointer() -> Node {
    let type: ValueType = program.memories[random.below(program.memories.count)].is64 ? .i64 : .i32
    let local = newLocal(type)
    counters.insert(local)
    pointers.append(local)
    let masked = Node(
      operands: [expression(type), constant(type, random.chance(50) ? 0x3FF8 : 0x1FFF)],
      code: [type == .i32 ? 0x71 : 0x83], result: type)
    return Node(operands: [masked], code: Self.bytes(0x21, local))
  }

  /// Makes a local out of what the compiler does not know.
  private mutating func fill(_ local: Int) -> Node {
    let type = locals[local]
    let value: Node
    switch random.below(10) {
    case 0..<6:
      let memory = random.below(program.memories.count)
      value = Node(operands: [place(memory)], code: Self.plainLoad(type) + argument(ofPlain: memory), result: type)
    case 6: return call()
    default: value = expression(type)
    }
    return Node(operands: [value], code: Self.bytes(0x21, local))
  }

  func get(_ local: Int) -> Node { Node(code: Self.bytes(0x20, local), result: locals[local]) }

  /// Writes a local to memory.
  private mutating func keep(_ local: Int) -> Node {
    let memory = random.below(program.memories.count)
    let type = locals[local]
    let code = type == .v128 ? Self.bytes(.v128Store) : [Self.plainLoad(type)[0] + 14]
    return Node(operands: [place(memory), canonical(get(local))], code: code + argument(ofPlain: memory))
  }

  /// An address that is surely inside with an offset of ``argument(ofPlain:)``: so much is read and written in a crowd that
  /// little of it would be reached if more of that trapped.
  private mutating func place(_ memory: Int) -> Node {
    let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
    let fitting = pointers.filter { locals[$0] == type && !resting.contains($0) }
    if random.chance(75), !fitting.isEmpty { return get(random.pick(fitting)) }
    guard let counter = targets.last(where: { $0.counter != nil })?.counter, type == .i32, random.chance(50) else {
      return constant(type, UInt64(random.below(0x4000)))
    }
    return Node(operands: [get(counter), constant(.i32, UInt64(1 + random.below(3)))], code: [0x74], result: .i32)
  }

  private static func plainLoad(_ type: ValueType) -> [UInt8] {
    switch type {
    case .i32: [0x28]
    case .i64: [0x29]
    case .f32: [0x2A]
    case .f64: [0x2B]
    default: bytes(.v128Load)
    }
  }

  private mutating func argument(ofPlain memory: Int) -> [UInt8] {
    var output = ByteWriter()
    output.byte(memory > 0 ? 0x40 : 0)
    if memory > 0 { output.u32(UInt32(memory)) }
    output.u64(UInt64(random.below(0x2000)))
    return output.bytes
  }

  /// Uses a local for another one or for memory.
  private mutating func use(_ local: Int) -> Node {
    budget -= 1
    let type = locals[local]
    // An instruction that reads it and writes something else, which is not made in its place.
    if type == .i32 || type == .i64, random.chance(50) { return derive(local) }
    let others = crowd.filter { locals[$0] == type && $0 != local }
    guard !others.isEmpty, random.chance(60) else { return keep(local) }
    let code: [UInt8]
    switch type {
    case .i32: code = [random.pick([0x6A, 0x6B, 0x6C, 0x71, 0x73, 0x74, 0x77])]
    case .i64: code = [random.pick([0x7C, 0x7D, 0x7E, 0x83, 0x85, 0x86, 0x89])]
    case .f32: code = [random.pick([0x92, 0x93])]
    case .f64: code = [random.pick([0xA0, 0xA1])]
    default: code = Self.bytes(random.pick([Opcode.i32x4Add, .v128Xor, .i16x8Sub]))
    }
    let operands = random.chance(50) ? [get(local), get(random.pick(others))] : [get(random.pick(others)), get(local)]
    return Node(
      operands: [Node(operands: operands, code: code, result: type)], code: Self.bytes(0x21, random.pick(others)))
  }

  /// Makes a local of an integer by an instruction that has a target of its own.
  private mutating func derive(_ local: Int) -> Node {
    let type = locals[local]
    let isNarrow = type == .i32
    let value: Node
    switch pointers.contains(local) && random.chance(60) ? 10 : random.below(10) {
    case 10:
      // What lies there.
      let memories = program.memories.indices.filter { program.memories[$0].is64 != isNarrow }
      let memory = random.pick(memories)
      value = Node(operands: [get(local)], code: Self.plainLoad(type) + argument(ofPlain: memory), result: type)
    case 0..<4:
      value = Node(
        operands: [get(local)], code: [random.pick(isNarrow ? [0x67, 0x69, 0xC0, 0xC1] : [0x79, 0x7B, 0xC2, 0xC4])],
        result: type)
    case 4..<7:
      // Sums, products and rotations of constants.
      let code: UInt8 = random.pick(isNarrow ? [0x6A, 0x6C, 0x77] : [0x7C, 0x7E, 0x89])
      value = Node(operands: [get(local), constant(type, UInt64(3 + random.below(90)))], code: [code], result: type)
    case 7, 8:
      let other = leaf(type)
      value = Node(
        operands: [get(local), other], code: [random.pick(isNarrow ? [0x74, 0x75, 0x76] : [0x86, 0x87, 0x88])],
        result: type)
    default:
      let shifted = Node(
        operands: [get(local), constant(type, UInt64(1 + random.below(3)))], code: [isNarrow ? 0x74 : 0x86],
        result: type)
      value = Node(operands: [leaf(type), shifted], code: [isNarrow ? 0x6A : 0x7C], result: type)
    }
    return Node(operands: [value], code: Self.bytes(0x21, writable(type)))
  }

  mutating func crowdedStatement() -> Node {
    let isDeep = depth > 7
    switch random.below(100) {
    case 0..<26: return assignment()
    case 26..<34: return rotation()
    case 34..<41: return use(random.pick(crowd))
    case 41..<53: return call()
    case 53..<64: return isDeep || repetitions > 200 ? assignment() : crowdedLoop()
    case 64..<75: return isDeep ? rotation() : conditional()
    case 75..<78: return isDeep ? rotation() : branchTable()
    case 78..<83: return isDeep ? throwing() : exceptionBlock()
    case 83..<88: return branch()
    case 88..<93: return keep(random.pick(crowd))
    case 93: return store()
    case 94..<97: return globalAssignment()
    case 97: return random.chance(50) ? bulk() : tableStatement()
    default: return isDeep ? assignment() : block()
    }
  }

  /// Uses many locals at a time, so that all registers are taken.
  private mutating func burst() -> [Node] {
    let start = random.below(crowd.count)
    let list = Array(crowd[start...] + crowd[..<start]) + pointers
    return list.filter { locals[$0] != .v128 && !resting.contains($0) }.prefix(5 + random.below(14)).map { use($0) }
  }

  /// Some locals of one type, in any order.
  private mutating func some(_ most: Int) -> [Int] {
    let type = locals[random.pick(crowd)]
    var same = crowd.filter { locals[$0] == type && !resting.contains($0) }
    var result: [Int] = []
    while result.count < most, !same.isEmpty { result.append(same.remove(at: random.below(same.count))) }
    return result
  }

  /// Locals that change places.
  private mutating func rotation() -> Node {
    let list = some(2 + random.below(3))
    guard let first = list.first else { return assignment() }
    let sets = (list[1...] + [first]).reversed().flatMap { Self.bytes(0x21, $0) }
    return Node(operands: list.map { get($0) }, code: sets)
  }

  /// A loop of few rounds. Some locals are used in front of it and first thing in it, and then not before it begins anew;
  /// some are not used in it at all; some are its parameters, which change places from round to round.
  mutating func crowdedLoop() -> Node {
    let limit = max(1, 600 / repetitions)
    let rounds = min(limit, 1 + random.below(random.chance(10) ? 30 : 6))
    let (outer, outerResting) = (repetitions, resting)
    repetitions = min(repetitions * rounds, 1 << 30)
    var before = random.chance(70) ? some(1 + random.below(3)) : []
    if random.chance(50), !pointers.isEmpty { before.append(random.pick(pointers)) }
    let parameters = random.chance(40) ? some(1 + random.below(4)) : []
    let types = parameters.map { locals[$0] }
    let counter = newLocal(.i32)
    counters.insert(counter)
    var operands = [Node(operands: [constant(.i32, UInt64(rounds))], code: Self.bytes(0x21, counter))]
    if random.chance(50) { operands += burst() }
    operands += before.map { use($0) }
    operands += parameters.map { get($0) }
    let share = [0, 20, 60][random.below(3)]
    for local in crowd + pointers where random.chance(share) { resting.insert(local) }
    let sets = parameters.reversed().flatMap { Self.bytes(0x21, $0) }
    let body = nested(Target(types: types, counter: counter)) { generator in
      var body = [Node(code: sets)]
      for local in before where generator.random.chance(80) { body.append(generator.use(local)) }
      if generator.random.chance(30) { body += generator.burst() }
      if generator.random.chance(60) { generator.resting.formUnion(before) }
      body += generator.statements(generator.random.below(5))
      if generator.random.chance(50) { body.append(generator.call()) }
      body += generator.statements(generator.random.below(4))
      if generator.random.chance(50) { body.append(generator.call()) }
      // As many as there are parameters, of their type.
      let passed = Array((parameters + parameters).dropFirst(generator.random.below(2)).prefix(parameters.count))
      return body + passed.map { generator.get($0) } + [Node(code: Self.lower(counter) + [0x0D, 0])]
    }
    resting = outerResting
    repetitions = outer
    return Node(operands: operands, code: [0x03] + blockType(types, types), bodies: [body], tail: sets)
  }
}
