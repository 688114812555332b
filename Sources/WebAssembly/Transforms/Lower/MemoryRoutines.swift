/// The functions that a lowered module is given, made when they are first called.
struct MemoryRoutines {
  enum Routine: Hashable {
    case outOfBounds
    case grow(UInt32)
    case fill(UInt32)
    case copy(destination: UInt32, source: UInt32)
    case initialize(segment: UInt32, memory: UInt32)
  }

  struct Function {
    var name: String
    var type: FunctionType
    /// Local declarations and instructions.
    var body: [UInt8]
  }

  let code: LoweringCode
  /// The index of the first function that is added.
  let firstIndex: UInt32
  private(set) var functions: [Function] = []
  private var indices: [Routine: UInt32] = [:]

  init(_ code: LoweringCode, firstIndex: UInt32) {
    self.code = code
    self.firstIndex = firstIndex
  }

  /// The index of a routine.
  mutating func index(_ routine: Routine) -> UInt32 {
    if let index = indices[routine] { return index }
    let function =
      switch routine {
      case .outOfBounds: outOfBounds()
      case .grow(let memory): grow(code.place(memory))
      case .fill(let memory): fill(code.place(memory))
      case .copy(let destination, let source): copy(code.place(destination), code.place(source))
      case .initialize(let segment, let memory): initialize(segment, code.place(memory))
      }
    let index = add(function)
    indices[routine] = index
    return index
  }

  /// Adds a function of another's making.
  mutating func add(_ function: Function) -> UInt32 {
    functions.append(function)
    return firstIndex + UInt32(functions.count - 1)
  }

  private func function(
    _ name: String, _ parameters: [ValueType], _ results: [ValueType], locals: [ValueType] = [], _ output: BodyOutput
  ) -> Function {
    var writer = InstructionWriter()
    writer.locals(locals.map { (1, $0) })
    writer.output.bytes.append(contentsOf: output.writer.bytes)
    writer.opcode(.end)
    return Function(name: name, type: FunctionType(parameters: parameters, results: results), body: writer.bytes)
  }

  private func outOfBounds() -> Function {
    var output = BodyOutput()
    code.trapOutOfBounds(&output)
    return function("memory.out_of_bounds", [], [], output)
  }

  /// Ends in a trap where the condition on top of the stack holds.
  private func trapIf(_ output: inout BodyOutput) {
    guard !code.isUnchecked else { return output.write(.drop) }
    code.ifTrue(.empty, &output)
    code.trapOutOfBounds(&output)
    output.write(.end)
  }

  private func fill(_ place: MemoryLayout.Place) -> Function {
    let type = place.type.addressType
    var output = BodyOutput()
    code.exceeds(0, count: 2, type, place, &output)
    trapIf(&output)
    code.address(inLocal: 0, place, &output)
    output.write(.localGet, 1)
    output.write(.localGet, 2)
    code.widen(type, &output)
    output.write(.memoryFill, 0)
    return function("memory\(place.memory).fill", [type.valueType, .i32, type.valueType], [], output)
  }

  private func copy(_ destination: MemoryLayout.Place, _ source: MemoryLayout.Place) -> Function {
    let (to, from) = (destination.type.addressType, source.type.addressType)
    let count: AddressType = to == .i64 && from == .i64 ? .i64 : .i32
    var output = BodyOutput()
    code.exceeds(0, count: 2, count, destination, &output)
    code.exceeds(1, count: 2, count, source, &output)
    output.write(.i32Or)
    trapIf(&output)
    code.address(inLocal: 0, destination, &output)
    code.address(inLocal: 1, source, &output)
    output.write(.localGet, 2)
    code.widen(count, &output)
    output.writer.write(Instruction(.memoryCopy, index: 0, index2: 0))
    return function(
      "memory\(destination.memory).copy_from\(source.memory)", [to.valueType, from.valueType, count.valueType], [],
      output)
  }

  private func initialize(_ segment: UInt32, _ place: MemoryLayout.Place) -> Function {
    var output = BodyOutput()
    code.exceeds(0, count: 2, .i32, place, &output)
    trapIf(&output)
    code.address(inLocal: 0, place, &output)
    output.write(.localGet, 1)
    output.write(.localGet, 2)
    output.writer.write(Instruction(.memoryInit, index: segment, index2: 0))
    return function(
      "memory\(place.memory).init\(segment)", [place.type.addressType.valueType, .i32, .i32], [], output)
  }

  // MARK: Growth

  private func grow(_ place: MemoryLayout.Place) -> Function {
    let type = place.type.addressType
    var output = BodyOutput()
    if place.isNative { growNative(place, &output) } else { growKept(place, &output) }
    return function(
      "memory\(place.memory).grow", [type.valueType], [type.valueType], locals: [.i64, .i64, .i64], output)
  }

  /// Returns -1 from a growth where the condition on top of the stack holds.
  private func failIf(_ type: AddressType, _ output: inout BodyOutput) {
    code.ifTrue(.empty, &output)
    if type == .i64 { output.i64(.max) } else { output.i32(.max) }
    output.write(.return)
    output.write(.end)
  }

  /// The combined memory grows by as much, and its maximum is this memory's.
  private func growNative(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let type = place.type.addressType
    output.write(.localGet, 0)
    code.widen(type, &output)
    output.write(.memoryGrow, 0)
    code.toI64(&output)
    output.write(.localSet, 1)
    output.write(.localGet, 1)
    output.i64(code.is64Bit ? .max : UInt64(UInt32.max))
    output.write(.i64Eq)
    failIf(type, &output)
    output.write(.localGet, 1)
    output.i64(place.base >> MemoryLayout.pageSizeLog2)
    output.write(.i64Sub)
    if type == .i32 { output.write(.i32WrapI64) }
  }

  /// Locals: 0 the pages to add, 1 the pages before, 2 the bytes after, 3 the combined memory's growth in pages.
  private func growKept(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let type = place.type.addressType
    let shift = UInt64(place.type.pageSizeLog2)
    code.byteCount(place, &output)
    output.i64(shift)
    output.write(.i64ShrU)
    output.write(.localSet, 1)
    code.wide(0, type, &output)
    output.i64(place.maximumPageCount)
    output.write(.localGet, 1)
    output.write(.i64Sub)
    output.write(.i64GtU)
    failIf(type, &output)
    output.write(.localGet, 1)
    code.wide(0, type, &output)
    output.write(.i64Add)
    output.i64(shift)
    output.write(.i64Shl)
    output.write(.localSet, 2)
    if !place.isFixed { makeRoom(place, &output) }
    if let global = place.sizeGlobal {
      output.write(.localGet, 2)
      output.write(.globalSet, global)
    }
    output.write(.localGet, 1)
    if type == .i32 { output.write(.i32WrapI64) }
  }

  /// Sees to it that local 2 bytes fit below the next memory, which moves if they do not.
  private func makeRoom(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    let number = code.layout.placeOfMemory[place.memory]
    let later = code.layout.places[(number + 1)...]
    // What is missing, in bytes, as a signed number.
    code.base(place, &output)
    code.toI64(&output)
    output.write(.localGet, 2)
    output.write(.i64Add)
    if let next = later.first { code.base(next, &output) } else { output.write(.memorySize, 0) }
    code.toI64(&output)
    if later.isEmpty {
      output.i64(MemoryLayout.pageSizeLog2)
      output.write(.i64Shl)
    }
    output.write(.i64Sub)
    output.write(.localTee, 3)
    output.i64(0)
    output.write(.i64GtS)
    code.ifTrue(.empty, &output)
    output.write(.localGet, 3)
    output.i64(MemoryLayout.pageSize - 1)
    output.write(.i64Add)
    output.i64(MemoryLayout.pageSizeLog2)
    output.write(.i64ShrU)
    output.write(.localTee, 3)
    code.fromI64(&output)
    output.write(.memoryGrow, 0)
    code.constant(.max, &output)
    output.write(code.is64Bit ? .i64Eq : .i32Eq)
    failIf(place.type.addressType, &output)
    if let next = later.first, let last = later.last { moveUp(later, from: next, to: last, &output) }
    output.write(.end)
  }

  /// Moves the memories from `next` to `last` up by local 3 pages, and zeroes what they leave.
  private func moveUp(
    _ later: ArraySlice<MemoryLayout.Place>, from next: MemoryLayout.Place, to last: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    let add: Opcode = code.is64Bit ? .i64Add : .i32Add
    output.write(.localGet, 3)
    output.i64(MemoryLayout.pageSizeLog2)
    output.write(.i64Shl)
    output.write(.localSet, 3)
    code.base(next, &output)
    output.write(.localGet, 3)
    code.fromI64(&output)
    output.write(add)
    code.base(next, &output)
    code.base(last, &output)
    if last.isFixed {
      code.constant(last.capacity, &output)
    } else {
      code.byteCount(last, &output)
      output.i64(MemoryLayout.pageSize - 1)
      output.write(.i64Add)
      output.i64(~(MemoryLayout.pageSize - 1))
      output.write(.i64And)
      code.fromI64(&output)
    }
    output.write(add)
    code.base(next, &output)
    output.write(code.is64Bit ? .i64Sub : .i32Sub)
    output.writer.write(Instruction(.memoryCopy, index: 0, index2: 0))
    code.base(next, &output)
    output.i32(0)
    output.write(.localGet, 3)
    code.fromI64(&output)
    output.write(.memoryFill, 0)
    for place in later {
      guard let global = place.baseGlobal else { continue }
      output.write(.globalGet, global)
      output.write(.localGet, 3)
      code.fromI64(&output)
      output.write(add)
      output.write(.globalSet, global)
    }
  }
}
