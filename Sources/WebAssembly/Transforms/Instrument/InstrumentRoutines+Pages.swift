extension InstrumentRoutines {
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
  func dirty(_ memory: UInt32) -> AddedFunction {
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
  func dirtyRange(_ memory: UInt32) -> AddedFunction {
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
  func trace(_ addressType: AddressType) -> AddedFunction {
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
  func traceRange() -> AddedFunction {
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
