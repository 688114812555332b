/// The exported functions of a module with an undo log.
extension InstrumentRoutines {
  private typealias Offset = InstrumentLayout.Offset

  private func size(_ type: ValueType) -> UInt32 { type == .v128 ? 16 : 8 }
  private var globalsSize: UInt32 { plan.globals.reduce(0) { $0 + size($1.type) } }

  /// Writes a record with the globals, and returns where it ends.
  mutating func addMark(logStart: UInt32) -> UInt32 {
    let bytes = globalsSize
    var output = BodyOutput()
    plan.load(Offset.logPosition, &output)
    output.write(.i32Eqz)
    output.ifTrue()
    for offset in [Offset.logPosition, Offset.logLimit] {
      output.i32(0)
      output.i32(logStart)
      plan.store(offset, &output)
    }
    output.write(.end)
    makeRoom(size: UInt64(bytes + InstrumentLayout.trailerSize), position: 0, result: 0, &output)
    var offset: UInt32 = 0
    for (index, type) in plan.globals {
      output.write(.localGet, 0)
      output.write(.globalGet, index)
      plan.access(Self.storing(type), offset, &output)
      offset += size(type)
    }
    output.write(.localGet, 0)
    output.i64(UInt64(plan.globals.count))
    plan.access(.i64Store, bytes, &output)
    output.write(.localGet, 0)
    output.i64(UInt64(bytes) | UInt64(InstrumentLayout.markTag) << 32)
    plan.access(.i64Store, bytes + 8, &output)
    output.i32(0)
    output.write(.localGet, 0)
    output.i32(bytes + InstrumentLayout.trailerSize)
    output.write(.i32Add)
    output.write(.localTee, 0)
    plan.store(Offset.logPosition, &output)
    output.write(.localGet, 0)
    return add(AddedFunction("instrument.mark", [], [.i32], locals: [.i32], output))
  }

  private static func storing(_ type: ValueType) -> Opcode {
    switch type {
    case .i64: .i64Store
    case .f32: .f32Store
    case .f64: .f64Store
    case .v128: .v128Store
    default: .i32Store
    }
  }

  private static func loading(_ type: ValueType) -> Opcode {
    switch type {
    case .i64: .i64Load
    case .f32: .f32Load
    case .f64: .f64Load
    case .v128: .v128Load
    default: .i32Load
    }
  }

  /// Undoes record after record, from the last one on.
  ///
  /// Parameter: 0 the mark. Locals: 1 where a record ends, 2 where it begins, 3 what it is, 4 the number of its bytes, 5
  /// its address.
  mutating func addRollback(logStart: UInt32) -> UInt32 {
    let trailer = InstrumentLayout.trailerSize
    var output = BodyOutput()
    plan.load(Offset.flags, &output)
    output.i32(InstrumentLayout.Flags.incomplete.rawValue)
    output.write(.i32And)
    output.write(.localGet, 0)
    output.i32(logStart + trailer)
    output.write(.i32LtU)
    output.write(.i32Or)
    output.write(.localGet, 0)
    plan.load(Offset.logPosition, &output)
    output.write(.i32GtU)
    output.write(.i32Or)
    output.write(.localGet, 0)
    output.i32(7)
    output.write(.i32And)
    output.write(.i32Or)
    output.returnIf(1)
    output.write(.localGet, 0)
    output.i32(trailer)
    output.write(.i32Sub)
    plan.access(.i32Load, 12, &output)
    output.i32(InstrumentLayout.markTag)
    output.write(.i32Ne)
    output.returnIf(1)
    output.open(.block)
    output.open(.loop)
    plan.load(Offset.logPosition, &output)
    output.write(.localTee, 1)
    output.write(.localGet, 0)
    output.write(.i32LeU)
    output.write(.brIf, 1)
    output.write(.localGet, 1)
    output.i32(trailer)
    output.write(.i32Sub)
    output.write(.localTee, 2)
    plan.access(.i64Load, 0, &output)
    output.write(.localSet, 5)
    output.write(.localGet, 2)
    plan.access(.i32Load, 8, &output)
    output.write(.localSet, 4)
    output.write(.localGet, 2)
    plan.access(.i32Load, 12, &output)
    output.write(.localSet, 3)
    output.write(.localGet, 2)
    output.write(.localGet, 4)
    output.i32(7)
    output.write(.i32Add)
    output.i32(~7)
    output.write(.i32And)
    output.write(.i32Sub)
    output.write(.localSet, 2)
    for index in plan.isObserved.indices where plan.isObserved[index] { undo(UInt32(index), &output) }
    output.i32(0)
    output.write(.localGet, 2)
    plan.store(Offset.logPosition, &output)
    output.write(.br, 0)
    output.write(.end)
    output.write(.end)
    restoreGlobals(&output)
    output.i32(0)
    return add(
      AddedFunction("instrument.rollback", [.i32], [.i32], locals: [.i32, .i32, .i32, .i32, .i64], output))
  }

  private func undo(_ memory: UInt32, _ output: inout BodyOutput) {
    let type = plan.memories[Int(memory)].addressType
    output.write(.localGet, 3)
    output.i32(memory)
    output.write(.i32Eq)
    output.ifTrue()
    output.write(.localGet, 5)
    output.narrow(type)
    output.write(.localGet, 2)
    output.write(.localGet, 4)
    output.writer.write(Instruction(.memoryCopy, index: memory, index2: plan.memory))
    output.write(.end)
    // The size cannot go back, but the bytes can, and the size that the program sees.
    output.write(.localGet, 3)
    output.i32(memory | InstrumentLayout.growthBit)
    output.write(.i32Eq)
    output.ifTrue()
    output.write(.localGet, 5)
    output.narrow(type)
    output.i32(0)
    plan.byteCount(memory, &output)
    output.write(.localGet, 5)
    output.write(.i64Sub)
    output.narrow(type)
    output.write(.memoryFill, memory)
    let hidden = plan.hiddenPages(of: memory)
    output.i32(0)
    output.i32(0)
    plan.access(.i64Load, hidden, &output)
    output.write(.localGet, 2)
    plan.access(.i64Load, 0, &output)
    output.write(.localGet, 5)
    output.write(.i64Sub)
    output.i64(UInt64(plan.memories[Int(memory)].pageSizeLog2))
    output.write(.i64ShrU)
    output.write(.i64Add)
    plan.access(.i64Store, hidden, &output)
    output.write(.end)
  }

  private func restoreGlobals(_ output: inout BodyOutput) {
    guard !plan.globals.isEmpty else { return }
    output.write(.localGet, 0)
    output.i32(globalsSize + InstrumentLayout.trailerSize)
    output.write(.i32Sub)
    output.write(.localSet, 2)
    var offset: UInt32 = 0
    for (index, type) in plan.globals {
      output.write(.localGet, 2)
      plan.access(Self.loading(type), offset, &output)
      output.write(.globalSet, index)
      offset += size(type)
    }
  }

  /// Forgets what has been collected of stores.
  mutating func addReset(logStart: UInt32) -> UInt32 {
    var output = BodyOutput()
    if plan.options.stores == .log {
      for offset in [Offset.logPosition, Offset.logLimit] {
        output.i32(0)
        output.i32(plan.options.logsFromStart ? logStart : 0)
        plan.store(offset, &output)
      }
      plan.load(Offset.flags, &output, forStore: true)
      output.i32(~InstrumentLayout.Flags.incomplete.rawValue)
      output.write(.i32And)
      plan.store(Offset.flags, &output)
    }
    for map in plan.dirtyMaps where map.pageCount > 0 {
      output.i32(map.start)
      output.i32(0)
      output.i32(map.pageCount)
      output.write(.memoryFill, plan.memory)
    }
    return add(AddedFunction("instrument.reset", [], [], output))
  }
}
