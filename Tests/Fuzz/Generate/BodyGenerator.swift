import WebAssembly

/// Makes the body of one function.
struct BodyGenerator {
  var random: RandomSource
  var program: Program
  let function: Int

  /// A label that branches can have: what they pass, and for loops the counter that they must lower.
  struct Target {
    var types: [ValueType]
    var counter: Int?
    /// Whether it passes what only an exception can bring.
    var isHidden = false
  }

  /// The types of parameters and locals.
  var locals: [ValueType] = []
  /// Locals that count loops, which only loops write.
  var counters: Set<Int> = []
  /// Locals of vectors whose not-a-numbers have unknown bits, which nothing else reads.
  var hidden: Set<Int> = []
  /// The innermost last.
  var targets: [Target] = []
  /// How often what is being made is executed at most.
  var repetitions = 1
  /// How many more nodes there may be.
  var budget = 0
  var depth = 0
  /// Whether this is one of the functions in which more is alive than there are registers; the locals that are.
  var isCrowded = false
  var crowd: [Int] = []
  /// Locals that are addresses of something in a memory.
  var pointers: [Int] = []
  /// Locals that expressions leave alone for now.
  var resting: Set<Int> = []

  init(random: RandomSource, program: Program, function: Int) {
    self.random = random
    self.program = program
    self.function = function
  }

  var type: FunctionType { program.types[program.functions[function].type] }

  static func bytes(_ code: UInt8, _ index: Int...) -> [UInt8] {
    var output = ByteWriter()
    output.byte(code)
    for index in index { output.u64(UInt64(index)) }
    return output.bytes
  }

  mutating func make() {
    locals = type.parameters
    let ownCount = 2 + random.below(random.chance(25) ? 30 : 6)
    var generator = ProgramGenerator(seed: random.next(), number: 0)
    for _ in 0..<ownCount { locals.append(generator.valueType()) }
    budget = 40 + random.below(random.chance(20) ? 700 : 220)
    targets = [Target(types: type.results)]
    var body = [entry()]
    if random.chance(Self.crowdedShare) {
      body += crowdedBody()
    } else {
      body += statements(3 + random.below(10))
      // Some functions have a loop that makes them hot.
      if random.chance(20) {
        body.append(loop(hot: true))
        body += statements(1 + random.below(4))
      }
    }
    if random.chance(10), let call = tailCall() {
      body.append(call)
    } else {
      body += type.results.map { canonical(expression($0)) }
    }
    program.functions[function].body = body
    program.functions[function].locals = Array(locals[type.parameters.count...])
  }

  /// Of a hundred functions so many are crowded.
  private static let crowdedShare = 25

  /// Leaves the function when too many functions have been entered.
  private mutating func entry() -> Node {
    let fuel = Program.fuelGlobal
    var code = Self.bytes(0x23, fuel) + [0x41, 1, 0x6B] + Self.bytes(0x24, fuel) + Self.bytes(0x23, fuel)
    code += [0x41, 0, 0x48, 0x04, 0x40]
    let leave = Node(operands: type.results.map { constant($0) }, code: [0x0F])
    return Node(code: code, bodies: [[leave]])
  }

  mutating func newLocal(_ type: ValueType) -> Int {
    locals.append(type)
    return locals.count - 1
  }

  // MARK: Statements

  mutating func statements(_ count: Int) -> [Node] {
    var result: [Node] = []
    for _ in 0..<count {
      guard budget > 0 else { break }
      let node = statement()
      result.append(node)
      if node.ends { break }
    }
    return result
  }

  mutating func statement() -> Node {
    budget -= 1
    depth += 1
    defer { depth -= 1 }
    if isCrowded { return crowdedStatement() }
    let isDeep = depth > 6
    switch random.below(100) {
    case 0..<26: return assignment()
    case 26..<34: return globalAssignment()
    case 34..<54: return store()
    case 54..<64: return isDeep ? assignment() : conditional()
    case 64..<69: return isDeep ? store() : block()
    case 69..<76: return isDeep || repetitions > 3000 ? assignment() : loop(hot: false)
    case 76..<82: return branch()
    case 82..<84: return isDeep ? store() : branchTable()
    case 84..<91: return repetitions > 200 ? store() : call()
    case 91..<94: return bulk()
    case 94..<97: return isDeep ? throwing() : exceptionBlock()
    case 97: return tableStatement()
    case 98: return Node(operands: [expression(valueTypeOfAny())], code: [0x1A])
    default:
      if random.chance(5) { return Node(code: [0x01]) }
      if random.chance(8), targets.count > 1 {
        return Node(
          operands: [condition()], code: [0x04, 0x40], bodies: [[Node(code: random.chance(50) ? [0x00] : leave())]])
      }
      return assignment()
    }
  }

  /// The code of a return, with the values that it needs.
  private mutating func leave() -> [UInt8] {
    var code: [UInt8] = []
    for type in type.results { constant(type).write(&code) }
    return code + [0x0F]
  }

  mutating func valueTypeOfAny() -> ValueType { random.pick(ProgramGenerator.numeric) }

  /// A local that may be written, of any type.
  mutating func writable(_ type: ValueType? = nil) -> Int {
    if isCrowded, random.chance(80) {
      let candidates = crowd.filter { type == nil || locals[$0] == type }
      if !candidates.isEmpty { return random.pick(candidates) }
    }
    let candidates = locals.indices.filter { !counters.contains($0) && (type == nil || locals[$0] == type) }
    return candidates.isEmpty ? newLocal(type ?? .i32) : random.pick(candidates)
  }

  mutating func assignment() -> Node {
    let local = writable()
    return Node(operands: [expression(locals[local])], code: Self.bytes(0x21, local))
  }

  mutating func globalAssignment() -> Node {
    let global = 1 + random.below(program.globals.count - 1)
    return Node(operands: [canonical(expression(program.globals[global].type))], code: Self.bytes(0x24, global))
  }

  /// Takes the values on the stack into locals.
  mutating func take(_ types: [ValueType]) -> [UInt8] {
    types.reversed().flatMap { random.chance(20) ? [0x1A] : Self.bytes(0x21, writable($0)) }
  }

  // MARK: Structure

  /// The type of a block as it is written.
  mutating func blockType(_ parameters: [ValueType], _ results: [ValueType]) -> [UInt8] {
    var output = ByteWriter()
    if parameters.isEmpty, results.count < 2 {
      if let result = results.first { output.valueType(result) } else { output.byte(0x40) }
      return output.bytes
    }
    let type = FunctionType(parameters: parameters, results: results)
    let index = program.types.firstIndex(of: type) ?? program.types.count
    if index == program.types.count { program.types.append(type) }
    output.s64(Int64(index))
    return output.bytes
  }

  mutating func someTypes() -> [ValueType] {
    random.chance(65) ? [] : (0..<1 + random.below(3)).map { _ in valueTypeOfAny() }
  }

  mutating func nested(_ target: Target, _ make: (inout BodyGenerator) -> [Node]) -> [Node] {
    targets.append(target)
    depth += 1
    defer {
      targets.removeLast()
      depth -= 1
    }
    return make(&self)
  }

  mutating func conditional() -> Node {
    let parameters = someTypes()
    let results = someTypes()
    let operands = parameters.map { expression($0) } + [condition()]
    var bodies: [[Node]] = []
    let hasElse = !results.isEmpty || !parameters.isEmpty || random.chance(50)
    for _ in 0..<(hasElse ? 2 : 1) {
      bodies.append(
        nested(Target(types: results)) { generator in
          [Node(code: generator.take(parameters))] + generator.statements(generator.random.below(5))
            + results.map { generator.expression($0) }
        })
    }
    return Node(
      operands: operands, code: [0x04] + blockType(parameters, results), bodies: bodies, tail: take(results))
  }

  mutating func block() -> Node {
    let parameters = someTypes()
    let results = someTypes()
    let operands = parameters.map { expression($0) }
    let body = nested(Target(types: results)) { generator in
      [Node(code: generator.take(parameters))] + generator.statements(1 + generator.random.below(6))
        + results.map { generator.expression($0) }
    }
    return Node(
      operands: operands, code: [0x02] + blockType(parameters, results), bodies: [body], tail: take(results))
  }

  /// A counted loop, whose parameters, if it has any, are passed on from round to round.
  mutating func loop(hot: Bool) -> Node {
    let limit = max(1, 2500 / repetitions)
    let rounds = min(limit, hot ? 200 + random.below(1000) : 1 + random.below(random.chance(30) ? 60 : 8))
    let outer = repetitions
    repetitions = min(repetitions * rounds, 1 << 30)
    defer { repetitions = outer }
    let parameters = someTypes()
    let counter = newLocal(.i32)
    counters.insert(counter)
    let start = Node(operands: [constant(.i32, UInt64(rounds))], code: Self.bytes(0x21, counter))
    let operands = [start] + parameters.map { expression($0) }
    let body = nested(Target(types: parameters, counter: counter)) { generator in
      let count = hot ? 3 + generator.random.below(8) : generator.random.below(7)
      return [Node(code: generator.take(parameters))] + generator.statements(count)
        + parameters.map { generator.expression($0) } + [Node(code: Self.lower(counter) + [0x0D, 0])]
    }
    return Node(
      operands: operands, code: [0x03] + blockType(parameters, parameters), bodies: [body], tail: take(parameters))
  }

  /// Lowers a counter; whether it is still above zero.
  static func lower(_ counter: Int) -> [UInt8] {
    bytes(0x20, counter) + [0x41, 1, 0x6B] + bytes(0x22, counter) + [0x41, 0, 0x4A]
  }

  mutating func branch() -> Node {
    let label = random.below(targets.count)
    let target = targets[targets.count - 1 - label]
    if target.isHidden { return assignment() }
    if target.counter == nil, random.chance(25) {
      let inner = nested(Target(types: [])) { generator in
        [Node(operands: generator.passed(target, label), code: Self.bytes(0x0C, label + 1))]
      }
      return Node(operands: [condition()], code: [0x04, 0x40], bodies: [inner])
    }
    let operands = passed(target, label)
    if let counter = target.counter {
      if random.chance(50) {
        let lower = Node(code: Self.lower(counter), result: .i32)
        return Node(
          operands: operands + [condition(), lower], code: [0x71] + Self.bytes(0x0D, label), tail: drop(target.types))
      }
      return Node(
        operands: operands + [Node(code: Self.lower(counter), result: .i32)], code: Self.bytes(0x0D, label),
        tail: drop(target.types))
    }
    return Node(operands: operands + [condition()], code: Self.bytes(0x0D, label), tail: drop(target.types))
  }

  /// The values that go with a branch; what leaves the function has no not-a-numbers of unknown bits.
  private mutating func passed(_ target: Target, _ label: Int) -> [Node] {
    target.types.map { label >= targets.count - 1 ? canonical(expression($0)) : expression($0) }
  }

  private func drop(_ types: [ValueType]) -> [UInt8] { types.map { _ in 0x1A } }

  /// Blocks in one another and a jump table out of the innermost.
  mutating func branchTable() -> Node {
    let arms = 2 + random.below(4)
    var output = ByteWriter()
    output.byte(0x0E)
    let labels = (0..<1 + random.below(7)).map { _ in random.below(arms) }
    output.u32(UInt32(labels.count))
    for label in labels { output.u32(UInt32(label)) }
    output.u32(UInt32(random.below(arms)))
    let results = random.chance(40) ? [valueTypeOfAny()] : []
    targets.append(Target(types: []))
    for _ in 0..<arms { targets.append(Target(types: results)) }
    depth += 2
    defer { depth -= 2 }
    var index = expression(.i32)
    if random.chance(80) { index = Node(operands: [index, constant(.i32, 7)], code: [0x71], result: .i32) }
    var list = [Node(operands: results.map { expression($0) } + [index], code: output.bytes)]
    for arm in 0..<arms {
      targets.removeLast()
      list = [Node(code: [0x02] + blockType([], results), bodies: [list], tail: take(results))]
      list += statements(1 + random.below(3))
      // This is inside the next block.
      if arm < arms - 1 { list += results.map { expression($0) } }
    }
    targets.removeLast()
    return Node(code: [0x02, 0x40], bodies: [list])
  }
}
