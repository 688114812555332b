/// Replaces the memory instructions of bodies by instructions on the combined memory.
struct AccessLowering: BodyTransform {
  /// A memory whose accesses stay as they are but for an offset.
  private struct Plain {
    /// Added to the offset; nil where accesses need more.
    var base: UInt64?
  }

  let code: LoweringCode
  var routines: MemoryRoutines
  private let accesses = MemoryAccesses()
  /// By memory.
  private let plain: [Plain]
  /// The highest offset that an access to the combined memory can have.
  private let highestOffset: UInt64

  /// The access that a trap is about: what is told of it.
  struct Fault: Hashable {
    var memory: Int
    var addressType: AddressType
    /// The local that holds the address.
    var local: UInt32
    /// What is added to the address.
    var offset: UInt64
    var length: UInt64
  }

  /// The faults of the present body that have a trap after it, and the number of each.
  private var faults: [Fault] = []
  private var faultNumbers: [Fault: Int] = [:]
  /// Beyond so many, accesses share a trap, which tells the address without the offset.
  private static let mostFaults = 16

  /// By the results of functions that have several: the type of a block that leaves them.
  private(set) var blockTypes: [[ValueType]: UInt32] = [:]
  /// Where the types that are added begin.
  private let firstType: UInt32

  init(_ code: LoweringCode, firstFunction: UInt32, firstType: UInt32) {
    self.code = code
    self.firstType = firstType
    routines = MemoryRoutines(code, firstIndex: firstFunction)
    let is64Bit = code.is64Bit
    plain = code.layout.placeOfMemory.indices.map { memory in
      let place = code.place(UInt32(memory))
      let isPlain =
        place.isNative && place.baseGlobal == nil && !place.isRemote && is64Bit == (place.type.addressType == .i64)
      return Plain(base: isPlain ? place.base : nil)
    }
    highestOffset = is64Bit ? .max : UInt64(UInt32.max)
  }

  mutating func begin(_ body: FunctionBody, into output: inout BodyOutput) {
    faults.removeAll(keepingCapacity: true)
    faultNumbers.removeAll(keepingCapacity: true)
  }

  mutating func writeTrap(_ number: Int, into output: inout BodyOutput) {
    trap(faults[number], &output)
  }

  mutating func blockType(leaving results: [ValueType]) -> BlockType {
    if let index = blockTypes[results] { return .type(index) }
    let index = firstType + UInt32(blockTypes.count)
    blockTypes[results] = index
    return .type(index)
  }

  func wants(_ row: Operator) -> Bool {
    switch row.immediates {
    case .memory, .memoryAndMemory, .dataAndMemory, .memoryArgument, .memoryArgumentAndLane: true
    default: false
    }
  }

  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {
    guard code.layout.isCombined else { return output.writer.write(instruction) }
    if accesses[instruction.opcode].isAccess, let base = plain[Int(instruction.index)].base {
      let (offset, overflow) = instruction.memoryOffset.addingReportingOverflow(base)
      if !overflow, offset <= highestOffset {
        var access = instruction
        access.index = 0
        access.memoryOffset = offset
        return output.writer.write(access)
      }
    }
    if let count = output.constantOperand, bulk(instruction, count: count, &output) { return }
    switch instruction.opcode {
    case .memorySize:
      size(code.place(instruction.index), &output)
    case .memoryGrow:
      let place = code.place(instruction.index)
      if place.isRemote {
        code.call(.grow, of: place, &output)
      } else {
        output.write(.call, routines.index(.grow(own(instruction.index))))
      }
    case .memoryFill:
      output.write(.call, routines.index(.fill(own(instruction.index))))
    case .memoryDiscard:
      output.write(.call, routines.index(.discard(own(instruction.index))))
    case .memoryCopy:
      output.write(
        .call, routines.index(.copy(destination: own(instruction.index), source: own(instruction.index2))))
    case .memoryInit:
      output.write(
        .call, routines.index(.initialize(segment: instruction.index, memory: own(instruction.index2))))
    default:
      guard let type = instruction.opcode.row.type else {
        throw ModuleError(
          .unsupported, "\(instruction.opcode.name) cannot be lowered", at: Int(instruction.offset))
      }
      access(instruction, operands: type.operands, &output)
    }
  }

  /// The memory itself, of which the named one may be a further import.
  private func own(_ memory: UInt32) -> UInt32 { UInt32(code.place(memory).memory) }

  private func size(_ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    if place.isRemote { return code.call(.size, of: place, &output) }
    if place.isNative && place.isGrowable {
      output.write(.memorySize, 0)
      code.constant(place.base >> MemoryLayout.pageSizeLog2, &output)
      output.write(code.is64Bit ? .i64Sub : .i32Sub)
      code.narrow(to: place.type.addressType, &output)
      return
    }
    code.byteCount(place, &output)
    output.i64(UInt64(place.type.pageSizeLog2))
    output.write(.i64ShrU)
    if place.type.addressType == .i32 { output.write(.i32WrapI64) }
  }

  // MARK: Accesses

  /// What must be compared before an access.
  private enum Check {
    case none
    /// No address is in bounds.
    case always
    /// Out of bounds above this address.
    case above(UInt64)
    /// Compared with the size as it is.
    case size
  }

  /// - Parameter address: where it is known.
  private func check(
    _ instruction: Instruction, _ place: MemoryLayout.Place, address: UInt64?, end: UInt64?
  ) -> Check {
    if place.isNative {
      // The folded offset must be expressible; where it is not, nothing can be in bounds.
      let offset = instruction.memoryOffset.addingReportingOverflow(place.base)
      return offset.overflow || !code.is64Bit && offset.partialValue >> 32 != 0 ? .always : .none
    }
    if code.isUnchecked { return .none }
    guard let end, end <= MemoryLayout.largest << 1 else { return .always }
    // A memory never shrinks.
    if let address, address <= place.minimumByteCount, end <= place.minimumByteCount - address { return .none }
    if place.sizeGlobal != nil { return .size }
    guard end <= place.minimumByteCount else { return .always }
    let highest = place.minimumByteCount - end
    return place.type.addressType == .i32 && highest >= UInt64(UInt32.max) ? .none : .above(highest)
  }

  private mutating func access(_ instruction: Instruction, operands: [ValueType], _ output: inout BodyOutput) {
    let place = code.place(instruction.index)
    let row = instruction.opcode.row
    if place.isRemote { return remoteAccess(instruction, operands: operands, place, &output) }
    let sum = instruction.memoryOffset.addingReportingOverflow(1 << UInt64(row.width))
    let end = sum.overflow ? nil : sum.partialValue
    let check = check(instruction, place, address: operands.isEmpty ? output.constantOperand : nil, end: end)

    var access = instruction
    access.index = 0
    var addsBase = place.baseGlobal != nil
    if !addsBase {
      let folded = instruction.memoryOffset.addingReportingOverflow(place.base)
      if !folded.overflow, code.is64Bit || folded.partialValue >> 32 == 0 {
        access.memoryOffset = folded.partialValue
      } else {
        addsBase = true
      }
    }
    if !code.is64Bit { access.memoryOffset &= UInt64(UInt32.max) }

    var isPlain = !addsBase && !(code.is64Bit && place.type.addressType == .i32)
    if case .none = check {} else { isPlain = false }
    if isPlain { return output.writer.write(access) }

    // The operands above the address go to locals: the value has been computed by now, and the base is read after it.
    let address = output.scratch(place.type.addressType.valueType)
    let locals = Self.locals(for: operands, besides: place.type.addressType.valueType, &output)
    for local in locals.reversed() { output.write(.localSet, local) }
    switch check {
    case .none: break
    case .always:
      output.write(.localSet, address)
      return fail(instruction, address, locals, place, &output)
    case .above(let highest):
      output.write(.localTee, address)
      if place.type.addressType == .i64 {
        output.i64(highest)
        output.write(.i64GtU)
      } else {
        output.i32(UInt32(truncatingIfNeeded: highest))
        output.write(.i32GtU)
      }
      failIf(instruction, address, locals, place, &output)
    case .size:
      output.write(.localTee, address)
      compare(end: end ?? .max, place, &output)
      failIf(instruction, address, locals, place, &output)
    }
    code.widen(place.type.addressType, &output)
    if addsBase {
      code.base(place, &output)
      output.write(code.is64Bit ? .i64Add : .i32Add)
    }
    for local in locals { output.write(.localGet, local) }
    output.writer.write(access)
  }

  static func locals(
    for operands: [ValueType], besides address: ValueType, _ output: inout BodyOutput
  ) -> [UInt32] {
    var result: [UInt32] = []
    for (place, type) in operands.enumerated() {
      let number = operands[..<place].count { $0 == type } + (type == address ? 1 : 0)
      result.append(output.scratch(type, number))
    }
    return result
  }

  /// Replaces the address on top of the stack by whether an access that ends `end` bytes behind it leaves the memory.
  func compare(end: UInt64, _ place: MemoryLayout.Place, _ output: inout BodyOutput) {
    if place.type.addressType == .i32 {
      // 33 bits at most, so that the sum does not wrap.
      output.write(.i64ExtendI32U)
      output.i64(end)
      output.write(.i64Add)
      code.byteCount(place, &output)
      output.write(.i64GtU)
      return
    }
    code.byteCount(place, &output)
    output.i64(end)
    output.write(.i64Sub)
    output.write(.i64GtU)
    // A memory never shrinks: only where its minimum is too small can the difference wrap.
    guard end > place.minimumByteCount else { return }
    code.byteCount(place, &output)
    output.i64(end)
    output.write(.i64LtU)
    output.write(.i32Or)
  }

  // MARK: Traps

  func fault(_ instruction: Instruction, inLocal local: UInt32, _ place: MemoryLayout.Place) -> Fault {
    Fault(
      memory: place.memory, addressType: place.type.addressType, local: local, offset: instruction.memoryOffset,
      length: 1 << UInt64(instruction.opcode.row.width))
  }

  /// Leaves the body for a trap where the condition on top of the stack holds.
  mutating func trapIf(_ fault: Fault, _ output: inout BodyOutput) {
    var fault = fault
    if faults.count >= Self.mostFaults && faultNumbers[fault] == nil { fault.offset = 0 }
    let number = faultNumbers[fault] ?? faults.count
    if number == faults.count {
      faults.append(fault)
      faultNumbers[fault] = number
    }
    output.write(.brIf, output.trapLabel(number))
  }

  private func operands(of fault: Fault, _ output: inout BodyOutput) {
    code.wide(fault.local, fault.addressType, &output)
    if fault.offset != 0 {
      output.i64(fault.offset)
      output.write(.i64Add)
    }
    output.i64(fault.length)
  }

  /// Traps, and tells of which access.
  mutating func trap(_ fault: Fault, _ output: inout BodyOutput) {
    operands(of: fault, &output)
    output.write(.call, routines.index(.outOfBounds(UInt32(fault.memory))))
    output.write(.unreachable)
  }

  /// Traps where the condition on top of the stack holds, and pushes the address again.
  private mutating func failIf(
    _ instruction: Instruction, _ address: UInt32, _ operands: [UInt32], _ place: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    if instruction.opcode.row.feature == .threads {
      code.ifTrue(.empty, &output)
      fail(instruction, address, operands, place, &output)
      output.write(.end)
    } else {
      trapIf(fault(instruction, inLocal: address, place), &output)
    }
    output.write(.localGet, address)
  }

  /// Traps as the access would have.
  private mutating func fail(
    _ instruction: Instruction, _ address: UInt32, _ operands: [UInt32], _ place: MemoryLayout.Place,
    _ output: inout BodyOutput
  ) {
    let fault = fault(instruction, inLocal: address, place)
    guard instruction.opcode.row.feature == .threads else { return trap(fault, &output) }
    // An atomic access may trap for its alignment or its kind of memory first: so the same one at an address with the same
    // low bits that is out of bounds of any memory. The address is computed, since engines may decide at once that a
    // constant one, or a large offset, is out of bounds.
    self.operands(of: fault, &output)
    output.write(.call, routines.index(.fault(UInt32(fault.memory))))
    var access = instruction
    access.index = 0
    access.memoryOffset = 8
    output.write(.localGet, address)
    code.widen(place.type.addressType, &output)
    code.constant(instruction.memoryOffset & 7, &output)
    output.write(code.is64Bit ? .i64Add : .i32Add)
    code.constant(~7, &output)
    output.write(code.is64Bit ? .i64Or : .i32Or)
    for operand in operands { output.write(.localGet, operand) }
    output.writer.write(access)
    output.write(.unreachable)
  }
}
