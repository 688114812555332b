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
  /// The accesses at addresses that are constant, or within a data segment by their static offset: in ascending order of
  /// offsets.
  var staticAccesses: [StaticAccess] = []

  struct StaticAccess {
    /// Of the instruction, in bytes from the start of the module.
    var offset: Int
    var memory: UInt32
    var address: UInt64
  }

  /// Reads a body.
  ///
  /// - Parameter statics: where the static data of memories is.
  init(_ body: FunctionBody, of module: Module, _ spaces: IndexSpaces, statics: StaticData) throws(ModuleError) {
    memories = [Bool](repeating: false, count: spaces.memories.count)
    sizes = memories
    var reader = InstructionReader(module.bytes, range: body.range)
    _ = try reader.locals()
    var constants = ConstantOperands()
    var lastTwo = (Instruction(.nop), Instruction(.nop))
    while !reader.isAtEnd {
      let instruction = try reader.next()
      let row = instruction.opcode.row
      switch row.immediates {
      case .function:
        if instruction.opcode != .refFunc, !callees.contains(instruction.index) { callees.append(instruction.index) }
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
        let base = constants.operand(below: row.type?.operands.count ?? 0)
        let address = (base ?? 0).addingReportingOverflow(instruction.memoryOffset)
        if base != nil || statics.contains(address.partialValue, of: instruction.index) {
          staticAccesses.append(
            StaticAccess(
              offset: Int(instruction.offset), memory: instruction.index, address: address.partialValue))
        }
      default: break
      }
      if instruction.opcode == .i32Sub || instruction.opcode == .i64Sub, stackGlobal == nil,
        lastTwo.0.opcode == .globalGet, lastTwo.1.opcode == .i32Const || lastTwo.1.opcode == .i64Const
      {
        stackGlobal = lastTwo.0.index
      }
      lastTwo = (lastTwo.1, instruction)
      constants.pass(instruction, row, module, spaces)
    }
  }
}

/// Which operands on the stack are constants, as far as it can be told within a run of plain instructions.
private struct ConstantOperands {
  private var stack: [UInt64?] = []

  /// The constant under so many operands.
  func operand(below count: Int) -> UInt64? {
    count < stack.count ? stack[stack.count - 1 - count] : nil
  }

  mutating func pass(_ instruction: Instruction, _ row: Operator, _ module: Module, _ spaces: IndexSpaces) {
    switch instruction.opcode {
    case .i32Const, .i64Const: stack.append(instruction.value)
    case .localGet, .globalGet, .refFunc: stack.append(nil)
    case .localTee: replace(operands: 1, results: 1)
    case .localSet, .globalSet, .drop: replace(operands: 1, results: 0)
    case .select: replace(operands: 3, results: 1)
    case .memorySize: stack.append(nil)
    case .memoryGrow: replace(operands: 1, results: 1)
    case .memoryFill, .memoryCopy, .memoryInit: replace(operands: 3, results: 0)
    case .call:
      let type = module.types[Int(spaces.functions[Int(instruction.index)])].functionType
      replace(operands: type?.parameters.count ?? 0, results: type?.results.count ?? 0)
    default:
      guard let type = row.type else {
        // Control: what lies below belongs to another run.
        stack.removeAll(keepingCapacity: true)
        return
      }
      let address = row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane ? 1 : 0
      replace(operands: type.operands.count + address, results: type.results.count)
    }
  }

  private mutating func replace(operands: Int, results: Int) {
    stack.removeLast(min(operands, stack.count))
    for _ in 0..<results { stack.append(nil) }
  }
}

/// Where active data segments at constant addresses lie.
struct StaticData {
  /// In ascending order of memories and addresses.
  private var ranges: [(memory: UInt32, range: Range<UInt64>)] = []

  init(_ module: Module) throws(ModuleError) {
    for segment in module.data {
      guard case .active(let memory, let expression) = segment.mode else { continue }
      var reader = InstructionReader(module.bytes, range: expression.range)
      let offset = try reader.next()
      guard offset.opcode == .i32Const || offset.opcode == .i64Const else { continue }
      let end = offset.value.addingReportingOverflow(UInt64(segment.range.count))
      guard !end.overflow else { continue }
      ranges.append((memory, offset.value..<end.partialValue))
    }
    ranges.sort { ($0.memory, $0.range.lowerBound) < ($1.memory, $1.range.lowerBound) }
  }

  /// Whether an address is in a segment. Address 0 is not: it is what an access without an offset has.
  func contains(_ address: UInt64, of memory: UInt32) -> Bool {
    guard address != 0 else { return false }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if (ranges[middle].memory, ranges[middle].range.lowerBound) <= (memory, address) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low > 0 && ranges[low - 1].memory == memory && ranges[low - 1].range.contains(address)
  }
}
