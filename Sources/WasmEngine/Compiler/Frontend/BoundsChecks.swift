import WebAssembly

/// Where a memory access goes, and what was checked: all accesses of memories pass through here.
///
/// An access of `width` bytes at the address `x`, with the static offset `o`, is in bounds if x + o + width <= count, in
/// arithmetic that does not wrap. The cases, the first that fits:
///
/// | case | memory | condition | check |
/// | --- | --- | --- | --- |
/// | 1 | any | x is a constant and x + o + width is within the declared minimum | none: memories do not shrink |
/// | 2 | reserved | o + width <= 2^31, ``AccessClass/largestUncheckedExtent`` | none: x has 32 bits, what is beyond faults |
/// | 3 | any | x was checked for at least o + width before, on every path here | none |
/// | 4 | 32-bit | | x + (o + width) <= count, in 64 bits: at most 2^32 + 2^32 + 16 |
/// | 5 | 64-bit | o + width < 2^32 | x <= count - (o + width) after count >= o + width, so that nothing wraps |
/// | 6 | 64-bit | o + width >= 2^32 | the same |
///
/// A processor that expects the trap of cases 4 to 6 not to happen goes on with an x that is out of bounds, and what it
/// loads can leave traces (Kocher et al. 2019, Spectre attacks). So what goes on is the result of the check: x, or by a
/// conditional move another number that leads to the memory's beginning. That number is 0 where o + width is within the
/// declared minimum, else -o. In case 3 it is the result of the check before, which was made for no less. Case 2 needs
/// none, since x cannot leave the reservation, nor does case 1.
extension FunctionTranslator {
  struct MemoryAddress {
    var base: IRValue
    var index: IRValue
    var displacement: Displacement

    /// The address of a later piece of the same access.
    func advanced(by distance: Int) throws(CompilationRefusal) -> MemoryAddress {
      try MemoryAddress(base: base, index: index, displacement: displacement.advanced(by: distance))
    }
  }

  mutating func memoryBase(_ memory: Int) -> IRValue {
    let region: IRContextRegion = environment.accessClasses[memory] == .movable ? .memories : .invariant
    return contextLoad(.i64, environment.layout.memory(memory), region)
  }

  mutating func memoryByteCount(_ memory: Int, isStore: Bool) -> IRValue {
    // Stores go by the writable count; the two differ for read-only memories alone.
    contextLoad(.i64, environment.layout.memory(memory) + (isStore ? 16 : 8), .memories)
  }

  /// Checks an access and says where it goes. An access that is several must be checked as a whole: `isExact`.
  mutating func address(
    of pointer: IRValue, _ instruction: Instruction, width: Int, isStore: Bool, isExact: Bool = false
  ) throws(CompilationRefusal) -> MemoryAddress {
    let memory = Int(instruction.index)
    let type = environment.module.spaces.memories[memory]
    let offset = instruction.memoryOffset
    let base = memoryBase(memory)
    let is64 = type.addressType == .i64
    let (extent, overflow) = offset.addingReportingOverflow(UInt64(width))
    let index = is64 ? pointer : zeroExtend(pointer)
    if overflow || extent > UInt64(Int64.max) {
      // Nothing has that many bytes. What is reported is the sum as far as it has 64 bits.
      let sum = make(IRInstruction(.add, .i64, index, constant(.i64, Int64(bitPattern: offset))))
      let tag = try CheckedAccess(memory: memory, width: width).tag
      let check = append(IRInstruction(.boundsCheck, .i64, sum, constant(.i64, 0), tag, imm: Int64(width), aux: 1))
      return MemoryAddress(base: base, index: environment.guardsSpeculation ? check : sum, displacement: .zero)
    }
    let (product, tooLarge) = type.limits.minimum.multipliedReportingOverflow(by: type.pageSize)
    let minimum = tooLarge ? UInt64.max : product
    var isGuarded = environment.guardsSpeculation
    if let known = ir.constant(index) {
      let start = UInt64(bitPattern: known)
      let (end, wraps) = start.addingReportingOverflow(extent)
      if !wraps, end <= minimum, let displacement = Displacement(start + offset, length: width) {
        if !isStore { return MemoryAddress(base: base, index: .none, displacement: displacement) }
        // It may be that nothing can be written, but the place is the memory's.
        isGuarded = false
      }
    }
    let isReserved = environment.usesGuardPages && environment.accessClasses[memory] == .reserved && !is64
    if isReserved, extent <= AccessClass.largestUncheckedExtent {
      if !isExact { return place(base, index, offset, width) }
      isGuarded = false
    }
    let tag = try CheckedAccess(memory: memory, width: width).tag
    let aux: UInt16 = (is64 ? 1 : 0) | (environment.guardsSpeculation && extent > minimum ? 2 : 0)
    let check = IRInstruction(
      .boundsCheck, .i64, index, memoryByteCount(memory, isStore: isStore), tag, imm: Int64(extent), aux: aux)
    let checked = self.check(check, memory, isStore: isStore)
    return place(base, isGuarded ? checked : index, offset, width)
  }

  /// A memory.copy of a small constant size in place: everything is loaded before anything is stored, since the ranges may
  /// overlap. False where it is not that simple.
  mutating func copySmall(_ instruction: Instruction, _ count: Int64) throws(CompilationRefusal) -> Bool {
    guard count > 0, count <= 128 else { return false }
    let count = Int(count)
    var pieces: [(offset: Int, type: IRType, access: IRAccess)] = []
    var offset = 0
    while count - offset >= 16 {
      pieces.append((offset, .v128, .full))
      offset += 16
    }
    for (width, type, access) in [
      (8, IRType.i64, IRAccess.full), (4, .i32, .full), (2, .i32, .unsigned16), (1, .i32, .unsigned8),
    ] where count - offset >= width {
      pieces.append((offset, type, access))
      offset += width
    }
    _ = pop()
    let from = pop()
    let to = pop()
    var access = Instruction(.v128Load)
    // The destination is checked first only for the sake of which of two traps is reported; both ranges are, before
    // anything is written.
    access.index = instruction.index2
    let source = try address(of: from, access, width: count, isStore: false, isExact: true)
    access.index = instruction.index
    let target = try address(of: to, access, width: count, isStore: true, isExact: true)
    var values: [IRValue] = []
    for piece in pieces {
      let place = try source.advanced(by: piece.offset)
      values.append(try load(piece.type, from: place, piece.access, memory: Int(instruction.index2)))
    }
    for (piece, value) in zip(pieces, values) {
      try store(value, to: target.advanced(by: piece.offset), piece.access, memory: Int(instruction.index))
    }
    return true
  }

  /// The check, or one that was made before and tells as much.
  private mutating func check(_ check: IRInstruction, _ memory: Int, isStore: Bool) -> IRValue {
    // Where the result depends on the offset, it is of use to this access alone.
    if check.aux & 2 != 0 { return append(check) }
    // The count is not part of the key: memories do not shrink, so what was in bounds stays so.
    let key = IRInstruction(.boundsCheck, .i64, check.a, .none, IRValue(UInt32(memory) << 1 | (isStore ? 1 : 0)))
    if let known = values.find(key, epoch: 0), ir[known].imm >= check.imm { return known }
    let result = append(check)
    values.insert(key, result, epoch: 0)
    return result
  }

  /// The address of an access of so many bytes. What is too far for a displacement is added to the index.
  private mutating func place(_ base: IRValue, _ index: IRValue, _ offset: UInt64, _ width: Int) -> MemoryAddress {
    if let known = ir.constant(index) {
      let (start, wraps) = UInt64(bitPattern: known).addingReportingOverflow(offset)
      if !wraps, let displacement = Displacement(start, length: width) {
        return MemoryAddress(base: base, index: .none, displacement: displacement)
      }
    }
    if let displacement = Displacement(offset, length: width) {
      return MemoryAddress(base: base, index: index, displacement: displacement)
    }
    let sum = make(IRInstruction(.add, .i64, index, constant(.i64, Int64(bitPattern: offset))))
    return MemoryAddress(base: base, index: sum, displacement: .zero)
  }
}
