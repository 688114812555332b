import WebAssembly

/// Accesses of memories and instructions on many bytes.
extension BodyGenerator {
  /// Where addresses, offsets, counts and constants are cut if something cuts them.
  static let places: [UInt64] = [0, 1 << 31, 1 << 32, 1 << 63]

  /// How far from an edge: up to 160, mostly within what one access or a small copy straddles.
  mutating func distance() -> UInt64 {
    let most = random.chance(60) ? 20 : 160
    return UInt64(bitPattern: Int64(random.below(2 * most + 1) - most))
  }

  /// An effective address within 160 of an edge, mostly so that so many bytes are inside.
  private mutating func edge(_ memory: Int, _ width: Int) -> UInt64 {
    let size = program.memories[memory].byteCount
    if random.chance(3) { return random.pick(Self.places + [size]) &+ distance() }
    let place = random.pick((Self.places + [size, size]).filter { $0 <= size })
    let distance = distance()
    let isInside = random.chance(90)
    let magnitude = UInt64(Int64(bitPattern: distance).magnitude)
    if place == size, isInside { return size - min(size, UInt64(width) + magnitude) }
    return place == 0 && isInside ? magnitude : place &+ distance
  }

  /// The index and the immediates of an access.
  mutating func place(_ memory: Int, _ width: Int) -> (index: Node, argument: [UInt8]) {
    guard random.chance(program.memories[memory].isLarge ? 65 : 2) else {
      return (address(memory), argument(memory, width))
    }
    let is64 = program.memories[memory].is64
    let address = edge(memory, width)
    var offset: UInt64
    switch random.below(9) {
    case 0..<3: offset = 0
    case 3: offset = UInt64(random.below(161))
    case 4: offset = 1 << 31 &+ distance()
    case 5: offset = 1 << 32 &+ distance()
    case 6: offset = address
    default: offset = address &- UInt64(random.below(161))
    }
    // A sum that wraps is none that is inside.
    if offset > address, !random.chance(2) { offset = 0 }
    if !is64 {
      if address &- offset > UInt64(UInt32.max) { offset = address &- UInt64(UInt32.max) }
      offset = min(offset, UInt64(UInt32.max))
    }
    return (index(address &- offset, is64: is64), argument(memory, width, offset: offset))
  }

  /// A number that the compiler knows, knows in part, or does not know.
  private mutating func index(_ value: UInt64, is64: Bool) -> Node {
    let type: ValueType = is64 ? .i64 : .i32
    func node(_ left: Node, _ right: Node, _ narrow: UInt8, _ wide: UInt8) -> Node {
      Node(operands: [left, right], code: [is64 ? wide : narrow], result: type)
    }
    switch random.below(8) {
    case 0..<3: return constant(type, value)
    case 3, 4:
      let some = node(expression(type), constant(type, 15), 0x71, 0x83)
      return node(some, constant(type, value &- UInt64(random.below(16))), 0x6A, 0x7C)
    case 5:
      let some = node(expression(type), constant(type, 15), 0x71, 0x83)
      return node(constant(type, value &+ UInt64(random.below(16))), some, 0x6B, 0x7D)
    case 6:
      let scale = UInt64(1 + random.below(3))
      let some = node(expression(type), constant(type, 3), 0x71, 0x83)
      return node(
        constant(type, value &- UInt64(random.below(8))), node(some, constant(type, scale), 0x74, 0x86), 0x6A, 0x7C)
    default:
      // 2³¹ more or not.
      let bit = node(node(expression(type), constant(type, 1), 0x71, 0x83), constant(type, 31), 0x74, 0x86)
      return node(bit, constant(type, random.chance(50) ? value : value &- 1 << 31), 0x6A, 0x7C)
    }
  }

  /// The beginning of many bytes, and how many they are. What is out of bounds by far is so wherever memories end, so that
  /// nothing writes gigabytes.
  private mutating func range(_ memory: Int, _ count: ValueType) -> (index: Node, count: Node) {
    let is64 = program.memories[memory].is64
    let isLarge = program.memories[memory].isLarge
    if random.chance(isLarge ? 10 : 3) {
      // No memory grows to 6 GiB.
      var (start, bytes): (UInt64, UInt64) = (1 << 32, 1 << 31)
      if count == .i64, random.chance(80) {
        (start, bytes) = random.pick([(1 << 31, 1 << 32), (0, 1 << 63), (160, 0)])
      }
      if !is64 || start == 160 {
        // The sum may wrap to something small.
        start = start &+ UInt64(random.below(160)) &- 160
        bytes = bytes &- UInt64(1 + random.below(160))
      } else {
        start = start &+ distance()
        bytes = bytes &+ distance()
      }
      if start > 1 << 62 { start = 0 }
      return (constant(is64 ? .i64 : .i32, start), constant(count, bytes))
    }
    let length = length(count)
    guard random.chance(isLarge ? 60 : 3) else { return (address(memory), length) }
    return (index(edge(memory, random.below(200)), is64: is64), length)
  }

  mutating func memorySize(_ type: ValueType) -> Node {
    let memory = random.below(program.memories.count)
    let wanted: ValueType = program.memories[memory].is64 ? .i64 : .i32
    guard type == wanted else { return leaf(type) }
    return Node(code: Self.bytes(0x3F, memory), result: type)
  }

  /// An index into a memory, mostly one that is inside with something added up to 0x8000.
  private mutating func address(_ memory: Int) -> Node {
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
  private mutating func argument(_ memory: Int, _ width: Int, offset: UInt64? = nil) -> [UInt8] {
    var output = ByteWriter()
    let largest = width.trailingZeroBitCount
    let alignment = random.below(largest + 1)
    output.u32(UInt32(alignment | (memory > 0 || random.chance(5) ? 0x40 : 0)))
    if memory > 0 || output.bytes[0] & 0x40 != 0 { output.u32(UInt32(memory)) }
    if let offset {
      output.u64(offset)
      return output.bytes
    }
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

  mutating func load(_ type: ValueType) -> Node {
    let memory = random.below(program.memories.count)
    let (code, width) = random.pick(Self.loads[type] ?? [])
    let place = place(memory, width)
    return Node(operands: [place.index], code: [code] + place.argument, result: type)
  }

  mutating func store() -> Node {
    let memory = random.below(program.memories.count)
    let type = valueTypeOfAny()
    if type == .v128 { return vectorStore() }
    let (code, width) = random.pick(Self.stores[type] ?? [])
    let place = place(memory, width)
    // Often what is read is written back, changed.
    if random.chance(25), type == .i32 || type == .i64, code == 0x36 || code == 0x37 {
      let local = newLocal(program.memories[memory].is64 ? .i64 : .i32)
      counters.insert(local)
      let old = Node(
        code: Self.bytes(0x20, local) + [code == 0x36 ? 0x28 : 0x29] + place.argument, result: type)
      let codes: [UInt8] = type == .i32 ? [0x6A, 0x6B, 0x71, 0x72, 0x73] : [0x7C, 0x7D, 0x83, 0x84, 0x85]
      let operation = random.pick(codes)
      let value = random.chance(50) ? constant(type) : expression(type)
      let operands = random.chance(70) ? [old, value] : [value, old]
      let new = Node(operands: operands, code: [operation], result: type)
      return Node(
        operands: [Node(operands: [place.index], code: Self.bytes(0x22, local), result: locals[local]), new],
        code: [code] + place.argument)
    }
    return Node(operands: [place.index, canonical(expression(type))], code: [code] + place.argument)
  }

  /// Instructions on many bytes, and growth.
  mutating func bulk() -> Node {
    let memory = random.below(program.memories.count)
    let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
    func bits(_ memory: Int) -> ValueType { program.memories[memory].is64 ? .i64 : .i32 }
    switch random.below(6) {
    case 0:
      let pages = program.memories[memory].pageSizeLog2 == 16 ? random.below(2) : random.below(3000)
      // Now and then to beyond 2 or 4 GiB, which costs nothing.
      let large: [UInt64] = [32_767, 32_769, 65_534, 65_536]
      let most = random.chance(40) ? random.pick(large) : random.chance(50) ? 1 << 20 : UInt64.max
      let amount = constant(type, random.chance(85) ? UInt64(pages) : most)
      return Node(operands: [amount], code: Self.bytes(0x40, memory) + Self.bytes(0x21, writable(type)))
    case 1:
      let range = range(memory, type)
      return Node(operands: [range.index, expression(.i32), range.count], code: Self.bytes(0xFC, 11, memory))
    case 2:
      let segment = random.below(2)
      let limit = program.data[segment].count
      return Node(
        operands: [
          range(memory, type).index, constant(.i32, segmentNumber(limit)), constant(.i32, segmentNumber(limit)),
        ], code: Self.bytes(0xFC, 8, segment, memory))
    case 3: return rareStatement()
    default:
      let source = random.below(program.memories.count)
      let count: ValueType = bits(source) == .i64 && type == .i64 ? .i64 : .i32
      let range = range(memory, count)
      return Node(
        operands: [range.index, self.range(source, count).index, range.count],
        code: Self.bytes(0xFC, 10, memory, source))
    }
  }

  /// What is done to segments and whole pages, and arithmetic on 128 bits.
  private mutating func rareStatement() -> Node {
    switch random.below(8) {
    case 0 where random.chance(50): return Node(code: Self.bytes(0xFC, 9, random.below(2)))
    case 0, 1:
      // Of pages that are there, and now and then of one that is not.
      guard let memory = program.memories.indices.filter({ program.memories[$0].pageSizeLog2 == 16 }).last else {
        return Node(code: [0x01])
      }
      let type: ValueType = program.memories[memory].is64 ? .i64 : .i32
      var start = random.chance(98) ? 0 : UInt64(random.below(3))
      if program.memories[memory].isLarge { start = random.pick([0, 1 << 15 - 1, 1 << 15, 1 << 16]) }
      let large: [UInt64] = [1 << 15, 1 << 16 - 1, 1 << 47, 1 << 48 - 1]
      let count = random.chance(90) ? UInt64(random.below(2)) : random.pick(large)
      return Node(
        operands: [constant(type, start << 16), constant(type, count << 16)], code: Self.bytes(0xFC, 18, memory))
    case 2: return Node(code: [0x01])
    default:
      let code = 19 + random.below(4)
      let operands = (0..<(code < 21 ? 4 : 2)).map { _ in expression(.i64) }
      return Node(operands: operands, code: Self.bytes(0xFC, code), tail: take([.i64, .i64]))
    }
  }

  /// An offset or count of bytes of a data segment.
  private mutating func segmentNumber(_ limit: Int) -> UInt64 {
    random.chance(98) ? UInt64(random.below(limit / 2)) : random.pick([1 << 31, 1 << 32]) &+ distance()
  }

  private mutating func length(_ type: ValueType) -> Node {
    if random.chance(60) { return constant(type, UInt64(random.below(random.chance(70) ? 40 : 700))) }
    return Node(
      operands: [expression(type), constant(type, 0xFF)], code: [type == .i32 ? 0x71 : 0x83], result: type)
  }
}
