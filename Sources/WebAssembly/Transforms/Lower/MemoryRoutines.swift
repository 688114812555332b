/// The functions that a lowered module is given, made when they are first called.
struct MemoryRoutines {
  enum Routine: Hashable {
    /// Notes the access that traps.
    case fault(UInt32)
    /// Notes it and traps.
    case outOfBounds(UInt32)
    /// The same, where the range of a discard is not of whole pages.
    case unaligned(UInt32)
    case grow(UInt32)
    case fill(UInt32)
    case discard(UInt32)
    case copy(destination: UInt32, source: UInt32)
    case initialize(segment: UInt32, memory: UInt32)
  }

  let code: LoweringCode
  private var added: AddedFunctions<Routine>

  init(_ code: LoweringCode, firstIndex: UInt32) {
    self.code = code
    added = AddedFunctions(firstIndex: firstIndex)
  }

  /// The index of a routine.
  mutating func index(_ routine: Routine) -> UInt32 {
    if let index = added[routine] { return index }
    let function =
      switch routine {
      case .fault(let memory): fault(memory)
      case .outOfBounds(let memory): trap(memory, LoweredLayout.trapSuffix, fault: index(.fault(memory)))
      case .unaligned(let memory): trap(memory, LoweredLayout.unalignedSuffix, fault: index(.fault(memory)))
      case .grow(let memory): grow(code.place(memory))
      case .fill(let memory): fill(code.place(memory), trap: index(.outOfBounds(memory)))
      case .discard(let memory):
        discard(code.place(memory), fill: index(.fill(memory)), trap: index(.unaligned(memory)))
      case .copy(let destination, let source):
        copy(
          code.place(destination), code.place(source),
          traps: (index(.outOfBounds(destination)), index(.outOfBounds(source))))
      case .initialize(let segment, let memory):
        initialize(segment, code.place(memory), trap: index(.outOfBounds(memory)))
      }
    return added.add(function, as: routine)
  }

  var firstIndex: UInt32 { added.firstIndex }
  var functions: [AddedFunction] { added.all }

  /// Adds a function of another's making.
  mutating func add(_ function: AddedFunction) -> UInt32 { added.add(function) }

  private func fault(_ memory: UInt32) -> AddedFunction {
    var output = BodyOutput()
    output.i32(memory)
    output.write(.globalSet, code.fault.memory)
    output.write(.localGet, 0)
    output.write(.globalSet, code.fault.address)
    output.write(.localGet, 1)
    output.write(.globalSet, code.fault.length)
    return AddedFunction("memory\(memory).fault", [.i64, .i64], [], output)
  }

  private func trap(_ memory: UInt32, _ suffix: String, fault: UInt32) -> AddedFunction {
    var output = BodyOutput()
    output.write(.localGet, 0)
    output.write(.localGet, 1)
    output.write(.call, fault)
    code.trapOutOfBounds(&output)
    return AddedFunction("memory\(memory)\(suffix)", [.i64, .i64], [], output)
  }

  /// Traps where `count` bytes from `start` on leave a memory; both are locals.
  private func check(
    _ start: UInt32, count: UInt32, _ countType: AddressType, _ place: MemoryLayout.Place, trap: UInt32,
    _ output: inout BodyOutput
  ) {
    guard !code.isUnchecked else { return }
    code.exceeds(start, count: count, countType, place, &output)
    code.ifTrue(.empty, &output)
    fail(start, count: count, countType, place, trap: trap, &output)
    output.write(.end)
  }

  private func fail(
    _ start: UInt32, count: UInt32, _ countType: AddressType, _ place: MemoryLayout.Place, trap: UInt32,
    _ output: inout BodyOutput
  ) {
    code.wide(start, place.type.addressType, &output)
    code.wide(count, countType, &output)
    output.write(.call, trap)
    output.write(.unreachable)
  }

  private func fill(_ place: MemoryLayout.Place, trap: UInt32) -> AddedFunction {
    let type = place.type.addressType
    var output = BodyOutput()
    check(0, count: 2, type, place, trap: trap, &output)
    if place.isRemote { return remoteFill(place, output) }
    code.address(inLocal: 0, place, &output)
    output.write(.localGet, 1)
    output.write(.localGet, 2)
    code.widen(type, &output)
    output.write(.memoryFill, 0)
    return AddedFunction("memory\(place.memory).fill", [type.valueType, .i32, type.valueType], [], output)
  }

  /// What `memory.discard` means to an observer: a range of whole pages becomes zero. A range of anything else has no kind
  /// of trap of its own where there is no such instruction; it is out of bounds, in a function whose name tells the reason.
  private func discard(_ place: MemoryLayout.Place, fill: UInt32, trap: UInt32) -> AddedFunction {
    let type = place.type.addressType
    var output = BodyOutput()
    if place.type.pageSizeLog2 > 0 {
      code.wide(0, type, &output)
      code.wide(1, type, &output)
      output.write(.i64Or)
      output.i64(1 << UInt64(place.type.pageSizeLog2) - 1)
      output.write(.i64And)
      output.i64(0)
      output.write(.i64Ne)
      code.ifTrue(.empty, &output)
      fail(0, count: 1, type, place, trap: trap, &output)
      output.write(.end)
    }
    // As a fill does from here on.
    output.write(.localGet, 0)
    output.i32(0)
    output.write(.localGet, 1)
    output.write(.call, fill)
    return AddedFunction("memory\(place.memory).discard", [type.valueType, type.valueType], [], output)
  }

  private func copy(
    _ destination: MemoryLayout.Place, _ source: MemoryLayout.Place, traps: (destination: UInt32, source: UInt32)
  ) -> AddedFunction {
    let (to, from) = (destination.type.addressType, source.type.addressType)
    let count: AddressType = to == .i64 && from == .i64 ? .i64 : .i32
    var output = BodyOutput()
    check(0, count: 2, count, destination, trap: traps.destination, &output)
    check(1, count: 2, count, source, trap: traps.source, &output)
    if destination.isRemote || source.isRemote { return remoteCopy(destination, source, count, output) }
    code.address(inLocal: 0, destination, &output)
    code.address(inLocal: 1, source, &output)
    output.write(.localGet, 2)
    code.widen(count, &output)
    output.writer.write(Instruction(.memoryCopy, index: 0, index2: 0))
    return AddedFunction(
      "memory\(destination.memory).copy_from\(source.memory)", [to.valueType, from.valueType, count.valueType], [],
      output)
  }

  private func initialize(_ segment: UInt32, _ place: MemoryLayout.Place, trap: UInt32) -> AddedFunction {
    var output = BodyOutput()
    check(0, count: 2, .i32, place, trap: trap, &output)
    if place.isRemote { return remoteInitialize(segment, place, output) }
    code.address(inLocal: 0, place, &output)
    output.write(.localGet, 1)
    output.write(.localGet, 2)
    output.writer.write(Instruction(.memoryInit, index: segment, index2: 0))
    return AddedFunction(
      "memory\(place.memory).init\(segment)", [place.type.addressType.valueType, .i32, .i32], [], output)
  }
}
