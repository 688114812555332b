/// What each operator that accesses a memory at an address does, by opcode: dense, for the loops that see every
/// instruction of a module.
struct MemoryAccesses {
  struct Access {
    /// Whether it is a load, a store, or an atomic access; false for all other operators.
    var isAccess = false
    var writes = false
    var hasResult = false
    var isAtomic = false
    /// The logarithm of the number of bytes.
    var width: UInt8 = 0
    /// The operands above the address, and their types.
    var operandCount: UInt8 = 0
    var first = ValueType.bottom
    var second = ValueType.bottom
  }

  private let rows: [Access]

  init() {
    var rows = [Access](repeating: Access(), count: Operator.opcodeLimit)
    for row in Operator.all {
      guard row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane, let type = row.type else {
        continue
      }
      var access = Access()
      access.isAccess = true
      access.hasResult = !type.results.isEmpty
      access.width = row.width
      access.isAtomic = row.feature == .threads
      access.operandCount = UInt8(type.operands.count)
      if type.operands.count > 0 { access.first = type.operands[0] }
      if type.operands.count > 1 { access.second = type.operands[1] }
      let waits =
        row.opcode == .memoryAtomicNotify || row.opcode == .memoryAtomicWait32 || row.opcode == .memoryAtomicWait64
      access.writes = type.results.isEmpty || (access.isAtomic && access.operandCount > 0 && !waits)
      rows[Int(row.opcode.rawValue)] = access
    }
    self.rows = rows
  }

  @inline(__always)
  subscript(opcode: Opcode) -> Access { rows[Int(opcode.rawValue)] }
}
