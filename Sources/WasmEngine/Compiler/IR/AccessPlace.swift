/// Where a load or store goes beside its operands, as it stands in the instruction's `imm`: a memory or the tables, and
/// the displacement.
struct AccessPlace: Equatable {
  /// nil where it is an element of a table.
  let memory: UInt32?
  let displacement: Displacement

  static let tables = AccessPlace(.zero)
  /// Of memories, which traps have 24 bits for (``CheckedAccess``); the number behind them stands for the tables.
  static let largestMemory: UInt32 = 1 << 24 - 1

  private init(_ displacement: Displacement) {
    memory = nil
    self.displacement = displacement
  }

  init(memory: Int, _ displacement: Displacement) throws(CompilationRefusal) {
    guard let memory = UInt32(exactly: memory), memory <= Self.largestMemory else {
      throw CompilationRefusal(reason: "it accesses a memory whose number is too large")
    }
    self.memory = memory
    self.displacement = displacement
  }

  var bits: Int64 { Int64(memory ?? Self.largestMemory + 1) << 32 | Int64(displacement.value) }

  /// nil where the bits are none that ``bits`` yields.
  init?(bits: Int64) {
    guard let number = UInt32(exactly: bits >> 32), number <= Self.largestMemory + 1,
      let displacement = Displacement(UInt64(bits & 0xFFFF_FFFF), length: 1)
    else { return nil }
    memory = number <= Self.largestMemory ? number : nil
    self.displacement = displacement
  }
}

/// What a bounds check says of its access if it traps, as it stands in the instruction's `c`.
struct CheckedAccess: Equatable {
  let memory: UInt32
  let width: UInt8

  init(memory: Int, width: Int) throws(CompilationRefusal) {
    guard let memory = UInt32(exactly: memory), memory <= AccessPlace.largestMemory, let width = UInt8(exactly: width)
    else { throw CompilationRefusal(reason: "it accesses a memory whose number is too large") }
    self.memory = memory
    self.width = width
  }

  init(tag: IRValue) {
    memory = tag.id >> 8
    width = UInt8(tag.id & 0xFF)
  }

  var tag: IRValue { IRValue(memory << 8 | UInt32(width)) }
}

extension IRInstruction {
  /// Of a load or store; nil where the bits are no place, which no instruction has that the front end makes.
  var place: AccessPlace? { AccessPlace(bits: imm) }
}
