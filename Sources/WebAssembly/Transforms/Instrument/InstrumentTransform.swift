/// Writes, before the instructions of a body that are observed, what notes them in the secondary memory. The instructions
/// themselves stay as they are, so that they trap as before; only a growth that is logged moves to a function.
struct InstrumentTransform: BodyTransform {
  let plan: InstrumentPlan
  /// Imported functions that write to a memory are called through others.
  private(set) var remapping = IndexRemapping()
  var routines: InstrumentRoutines
  private(set) var accesses = SiteList()
  private(set) var calls = SiteList()
  private(set) var blocks = SiteList()
  private(set) var storeCount = 0
  /// Told now and then where reading is.
  var progress: ((Int) -> Void)?
  /// What a rollback does not undo, in the order in which it was met.
  private(set) var lasting: [Opcode] = []
  private let memoryAccesses = MemoryAccesses()
  private let logs: Bool
  private let dirties: Bool
  private let traces: Bool
  /// The function that is being rewritten, and where its body begins.
  private var function: UInt32
  private var bodyStart = 0
  /// The blocks that are open: whether each is a loop, and whether its beginning cannot be reached.
  private var frames: [(isLoop: Bool, isDead: Bool)] = []
  /// Whether the present instruction cannot be reached.
  private var isDead = false

  init(_ plan: InstrumentPlan, host: HostWrites.Plan?, spaces: IndexSpaces) {
    self.plan = plan
    logs = plan.options.stores == .log
    dirties = plan.options.stores == .pages
    traces = plan.options.tracesMemory
    routines = InstrumentRoutines(plan, firstIndex: UInt32(spaces.functions.count))
    function = UInt32(spaces.importedFunctionCount) &- 1
    if let host { remapping.functions = routines.addHostCalls(host, functionCount: spaces.functions.count) }
  }

  func wants(_ row: Operator) -> Bool {
    switch row.immediates {
    case .memoryArgument, .memoryArgumentAndLane:
      return traces || (plan.tracksStores && memoryAccesses[row.opcode].writes)
    case .memoryAndMemory, .dataAndMemory: return traces || plan.tracksStores
    case .memory:
      switch row.opcode {
      case .memoryGrow: return traces || logs
      case .memorySize: return logs
      case .memoryFill, .memoryDiscard: return traces || plan.tracksStores
      default: return false
      }
    default: break
    }
    switch row.opcode {
    case .call, .callIndirect, .callRef, .returnCall, .returnCallIndirect, .returnCallRef:
      return plan.options.countsCalls
    default: return false
    }
  }

  func observes(_ row: Operator) -> Bool {
    switch row.opcode {
    case .block, .loop, .if, .else, .end, .tryTable, .br, .brIf, .brTable, .return, .unreachable, .returnCall,
      .returnCallIndirect, .returnCallRef, .throw, .throwRef, .brOnNull, .brOnNonNull, .brOnCast, .brOnCastFail:
      plan.options.covers
    case .dataDrop, .elemDrop, .tableSet, .tableGrow, .tableFill, .tableCopy, .tableInit: logs
    default: false
    }
  }

  // MARK: Functions, calls and blocks

  mutating func begin(_ body: FunctionBody, into output: inout BodyOutput) {
    function &+= 1
    bodyStart = body.range.lowerBound
    if let progress, function & 0xFF == 0 { progress(bodyStart) }
    if plan.options.countsCalls {
      let number = function - plan.importedFunctionCount
      count(at: plan.functionsStart + number * 8, &output)
    }
    guard plan.options.covers else { return }
    frames.removeAll(keepingCapacity: true)
    isDead = false
    block(.nop, offset: 0, &output)
  }

  private func offset(_ instruction: Instruction) -> UInt32 { instruction.offset &- UInt32(bodyStart) }

  private func count(at address: UInt32, _ output: inout BodyOutput) {
    output.i32(0)
    output.i32(0)
    plan.access(.i64Load, address, &output)
    output.i64(1)
    output.write(.i64Add)
    plan.access(.i64Store, address, &output)
  }

  private mutating func block(_ opcode: Opcode, offset: UInt32, _ output: inout BodyOutput) {
    let number = blocks.append(function: function, offset: offset, opcode)
    output.i32(0)
    output.i32(1)
    plan.access(.i32Store8, plan.blocksStart + number, &output)
  }

  mutating func observe(_ instruction: Instruction, into output: inout BodyOutput) {
    switch instruction.opcode {
    case .block, .tryTable: frames.append((false, isDead))
    case .loop: frames.append((true, isDead))
    case .if:
      frames.append((false, isDead))
      reach(instruction, &output)
    case .else:
      isDead = frames.last?.isDead ?? false
      reach(instruction, &output)
    case .end:
      // What ends the body has no frame.
      guard let frame = frames.popLast() else { return }
      // Branches to a loop go to its beginning, so that its end is reached from above alone.
      isDead = frame.isDead || (frame.isLoop && isDead)
      reach(instruction, &output)
    case .brIf, .brOnNull, .brOnNonNull, .brOnCast, .brOnCastFail: reach(instruction, &output)
    case .br, .brTable, .return, .unreachable, .returnCall, .returnCallIndirect, .returnCallRef, .throw, .throwRef:
      isDead = true
    default:
      if !lasting.contains(instruction.opcode) { lasting.append(instruction.opcode) }
    }
  }

  private mutating func reach(_ instruction: Instruction, _ output: inout BodyOutput) {
    guard !isDead else { return }
    block(instruction.opcode, offset: offset(instruction), &output)
  }

  // MARK: Accesses

  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {
    let access = memoryAccesses[instruction.opcode]
    if access.isAccess { return self.access(instruction, access, &output) }
    switch instruction.opcode {
    case .memoryGrow: grow(instruction, &output)
    case .memorySize:
      guard plan.isObserved[Int(instruction.index)] else { return output.writer.write(instruction) }
      output.write(.call, routines.index(.size(memory: instruction.index)))
    case .memoryFill, .memoryDiscard, .memoryCopy, .memoryInit: range(instruction, &output)
    default:
      let isDirect = instruction.opcode == .call || instruction.opcode == .returnCall
      let number =
        isDirect
        ? calls.append(function: function, offset: offset(instruction), instruction.opcode, instruction.index)
        : calls.append(function: function, offset: offset(instruction), instruction.opcode)
      count(at: plan.callsStart + number * 8, &output)
      output.writer.write(remapping.instruction(instruction))
    }
  }

  private mutating func access(_ instruction: Instruction, _ access: MemoryAccesses.Access, _ output: inout BodyOutput)
  {
    let memory = Int(instruction.index)
    guard plan.isObserved[memory], traces || (access.writes && plan.tracksStores) else {
      return output.writer.write(instruction)
    }
    let addressType = plan.memories[memory].addressType
    let type = addressType.valueType
    let address = output.scratch(type)
    var first: UInt32 = 0
    var second: UInt32 = 0
    if access.operandCount > 0 { first = output.scratch(access.first, access.first == type ? 1 : 0) }
    if access.operandCount > 1 {
      let number = (access.second == type ? 1 : 0) + (access.second == access.first ? 1 : 0)
      second = output.scratch(access.second, number)
      output.write(.localSet, second)
    }
    if access.operandCount > 0 { output.write(.localSet, first) }
    output.write(.localTee, address)
    notes(instruction, access, address, addressType, &output)
    if access.operandCount > 0 { output.write(.localGet, first) }
    if access.operandCount > 1 { output.write(.localGet, second) }
    output.writer.write(instruction)
  }

  private mutating func notes(
    _ instruction: Instruction, _ access: MemoryAccesses.Access, _ address: UInt32, _ type: AddressType,
    _ output: inout BodyOutput
  ) {
    let byteCount = UInt64(1) << UInt64(access.width)
    if traces {
      let number = accesses.append(
        function: function, offset: offset(instruction), instruction.opcode, instruction.index)
      output.write(.localGet, address)
      Self.offset(instruction.memoryOffset, type, &output)
      output.i64(byteCount | UInt64(number) << 32)
      output.write(.call, routines.index(.trace(type)))
    }
    guard access.writes else { return }
    storeCount += plan.tracksStores ? 1 : 0
    if logs {
      // The old bytes are read by an access of the same width: if it is out of bounds, it traps in the place of the store.
      output.write(.localGet, address)
      output.write(.localGet, address)
      var load = Instruction(Self.loading(access), index: instruction.index, value: instruction.memoryOffset)
      load.alignment = instruction.alignment
      output.writer.write(load)
      Self.offset(instruction.memoryOffset, type, &output)
      output.write(.call, routines.logIndex(memory: instruction.index, width: access.width))
    } else if dirties {
      output.write(.localGet, address)
      Self.offset(instruction.memoryOffset, type, &output)
      output.i32(UInt32(byteCount))
      output.write(.call, routines.index(.dirty(memory: instruction.index)))
    }
  }

  private static func loading(_ access: MemoryAccesses.Access) -> Opcode {
    switch (access.width, access.isAtomic) {
    case (0, false): .i64Load8U
    case (1, false): .i64Load16U
    case (2, false): .i64Load32U
    case (3, false): .i64Load
    case (0, true): .i64AtomicLoad8U
    case (1, true): .i64AtomicLoad16U
    case (2, true): .i64AtomicLoad32U
    case (3, true): .i64AtomicLoad
    default: .v128Load
    }
  }

  private static func offset(_ offset: UInt64, _ type: AddressType, _ output: inout BodyOutput) {
    if type == .i64 { output.i64(offset) } else { output.i32(UInt32(truncatingIfNeeded: offset)) }
  }

  private mutating func grow(_ instruction: Instruction, _ output: inout BodyOutput) {
    let memory = instruction.index
    guard plan.isObserved[Int(memory)] else { return output.writer.write(instruction) }
    let type = plan.memories[Int(memory)].addressType
    if traces {
      let pages = output.scratch(type.valueType)
      output.write(.localTee, pages)
      trace(instruction, address: pages, type, source: nil, .i32, count: nil, .i32, &output)
    }
    if logs {
      storeCount += 1
      output.write(.call, routines.index(.grow(memory: memory)))
    } else {
      output.writer.write(instruction)
    }
  }

  /// Records an access to a range, whose operands are in locals.
  private mutating func trace(
    _ instruction: Instruction, address: UInt32, _ type: AddressType, source: UInt32?, _ sourceType: AddressType,
    count: UInt32?, _ countType: AddressType, _ output: inout BodyOutput
  ) {
    let memory = instruction.opcode == .memoryInit ? instruction.index2 : instruction.index
    let offset = offset(instruction)
    let number =
      instruction.opcode == .memoryCopy
      ? accesses.append(function: function, offset: offset, instruction.opcode, memory, instruction.index2)
      : accesses.append(function: function, offset: offset, instruction.opcode, memory)
    output.wide(address, type)
    if let source { output.wide(source, sourceType) } else { output.i64(0) }
    if let count { output.wide(count, countType) } else { output.i64(0) }
    output.i32(number)
    output.write(.call, routines.index(.traceRange))
  }

  private mutating func range(_ instruction: Instruction, _ output: inout BodyOutput) {
    let isCopy = instruction.opcode == .memoryCopy
    let memory = instruction.opcode == .memoryInit ? instruction.index2 : instruction.index
    let notes = plan.isObserved[Int(memory)] && plan.tracksStores
    let records = traces && (plan.isObserved[Int(memory)] || (isCopy && plan.isObserved[Int(instruction.index2)]))
    guard notes || records else { return output.writer.write(instruction) }
    let type = plan.memories[Int(memory)].addressType
    // The operands: address, source or value, count; discard has no source.
    var sourceType = AddressType.i32
    var countType = type
    switch instruction.opcode {
    case .memoryCopy:
      sourceType = plan.memories[Int(instruction.index2)].addressType
      countType = type == .i64 && sourceType == .i64 ? .i64 : .i32
    case .memoryInit: countType = .i32
    default: break
    }
    let hasSource = instruction.opcode != .memoryDiscard
    let address = output.scratch(type.valueType)
    let source = hasSource ? output.scratch(sourceType.valueType, sourceType == type ? 1 : 0) : nil
    var number = countType == type ? 1 : 0
    if hasSource && sourceType == countType { number += 1 }
    let count = output.scratch(countType.valueType, number)
    output.write(.localSet, count)
    if let source { output.write(.localSet, source) }
    output.write(.localSet, address)
    if records {
      trace(instruction, address: address, type, source: source, sourceType, count: count, countType, &output)
    }
    if notes {
      storeCount += 1
      output.wide(address, type)
      output.wide(count, countType)
      output.write(.call, routines.index(logs ? .logRange(memory: memory) : .dirtyRange(memory: memory)))
    }
    output.write(.localGet, address)
    if let source { output.write(.localGet, source) }
    output.write(.localGet, count)
    output.writer.write(instruction)
  }
}
