import WebAssembly

/// Makes a valid module out of random numbers.
struct ProgramGenerator {
  var random: RandomSource
  var program = Program()

  static let numeric: [ValueType] = [.i32, .i64, .f32, .f64, .v128]

  init(seed: UInt64, number: Int) { random = RandomSource(seed: seed, number: number) }

  mutating func valueType() -> ValueType {
    switch random.below(12) {
    case 0..<4: .i32
    case 4..<7: .i64
    case 7: .f32
    case 8, 9: .f64
    default: .v128
    }
  }

  /// - Parameter isPlain: Without memories that are shared, exported or of pages of one byte.
  mutating func make(leastMemories: Int = 1, isPlain: Bool = false) -> Program {
    // Of the tag; then of imports; then what blocks need is added as they are made.
    program.types.append(FunctionType(parameters: [.i64], results: []))
    for _ in 0..<2 + random.below(5) {
      let many = random.chance(20)
      let parameters = (0..<random.below(many ? 16 : 5)).map { _ in valueType() }
      let most = random.chance(8) ? 21 : random.chance(12) ? 7 : 3
      let results = (0..<random.below(most)).map { _ in valueType() }
      program.types.append(FunctionType(parameters: parameters, results: results))
    }
    for _ in 0..<1 + random.below(2) { program.imports.append(1 + random.below(program.types.count - 1)) }
    makeMemories(leastMemories, isPlain: isPlain)
    program.globals.append((.i32, 0))
    for type in Self.numeric { program.globals.append((type, random.below(1000) == 0 ? 0 : random.next() >> 40)) }
    for _ in 0..<random.below(3) { program.globals.append((valueType(), random.next() >> 45)) }
    let functionTypes = program.types.count
    program.tags = [0]
    for _ in 0..<1 + random.below(3) {
      program.types.append(
        FunctionType(parameters: (0..<random.below(random.chance(10) ? 12 : 4)).map { _ in valueType() }, results: []))
      program.tags.append(program.types.count - 1)
    }
    let count = 2 + random.below(5)
    let types = (0..<count).map { _ in 1 + random.below(functionTypes - 1) }
    program.functions = types.map { ProgramFunction(type: $0, locals: [], body: []) }
    program.elements = (0..<4 + random.below(6)).map { _ in random.below(program.imports.count + count) }
    program.tables = (0..<1 + random.below(2)).map { _ in
      Program.Table(is64: random.chance(25), size: 12 + random.below(6))
    }
    program.data = (0..<2).map { _ in (0..<64 + random.below(100)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    for index in 0..<count {
      var body = BodyGenerator(random: random, program: program, function: index)
      body.make()
      random = body.random
      program = body.program
    }
    return program
  }

  private mutating func makeMemories(_ least: Int, isPlain: Bool) {
    let count = max(least, [1, 2, 2, 3, 4][random.below(5)])
    var memories: [Program.Memory] = []
    for index in 0..<count {
      let is64 = random.chance(40)
      var minimum = 1 + random.below(2)
      // Beyond 2 GiB, or 4, of which nothing is touched but what is near the edges.
      let isLarge = random.chance(isPlain ? 2 : 15)
      if isLarge { minimum = random.pick([32_768, 32_769, 32_770, 65_535, 65_536] + (is64 ? [65_537, 65_540] : [])) }
      var maximum = random.chance(50) ? minimum + random.below(4) : nil
      if !is64 { maximum = maximum.map { min($0, 65_536) } }
      var memory = Program.Memory(
        is64: is64, minimum: minimum, maximum: maximum,
        importName: index < 2 && random.chance(30) ? Program.alike[index] : nil)
      if isPlain {
        // As it is.
      } else if random.chance(10) {
        // Pages of one byte.
        memory.pageSizeLog2 = 0
        minimum = minimum << 16 - random.below(2) * random.below(50)
        memory.minimum = max(minimum, 1 << 16)
        if !is64 { memory.minimum = min(memory.minimum, 0xFFFF_FFFF) }
        memory.maximum = memory.maximum.map { _ in memory.minimum + random.below(9000) }
        if !is64 { memory.maximum = memory.maximum.map { min($0, 0xFFFF_FFFF) } }
      } else if random.chance(10) {
        memory.isShared = true
        memory.maximum = min(minimum + random.below(4), is64 ? .max : 65_536)
      }
      memory.isExported = memory.importName == nil && !isPlain && random.chance(25)
      memories.append(memory)
    }
    // The same memory twice.
    if let first = memories.first(where: { $0.importName != nil }), random.chance(60) { memories.append(first) }
    program.memories = memories.filter { $0.importName != nil } + memories.filter { $0.importName == nil }
  }
}
