extension ModuleLowering {
  /// Active segments that are certain to fit stay active, at their place in the combined memory. From the first one on
  /// that is not, they become passive, and a start function does what instantiation would have done (Core 3.0, 4.7.3).
  mutating func data() throws(ModuleError) {
    var active: [(segment: UInt32, memory: UInt32, offset: ConstantExpression)] = []
    for (number, segment) in old.data.enumerated() {
      var copy = DataSegment(mode: segment.mode, range: rewriter.copy(segment.range))
      if case .active(let memory, let offset) = segment.mode {
        if !layout.isCombined {
          copy.mode = .active(index: memory, offset: try rewriter.copy(offset))
        } else if active.isEmpty, let address = try foldedAddress(offset, memory, count: segment.range.count) {
          copy.mode = .active(index: 0, offset: constantExpression(address, accesses.code.addressType))
        } else {
          copy.mode = .passive
          active.append((UInt32(number), memory, offset))
        }
      }
      new.data.append(copy)
    }
    guard !active.isEmpty else { return }
    usesSegments = true
    var output = BodyOutput()
    for item in active {
      output.writer.output.bytes.append(contentsOf: try offset(item.offset))
      output.i32(0)
      output.i32(UInt32(truncatingIfNeeded: old.data[Int(item.segment)].range.count))
      output.write(.call, accesses.routines.index(.initialize(segment: item.segment, memory: own(item.memory))))
      output.write(.dataDrop, item.segment)
    }
    if let start = new.start { output.write(.call, start) }
    var body = InstructionWriter()
    body.locals([])
    body.output.bytes.append(contentsOf: output.writer.bytes)
    body.opcode(.end)
    new.start = accesses.routines.add(
      AddedFunction(name: "memory.initialize", type: FunctionType(), body: body.bytes))
  }

  private func own(_ memory: UInt32) -> UInt32 { UInt32(plan.own[Int(memory)]) }

  /// The instructions of an offset without the `end`.
  private func offset(_ expression: ConstantExpression) throws(ModuleError) -> [UInt8] {
    var reader = InstructionReader(old.bytes, range: expression.range)
    var writer = InstructionWriter()
    while !reader.isAtEnd {
      let instruction = try reader.next()
      if instruction.opcode == .end, reader.isAtEnd { break }
      remapping.write(instruction, from: reader, to: &writer)
    }
    return writer.bytes
  }

  /// Where a segment goes in the combined memory, if its offset is a constant and it fits for certain.
  private func foldedAddress(
    _ offset: ConstantExpression, _ memory: UInt32, count: Int
  ) throws(ModuleError) -> UInt64? {
    var reader = InstructionReader(old.bytes, range: offset.range)
    let first = try reader.next()
    guard first.opcode == .i32Const || first.opcode == .i64Const, try reader.next().opcode == .end else { return nil }
    let place = accesses.code.place(memory)
    if place.isRemote { return nil }
    let (end, overflow) = first.value.addingReportingOverflow(UInt64(count))
    guard !overflow, end <= place.minimumByteCount else { return nil }
    return place.base + first.value
  }
}
