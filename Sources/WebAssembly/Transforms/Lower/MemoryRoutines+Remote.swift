/// Bulk instructions on memories that stay outside: loops over words, then over bytes. The ranges have been checked.
extension MemoryRoutines {
  /// Locals: 0 the address, 1 the value, 2 the count; 3 the value in every byte of a word.
  func remoteFill(_ place: MemoryLayout.Place, _ checked: BodyOutput) -> AddedFunction {
    let type = place.type.addressType
    var output = checked
    output.write(.localGet, 1)
    output.i32(0xFF)
    output.write(.i32And)
    output.write(.i64ExtendI32U)
    output.i64(0x0101_0101_0101_0101)
    output.write(.i64Mul)
    output.write(.localSet, 3)
    for step in [UInt64(8), 1] {
      whileAtLeast(step, 2, type, &output) { output in
        output.write(.localGet, 0)
        output.write(.localGet, step == 8 ? 3 : 1)
        code.call(step == 8 ? .store64 : .store8, of: place, &output)
        add(step, to: 0, type, &output)
        subtract(step, from: 2, type, &output)
      }
    }
    return AddedFunction(
      "memory\(place.memory).fill", [type.valueType, .i32, type.valueType], [], locals: [.i64], output)
  }

  /// A copy of which one side or both stay outside. From low to high addresses where the destination is not above the
  /// source, else the other way round: right also where two imports are the same memory.
  ///
  /// Locals: 0 the destination, 1 the source, 2 the count, all widened to 3, 4 and 5; 6 how far it is.
  func remoteCopy(
    _ destination: MemoryLayout.Place, _ source: MemoryLayout.Place, _ count: AddressType, _ checked: BodyOutput
  ) -> AddedFunction {
    let (to, from) = (destination.type.addressType, source.type.addressType)
    var output = checked
    for (local, type) in [(UInt32(0), to), (1, from), (2, count)] {
      code.wide(local, type, &output)
      output.write(.localSet, local + 3)
    }
    func move(_ step: UInt64, _ output: inout BodyOutput) {
      address(3, plus: 6, destination, &output)
      address(4, plus: 6, source, &output)
      let width: UInt8 = step == 8 ? 3 : 0
      if source.isRemote {
        code.call(.load(width: width), of: source, &output)
      } else {
        code.plain(MemoryAccessor.plainLoad(width: width), &output)
      }
      if destination.isRemote {
        code.call(.store(width: width), of: destination, &output)
      } else {
        code.plain(MemoryAccessor.plainStore(width: width), &output)
      }
    }
    output.write(.localGet, 3)
    output.write(.localGet, 4)
    output.write(.i64LeU)
    code.ifTrue(.empty, &output)
    for step in [UInt64(8), 1] {
      whileAtLeast(step, 5, .i64, &output) { output in
        move(step, &output)
        add(step, to: 6, .i64, &output)
        subtract(step, from: 5, .i64, &output)
      }
    }
    output.write(.else)
    for step in [UInt64(8), 1] {
      whileAtLeast(step, 5, .i64, &output) { output in
        output.write(.localGet, 5)
        output.i64(step)
        output.write(.i64Sub)
        output.write(.localTee, 5)
        output.write(.localSet, 6)
        move(step, &output)
      }
    }
    output.write(.end)
    return AddedFunction(
      "memory\(destination.memory).copy_from\(source.memory)", [to.valueType, from.valueType, count.valueType], [],
      locals: [.i64, .i64, .i64, .i64], output)
  }

  /// `memory.init` by way of the scratch room, which holds the largest segment: what does not fit is not in the segment.
  ///
  /// Locals: 0 the destination, 1 where in the segment, 2 the count; 3 how far it is.
  func remoteInitialize(_ segment: UInt32, _ place: MemoryLayout.Place, _ checked: BodyOutput) -> AddedFunction {
    let type = place.type.addressType
    var output = checked
    code.scratchBase(&output)
    output.write(.localGet, 1)
    output.write(.localGet, 2)
    output.writer.write(Instruction(.memoryInit, index: segment, index2: 0))
    code.scratchBase(&output)
    output.write(.localSet, 3)
    for step in [UInt64(8), 1] {
      whileAtLeast(step, 2, .i32, &output) { output in
        output.write(.localGet, 0)
        output.write(.localGet, 3)
        code.plain(MemoryAccessor.plainLoad(width: step == 8 ? 3 : 0), &output)
        code.call(step == 8 ? .store64 : .store8, of: place, &output)
        add(step, to: 0, type, &output)
        add(step, to: 3, code.layout.combined.addressType, &output)
        subtract(step, from: 2, .i32, &output)
      }
    }
    return AddedFunction(
      "memory\(place.memory).init\(segment)", [type.valueType, .i32, .i32], [], locals: [code.addressType], output)
  }

  /// Pushes the address in a local plus the number in another, both i64, within the combined memory or the remote one.
  private func address(
    _ start: UInt32, plus index: UInt32, _ place: MemoryLayout.Place, _ output: inout BodyOutput
  ) {
    output.write(.localGet, start)
    output.write(.localGet, index)
    output.write(.i64Add)
    if place.isRemote {
      if place.type.addressType == .i32 { output.write(.i32WrapI64) }
    } else {
      code.fromI64(&output)
      code.base(place, &output)
      output.write(code.is64Bit ? .i64Add : .i32Add)
    }
  }

  /// A loop for as long as a local is not below a number.
  private func whileAtLeast(
    _ least: UInt64, _ local: UInt32, _ type: AddressType, _ output: inout BodyOutput,
    _ body: (inout BodyOutput) -> Void
  ) {
    output.open(.block)
    output.open(.loop)
    output.write(.localGet, local)
    constant(least, type, &output)
    output.write(type == .i64 ? .i64LtU : .i32LtU)
    output.write(.brIf, 1)
    body(&output)
    output.write(.br, 0)
    output.write(.end)
    output.write(.end)
  }

  private func constant(_ value: UInt64, _ type: AddressType, _ output: inout BodyOutput) {
    if type == .i64 { output.i64(value) } else { output.i32(UInt32(truncatingIfNeeded: value)) }
  }

  private func add(_ value: UInt64, to local: UInt32, _ type: AddressType, _ output: inout BodyOutput) {
    output.write(.localGet, local)
    constant(value, type, &output)
    output.write(type == .i64 ? .i64Add : .i32Add)
    output.write(.localSet, local)
  }

  private func subtract(_ value: UInt64, from local: UInt32, _ type: AddressType, _ output: inout BodyOutput) {
    output.write(.localGet, local)
    constant(value, type, &output)
    output.write(type == .i64 ? .i64Sub : .i32Sub)
    output.write(.localSet, local)
  }
}
