/// What a module does with each of its memories, found by one pass over its bodies.
struct MemoryUse {
  /// How much each memory is accessed: an access counts more the more loops it is in.
  var weights: [Int]
  /// Whether a `memory.grow` names the memory.
  var grows: [Bool]
  /// Whether an instruction waits on the memory.
  var waits: [Bool]
  /// Where an atomic instruction names the memory, else nil.
  var atomics: [Int?]
  /// By memory, what a host must do for it if it stays outside.
  var accessors: [Set<MemoryAccessor>]
  /// The accessors of single accesses, by memory, as a set of bits.
  private var accessBits: [UInt16]
  private let accesses = MemoryAccesses()
  /// The largest data segment that a memory is initialised with, in bytes.
  var largestSegment: [Int]

  init(_ module: Module, memoryCount: Int) throws(ModuleError) {
    weights = [Int](repeating: 0, count: memoryCount)
    grows = [Bool](repeating: false, count: memoryCount)
    waits = grows
    atomics = [Int?](repeating: nil, count: memoryCount)
    accessors = [Set<MemoryAccessor>](repeating: [.size], count: memoryCount)
    accessBits = [UInt16](repeating: 0, count: memoryCount)
    largestSegment = [Int](repeating: 0, count: memoryCount)
    guard memoryCount > 1 else { return }
    for segment in module.data {
      if case .active(let memory, _) = segment.mode { initialize(Int(memory), segment.range.count) }
    }
    for body in module.bodies { try scan(body, of: module) }
    for memory in 0..<memoryCount {
      for accessor in MemoryAccessor.allCases where accessBits[memory] & 1 << UInt16(accessor.rawValue) != 0 {
        accessors[memory].insert(accessor)
      }
    }
  }

  private mutating func initialize(_ memory: Int, _ count: Int) {
    accessors[memory].formUnion([.store8, .store64])
    largestSegment[memory] = max(largestSegment[memory], count)
  }

  private mutating func scan(_ body: FunctionBody, of module: Module) throws(ModuleError) {
    var reader = InstructionReader(module.bytes, range: body.range)
    _ = try reader.locals()
    // The loops among the open blocks.
    var isLoop: [Bool] = []
    var loops = 0
    while !reader.isAtEnd {
      let instruction = try reader.next()
      let memory = Int(instruction.index)
      switch instruction.opcode {
      case .loop:
        isLoop.append(true)
        loops += 1
      case .block, .if, .tryTable: isLoop.append(false)
      case .end:
        if isLoop.popLast() == true { loops -= 1 }
      case .memoryGrow:
        grows[memory] = true
        accessors[memory].insert(.grow)
      case .memorySize: break
      case .memoryFill, .memoryDiscard: accessors[memory].formUnion([.store8, .store64])
      case .memoryCopy:
        accessors[memory].formUnion([.store8, .store64])
        accessors[Int(instruction.index2)].formUnion([.load8, .load64])
      case .memoryInit:
        initialize(Int(instruction.index2), module.data[Int(instruction.index)].range.count)
      default: access(instruction, 1 << (3 * min(loops, 8)))
      }
    }
  }

  private mutating func access(_ instruction: Instruction, _ weight: Int) {
    let access = accesses[instruction.opcode]
    guard access.isAccess else { return }
    let memory = Int(instruction.index)
    weights[memory] += weight
    if access.isAtomic {
      if atomics[memory] == nil { atomics[memory] = Int(instruction.offset) }
      switch instruction.opcode {
      case .memoryAtomicWait32, .memoryAtomicWait64: waits[memory] = true
      default: break
      }
    }
    // Loads and stores follow each other by width.
    let first = access.hasResult ? MemoryAccessor.load8 : .store8
    accessBits[memory] |= 1 << (UInt16(first.rawValue) + UInt16(min(access.width, 3)))
  }
}
