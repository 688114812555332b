/// What a function body does that matters to a copy of it that works on other memories.
struct FunctionSurvey {
  /// The functions that it calls directly, each once.
  var callees: [UInt32] = []
  /// Whether it accesses each memory.
  var memories: [Bool]
  /// Whether it asks for the size of each memory or grows it.
  var sizes: [Bool]
  /// Where it calls through a table or a reference first.
  var indirectCall: Int?
  /// The globals that it reads or writes, each once.
  var globals: [UInt32] = []
  /// A global from which a constant is subtracted as soon as it is read: what compiled code does with a stack pointer.
  var stackGlobal: UInt32?
  /// The functions that it takes references to, each once.
  var references: [UInt32] = []

  /// Reads a body.
  init(_ body: FunctionBody, of module: Module, _ spaces: IndexSpaces) throws(ModuleError) {
    memories = [Bool](repeating: false, count: spaces.memories.count)
    sizes = memories
    var reader = InstructionReader(module.bytes, range: body.range)
    _ = try reader.locals()
    var isCalled = Set<UInt32>()
    var lastTwo = (Instruction(.nop), Instruction(.nop))
    while !reader.isAtEnd {
      let instruction = try reader.next()
      let row = instruction.opcode.row
      switch row.immediates {
      case .function:
        if instruction.opcode == .refFunc {
          if !references.contains(instruction.index) { references.append(instruction.index) }
        } else if isCalled.insert(instruction.index).inserted {
          callees.append(instruction.index)
        }
      case .typeAndTable where instruction.opcode == .callIndirect || instruction.opcode == .returnCallIndirect,
        .type where instruction.opcode == .callRef || instruction.opcode == .returnCallRef:
        if indirectCall == nil { indirectCall = Int(instruction.offset) }
      case .global: if !globals.contains(instruction.index) { globals.append(instruction.index) }
      case .memory:
        memories[Int(instruction.index)] = true
        if instruction.opcode == .memorySize || instruction.opcode == .memoryGrow {
          sizes[Int(instruction.index)] = true
        }
      case .memoryAndMemory:
        memories[Int(instruction.index)] = true
        memories[Int(instruction.index2)] = true
      case .dataAndMemory: memories[Int(instruction.index2)] = true
      case .memoryArgument, .memoryArgumentAndLane:
        memories[Int(instruction.index)] = true
      default: break
      }
      if instruction.opcode == .i32Sub || instruction.opcode == .i64Sub, stackGlobal == nil,
        lastTwo.0.opcode == .globalGet, lastTwo.1.opcode == .i32Const || lastTwo.1.opcode == .i64Const
      {
        stackGlobal = lastTwo.0.index
      }
      lastTwo = (lastTwo.1, instruction)
    }
  }
}
