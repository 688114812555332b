/// The functions that an instrumented module is given, made when they are first needed.
///
/// All that they keep is in the secondary memory, so that its bytes alone tell everything.
struct InstrumentRoutines {
  enum Routine: Hashable {
    /// Makes room for a number of bytes behind the undo log: whether there is room.
    case reserve
    /// Logs the old bytes of a store: eight at most, or sixteen.
    case log(memory: UInt32, width: UInt8)
    /// Logs a range, if it is within the memory.
    case logRange(memory: UInt32)
    /// Grows a memory and logs it.
    case grow(memory: UInt32)
    /// The size of a memory as the program is to see it.
    case size(memory: UInt32)
    /// Notes the buffers of a list of pairs of address and size.
    case noteVectors(memory: UInt32)
    /// Notes the pages of a store, if it is within the memory.
    case dirty(memory: UInt32)
    case dirtyRange(memory: UInt32)
    /// Records an access whose address is of a type.
    case trace(AddressType)
    /// Records an access to a range.
    case traceRange
  }

  let plan: InstrumentPlan
  private var added: AddedFunctions<Routine>
  /// The indices of the routines that accesses call, without a look at a dictionary: by memory, then width.
  private var logIndices: [UInt32?]

  init(_ plan: InstrumentPlan, firstIndex: UInt32) {
    self.plan = plan
    added = AddedFunctions(firstIndex: firstIndex)
    logIndices = Array(repeating: nil, count: plan.memories.count * 5)
  }

  mutating func logIndex(memory: UInt32, width: UInt8) -> UInt32 {
    let place = Int(memory) * 5 + Int(width)
    if let index = logIndices[place] { return index }
    let new = index(.log(memory: memory, width: width))
    logIndices[place] = new
    return new
  }

  /// The index of a routine.
  mutating func index(_ routine: Routine) -> UInt32 {
    if let index = added[routine] { return index }
    let function =
      switch routine {
      case .reserve: reserve()
      case .log(let memory, let width): log(memory, width)
      case .logRange(let memory): logRange(memory)
      case .grow(let memory): grow(memory)
      case .size(let memory): size(memory)
      case .noteVectors(let memory): noteVectors(memory)
      case .dirty(let memory): dirty(memory)
      case .dirtyRange(let memory): dirtyRange(memory)
      case .trace(let type): trace(type)
      case .traceRange: traceRange()
      }
    return added.add(function, as: routine)
  }

  var firstIndex: UInt32 { added.firstIndex }
  var functions: [AddedFunction] { added.all }

  /// Adds a function of another's making.
  mutating func add(_ function: AddedFunction) -> UInt32 { added.add(function) }

  private func type(_ memory: UInt32) -> AddressType { plan.memories[Int(memory)].addressType }

  // MARK: The undo log

  /// Parameter: 0 the number of bytes. Locals: 1 the pages that are missing, 2 those to ask for.
  private mutating func reserve() -> AddedFunction {
    typealias Offset = InstrumentLayout.Offset
    var output = BodyOutput()
    plan.load(Offset.logPosition, &output)
    output.write(.i32Eqz)
    plan.load(Offset.flags, &output)
    output.i32(InstrumentLayout.Flags.incomplete.rawValue)
    output.write(.i32And)
    output.write(.i32Or)
    output.returnIf(0)
    plan.load(Offset.logPosition, &output)
    output.write(.i64ExtendI32U)
    output.write(.localGet, 0)
    output.write(.i64Add)
    output.i64(0xFFFF)
    output.write(.i64Add)
    output.i64(16)
    output.write(.i64ShrU)
    output.write(.memorySize, plan.memory)
    output.write(.i64ExtendI32U)
    output.write(.i64Sub)
    output.write(.localTee, 1)
    output.i64(0)
    output.write(.i64GtS)
    output.ifTrue()
    // A quarter more each time, where it can be had; else as much as is missing.
    output.write(.localGet, 1)
    output.write(.memorySize, plan.memory)
    output.i32(2)
    output.write(.i32ShrU)
    output.write(.i64ExtendI32U)
    output.write(.i64Add)
    output.write(.localSet, 2)
    for local: UInt32 in [2, 1] {
      growLog(by: local, &output)
      output.ifTrue()
    }
    plan.load(Offset.flags, &output, forStore: true)
    output.i32(InstrumentLayout.Flags.incomplete.rawValue)
    output.write(.i32Or)
    plan.store(Offset.flags, &output)
    output.i32(0)
    output.i32(0)
    plan.store(Offset.logLimit, &output)
    output.i32(0)
    output.write(.return)
    for _ in 0..<2 { output.write(.end) }
    output.write(.end)
    output.i32(0)
    output.write(.memorySize, plan.memory)
    output.i32(16)
    output.write(.i32Shl)
    plan.store(Offset.logLimit, &output)
    output.i32(1)
    return AddedFunction("instrument.reserve", [.i64], [.i32], locals: [.i64, .i64], output)
  }

  /// Pushes whether the secondary memory cannot grow by the pages in a local.
  private func growLog(by local: UInt32, _ output: inout BodyOutput) {
    // More than it can ever have must not wrap to less.
    output.write(.localGet, local)
    output.i64(0x1_0000)
    output.write(.localGet, local)
    output.i64(0x1_0000)
    output.write(.i64LtU)
    output.write(.select)
    output.write(.i32WrapI64)
    output.write(.memoryGrow, plan.memory)
    output.i32(.max)
    output.write(.i32Eq)
  }

  /// Returns where a record of `size` bytes does not fit and no room can be made. The position is left in a local.
  mutating func makeRoom(size: UInt64, position: UInt32, result: UInt32?, _ output: inout BodyOutput) {
    plan.load(InstrumentLayout.Offset.logPosition, &output)
    output.write(.localTee, position)
    if size <= 0xFFFF {
      // The log ends at 2^32 - 2^16 at the latest, so that this does not wrap.
      output.i32(UInt32(size))
      output.write(.i32Add)
      plan.load(InstrumentLayout.Offset.logLimit, &output)
      output.write(.i32GtU)
    } else {
      output.write(.i64ExtendI32U)
      output.i64(size)
      output.write(.i64Add)
      plan.load(InstrumentLayout.Offset.logLimit, &output)
      output.write(.i64ExtendI32U)
      output.write(.i64GtU)
    }
    output.ifTrue()
    output.i64(size)
    output.write(.call, index(.reserve))
    output.write(.i32Eqz)
    output.returnIf(result)
    output.write(.end)
  }

  /// Parameters: 0 the address, 1 the old bytes, 2 the offset. Local: 3 the position.
  private mutating func log(_ memory: UInt32, _ width: UInt8) -> AddedFunction {
    let padded: UInt64 = width == 4 ? 16 : 8
    let size = padded + UInt64(InstrumentLayout.trailerSize)
    let addressType = type(memory)
    var output = BodyOutput()
    makeRoom(size: size, position: 3, result: nil, &output)
    output.write(.localGet, 3)
    output.write(.localGet, 1)
    plan.access(width == 4 ? .v128Store : .i64Store, 0, &output)
    output.write(.localGet, 3)
    output.wide(0, addressType)
    output.wide(2, addressType)
    output.write(.i64Add)
    plan.access(.i64Store, UInt32(padded), &output)
    output.write(.localGet, 3)
    output.i64(UInt64(1) << UInt64(width) | UInt64(memory) << 32)
    plan.access(.i64Store, UInt32(padded) + 8, &output)
    output.i32(0)
    output.write(.localGet, 3)
    output.i32(UInt32(size))
    output.write(.i32Add)
    plan.store(InstrumentLayout.Offset.logPosition, &output)
    let address = addressType.valueType
    return AddedFunction(
      "instrument.log\(1 << Int(width)).memory\(memory)", [address, width == 4 ? .v128 : .i64, address], [],
      locals: [.i32], output)
  }

  /// Returns where the range of parameters 0 and 1 (i64) is empty or not within the memory: what comes then traps itself.
  private func returnUnlessInBounds(_ memory: UInt32, size: UInt32, _ output: inout BodyOutput) {
    output.write(.localGet, 1)
    output.write(.i64Eqz)
    output.returnIf(nil)
    output.write(.localGet, 1)
    plan.byteCount(memory, &output)
    output.write(.localTee, size)
    output.write(.i64GtU)
    output.write(.localGet, 0)
    output.write(.localGet, size)
    output.write(.localGet, 1)
    output.write(.i64Sub)
    output.write(.i64GtU)
    output.write(.i32Or)
    output.returnIf(nil)
  }

  /// Parameters: 0 the address, 1 the number of bytes, both i64. Locals: 2 the size of the record without its trailer
  /// (before that, of the memory), 3 the position.
  private mutating func logRange(_ memory: UInt32) -> AddedFunction {
    var output = BodyOutput()
    returnUnlessInBounds(memory, size: 2, &output)
    // A range that no log can hold asks for as much as does not fit for certain, so that the log is marked.
    output.write(.localGet, 1)
    output.i64(1 << 33)
    output.write(.localGet, 1)
    output.i64(1 << 32)
    output.write(.i64LtU)
    output.write(.select)
    output.i64(7)
    output.write(.i64Add)
    output.i64(~7)
    output.write(.i64And)
    output.write(.localSet, 2)
    plan.load(InstrumentLayout.Offset.logPosition, &output)
    output.write(.localTee, 3)
    output.write(.i64ExtendI32U)
    output.write(.localGet, 2)
    output.write(.i64Add)
    output.i64(UInt64(InstrumentLayout.trailerSize))
    output.write(.i64Add)
    plan.load(InstrumentLayout.Offset.logLimit, &output)
    output.write(.i64ExtendI32U)
    output.write(.i64GtU)
    output.ifTrue()
    output.write(.localGet, 2)
    output.i64(UInt64(InstrumentLayout.trailerSize))
    output.write(.i64Add)
    output.write(.call, index(.reserve))
    output.write(.i32Eqz)
    output.returnIf(nil)
    output.write(.end)
    output.write(.localGet, 3)
    output.write(.localGet, 0)
    output.narrow(type(memory))
    output.write(.localGet, 1)
    output.write(.i32WrapI64)
    output.writer.write(Instruction(.memoryCopy, index: plan.memory, index2: memory))
    output.write(.localGet, 3)
    output.write(.localGet, 2)
    output.write(.i32WrapI64)
    output.write(.i32Add)
    output.write(.localTee, 3)
    output.write(.localGet, 0)
    plan.access(.i64Store, 0, &output)
    output.write(.localGet, 3)
    output.write(.localGet, 1)
    output.i64(UInt64(memory) << 32)
    output.write(.i64Or)
    plan.access(.i64Store, 8, &output)
    output.i32(0)
    output.write(.localGet, 3)
    output.i32(InstrumentLayout.trailerSize)
    output.write(.i32Add)
    plan.store(InstrumentLayout.Offset.logPosition, &output)
    return AddedFunction("instrument.log_range.memory\(memory)", [.i64, .i64], [], locals: [.i64, .i32], output)
  }

  /// The pages that a rollback has taken away from the program's view of a memory.
  private func hiddenPages(_ memory: UInt32, _ output: inout BodyOutput) {
    output.i32(0)
    plan.access(.i64Load, plan.hiddenPages(of: memory), &output)
  }

  private func size(_ memory: UInt32) -> AddedFunction {
    var output = BodyOutput()
    visibleSize(memory, &output)
    output.narrow(type(memory))
    return AddedFunction("instrument.size.memory\(memory)", [], [type(memory).valueType], output)
  }

  /// Pushes the size that the program sees, in pages, as an i64.
  private func visibleSize(_ memory: UInt32, _ output: inout BodyOutput) {
    output.write(.memorySize, memory)
    if type(memory) == .i32 { output.write(.i64ExtendI32U) }
    hiddenPages(memory, &output)
    output.write(.i64Sub)
  }

  /// Pages that are hidden come back first, and only what is missing is new.
  ///
  /// Parameter: 0 the pages. Locals: 1 the size before and 2 the pages that are hidden, both i64, 3 the position, 4 the
  /// pages as an i64.
  private mutating func grow(_ memory: UInt32) -> AddedFunction {
    let addressType = type(memory)
    let shift = UInt64(plan.memories[Int(memory)].pageSizeLog2)
    var output = BodyOutput()
    visibleSize(memory, &output)
    output.write(.localSet, 1)
    output.wide(0, addressType)
    output.write(.localTee, 4)
    hiddenPages(memory, &output)
    output.write(.localTee, 2)
    output.write(.i64GtU)
    output.ifTrue()
    output.write(.localGet, 4)
    output.write(.localGet, 2)
    output.write(.i64Sub)
    output.narrow(addressType)
    output.write(.memoryGrow, memory)
    if addressType == .i64 { output.i64(.max) } else { output.i32(.max) }
    output.write(addressType == .i64 ? .i64Eq : .i32Eq)
    output.ifTrue()
    if addressType == .i64 { output.i64(.max) } else { output.i32(.max) }
    output.write(.return)
    output.write(.end)
    output.i32(0)
    output.i64(0)
    plan.access(.i64Store, plan.hiddenPages(of: memory), &output)
    output.write(.else)
    output.i32(0)
    output.write(.localGet, 2)
    output.write(.localGet, 4)
    output.write(.i64Sub)
    plan.access(.i64Store, plan.hiddenPages(of: memory), &output)
    output.write(.end)
    // The record, if there is something to tell and room for it.
    output.open(.block)
    output.write(.localGet, 4)
    output.write(.i64Eqz)
    output.write(.brIf, 0)
    plan.load(InstrumentLayout.Offset.logPosition, &output)
    output.write(.localTee, 3)
    output.i32(24)
    output.write(.i32Add)
    plan.load(InstrumentLayout.Offset.logLimit, &output)
    output.write(.i32GtU)
    output.ifTrue()
    output.i64(24)
    output.write(.call, index(.reserve))
    output.write(.i32Eqz)
    output.write(.brIf, 1)
    output.write(.end)
    output.write(.localGet, 3)
    output.write(.localGet, 1)
    output.write(.localGet, 4)
    output.write(.i64Add)
    output.i64(shift)
    output.write(.i64Shl)
    plan.access(.i64Store, 0, &output)
    output.write(.localGet, 3)
    output.write(.localGet, 1)
    output.i64(shift)
    output.write(.i64Shl)
    plan.access(.i64Store, 8, &output)
    output.write(.localGet, 3)
    output.i64(8 | UInt64(memory | InstrumentLayout.growthBit) << 32)
    plan.access(.i64Store, 16, &output)
    output.i32(0)
    output.write(.localGet, 3)
    output.i32(24)
    output.write(.i32Add)
    plan.store(InstrumentLayout.Offset.logPosition, &output)
    output.write(.end)
    output.write(.localGet, 1)
    output.narrow(addressType)
    let value = addressType.valueType
    return AddedFunction(
      "instrument.grow.memory\(memory)", [value], [value], locals: [.i64, .i64, .i32, .i64], output)
  }

  // MARK: Pages

  /// Pushes where in a dirty map the page of the address (i64) on the stack is noted.
  private func mapAddress(_ map: InstrumentPlan.DirtyMap, scratch: UInt32, _ output: inout BodyOutput) {
    output.i64(UInt64(plan.options.pageSizeLog2))
    output.write(.i64ShrU)
    output.write(.localTee, scratch)
    output.i64(UInt64(map.pageCount) - 1)
    output.write(.localGet, scratch)
    output.i64(UInt64(map.pageCount) - 1)
    output.write(.i64LtU)
    output.write(.select)
    output.write(.i32WrapI64)
  }

  /// Parameters: 0 the address, 1 the offset, 2 the number of bytes. Locals: 3 the first address, 4 the last, 5 scratch.
  private func dirty(_ memory: UInt32) -> AddedFunction {
    let addressType = type(memory)
    let map = plan.dirtyMaps[Int(memory)]
    var output = BodyOutput()
    output.wide(0, addressType)
    output.wide(1, addressType)
    output.write(.i64Add)
    output.write(.localTee, 3)
    output.wide(2, .i32)
    output.write(.i64Add)
    output.i64(1)
    output.write(.i64Sub)
    output.write(.localTee, 4)
    plan.byteCount(memory, &output)
    output.write(.i64GeU)
    // Of a 64-bit address, that the sum has wrapped.
    if addressType == .i64 {
      output.write(.localGet, 3)
      output.write(.localGet, 0)
      output.write(.i64LtU)
      output.write(.i32Or)
      output.write(.localGet, 4)
      output.write(.localGet, 3)
      output.write(.i64LtU)
      output.write(.i32Or)
    }
    output.returnIf(nil)
    for local: UInt32 in [3, 4] {
      output.write(.localGet, local)
      mapAddress(map, scratch: 5, &output)
      output.i32(1)
      plan.access(.i32Store8, map.start, &output)
    }
    let address = addressType.valueType
    return AddedFunction(
      "instrument.dirty.memory\(memory)", [address, address, .i32], [], locals: [.i64, .i64, .i64], output)
  }

  /// Parameters: 0 the address, 1 the number of bytes, both i64. Locals: 2 the size, 3 where the first page is noted.
  private func dirtyRange(_ memory: UInt32) -> AddedFunction {
    let map = plan.dirtyMaps[Int(memory)]
    var output = BodyOutput()
    returnUnlessInBounds(memory, size: 2, &output)
    output.write(.localGet, 0)
    mapAddress(map, scratch: 2, &output)
    output.i32(map.start)
    output.write(.i32Add)
    output.write(.localTee, 3)
    output.i32(1)
    output.write(.localGet, 0)
    output.write(.localGet, 1)
    output.write(.i64Add)
    output.i64(1)
    output.write(.i64Sub)
    mapAddress(map, scratch: 2, &output)
    output.i32(map.start + 1)
    output.write(.i32Add)
    output.write(.localGet, 3)
    output.write(.i32Sub)
    output.write(.memoryFill, plan.memory)
    return AddedFunction("instrument.dirty_range.memory\(memory)", [.i64, .i64], [], locals: [.i64, .i32], output)
  }

  // MARK: Traces

  /// Pushes where the next record goes, and counts it. The local is an i64.
  private func nextRecord(_ count: UInt32, _ output: inout BodyOutput) {
    output.i32(0)
    output.i32(0)
    plan.access(.i64Load, InstrumentLayout.Offset.traceCount, &output)
    output.write(.localTee, count)
    output.i64(1)
    output.write(.i64Add)
    plan.access(.i64Store, InstrumentLayout.Offset.traceCount, &output)
    output.write(.localGet, count)
    output.write(.i32WrapI64)
    output.i32(plan.traceCapacity - 1)
    output.write(.i32And)
    output.i32(InstrumentLayout.traceRecordSize)
    output.write(.i32Mul)
  }

  /// Parameters: 0 the address, 1 the offset, 2 the number of bytes with the number of the access above. Locals: 3 the
  /// count, 4 where the record goes.
  private func trace(_ addressType: AddressType) -> AddedFunction {
    var output = BodyOutput()
    nextRecord(3, &output)
    output.write(.localTee, 4)
    output.wide(0, addressType)
    output.wide(1, addressType)
    output.write(.i64Add)
    plan.access(.i64Store, plan.traceStart, &output)
    output.write(.localGet, 4)
    output.i64(0)
    plan.access(.i64Store, plan.traceStart + 8, &output)
    output.write(.localGet, 4)
    output.write(.localGet, 2)
    plan.access(.i64Store, plan.traceStart + 16, &output)
    let address = addressType.valueType
    return AddedFunction(
      "instrument.trace_\(addressType)", [address, address, .i64], [], locals: [.i64, .i32], output)
  }

  /// Parameters: 0 the address, 1 the source, 2 the number of bytes, all i64, 3 the number of the access. Locals: 4 the
  /// count, 5 where the record goes.
  private func traceRange() -> AddedFunction {
    var output = BodyOutput()
    nextRecord(4, &output)
    output.write(.localTee, 5)
    output.write(.localGet, 0)
    plan.access(.i64Store, plan.traceStart, &output)
    output.write(.localGet, 5)
    output.write(.localGet, 1)
    plan.access(.i64Store, plan.traceStart + 8, &output)
    output.write(.localGet, 5)
    output.write(.localGet, 2)
    output.i64(UInt64(UInt32.max))
    output.write(.localGet, 2)
    output.i64(UInt64(UInt32.max))
    output.write(.i64LtU)
    output.write(.select)
    output.wide(3, .i32)
    output.i64(32)
    output.write(.i64Shl)
    output.write(.i64Or)
    plan.access(.i64Store, plan.traceStart + 16, &output)
    return AddedFunction("instrument.trace_range", [.i64, .i64, .i64, .i32], [], locals: [.i64, .i32], output)
  }
}

extension InstrumentPlan {
  /// Writes an access to the secondary memory at the address on the stack.
  func access(_ opcode: Opcode, _ offset: UInt32, _ output: inout BodyOutput) {
    var instruction = Instruction(opcode, index: memory, value: UInt64(offset))
    // All that is kept there is aligned.
    instruction.alignment = opcode == .v128Store || opcode == .v128Load ? 3 : opcode.row.width
    output.writer.write(instruction)
  }

  /// Pushes a number of the header.
  ///
  /// - Parameter forStore: whether the address for a ``store(_:_:)`` that follows is to lie below it.
  func load(_ offset: UInt32, _ output: inout BodyOutput, forStore: Bool = false) {
    if forStore { output.i32(0) }
    output.i32(0)
    access(.i32Load, offset, &output)
  }

  /// Stores the number on the stack in the header; below it lies the address, which is 0.
  func store(_ offset: UInt32, _ output: inout BodyOutput) { access(.i32Store, offset, &output) }

  /// Pushes the size of a memory of the program in bytes, as an i64.
  func byteCount(_ index: UInt32, _ output: inout BodyOutput) {
    let type = memories[Int(index)]
    output.write(.memorySize, index)
    if type.addressType == .i32 { output.write(.i64ExtendI32U) }
    guard type.pageSizeLog2 > 0 else { return }
    output.i64(UInt64(type.pageSizeLog2))
    output.write(.i64Shl)
  }
}

extension BodyOutput {
  mutating func ifTrue() { open(.if) }

  /// Returns where the condition on the stack holds, with a constant if the function has a result.
  mutating func returnIf(_ result: UInt32?) {
    ifTrue()
    if let result { i32(result) }
    write(.return)
    write(.end)
  }

  /// Pushes a local of an address type as an i64.
  mutating func wide(_ local: UInt32, _ type: AddressType) {
    write(.localGet, local)
    if type == .i32 { write(.i64ExtendI32U) }
  }

  /// Makes an address of the i64 on the stack.
  mutating func narrow(_ type: AddressType) { if type == .i32 { write(.i32WrapI64) } }
}
