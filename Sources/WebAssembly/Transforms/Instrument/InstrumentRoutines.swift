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

  func type(_ memory: UInt32) -> AddressType { plan.memories[Int(memory)].addressType }

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
  func returnUnlessInBounds(_ memory: UInt32, size: UInt32, _ output: inout BodyOutput) {
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
  func hiddenPages(_ memory: UInt32, _ output: inout BodyOutput) {
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
  func visibleSize(_ memory: UInt32, _ output: inout BodyOutput) {
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
}
