extension MachineOperation {
  /// Whether it is surely one instruction of the machine where it has a memory operand.
  var isOneInstruction: Bool {
    switch self {
    case .store, .storeConstant, .arithmeticMemory, .extend, .arithmetic, .compare, .test, .vectorLoad, .vectorStore:
      true
    default: false
    }
  }
}

extension MachineInstruction {
  /// Registers that take no part in allocation.
  static func isReserved(_ register: VirtualRegister) -> Bool {
    register.id == 15 || register.id == 4 || register.id == 5 || register.id == 11 || register.id == 31
  }

  /// Calls `body` with every register that is read, and whether a stack slot could stand in its place.
  @inline(__always)
  func forEachUse(_ body: (VirtualRegister, Bool) -> Void) {
    if a.exists, !Self.isReserved(a) { body(a, operation == .move) }
    if b.exists, !Self.isReserved(b) { body(b, !isMemory && allowsMemory) }
    if x.exists, !Self.isReserved(x) { body(x, false) }
    switch operation {
    case .divide:
      body(VirtualRegister(Register.rax), false)
      body(VirtualRegister(Register.rdx), false)
    case .multiplyWide:
      body(VirtualRegister(Register.rax), false)
    case .shift:
      body(VirtualRegister(Register.rcx), false)
    case .call, .callDirect, .callRuntime, .tailCall, .ret, .throwException:
      var bits = opcode
      while bits != 0 {
        body(VirtualRegister(bits.trailingZeroBitCount), false)
        bits &= bits - 1
      }
    default:
      break
    }
  }

  @inline(__always)
  func forEachDefinition(_ body: (VirtualRegister) -> Void) {
    if d.exists, !Self.isReserved(d) { body(d) }
    switch operation {
    case .divide, .multiplyWide:
      body(VirtualRegister(Register.rax))
      body(VirtualRegister(Register.rdx))
    case .call, .callDirect, .callRuntime:
      var bits = definitions
      while bits != 0 {
        body(VirtualRegister(bits.trailingZeroBitCount))
        bits &= bits - 1
      }
    default:
      break
    }
  }

  /// Whether it calls: every physical register that is not reserved loses what it held, but for those that callees preserve.
  var isCall: Bool {
    switch operation {
    case .call, .callDirect, .callRuntime, .throwException: true
    default: false
    }
  }

  /// Whether an exception can come out of it, which leaves nothing in registers where it is caught.
  var mayThrow: Bool {
    switch operation {
    case .call, .callDirect, .throwException: true
    default: false
    }
  }

  /// Whether it leaves the function for its caller, or for another in its place.
  var leaves: Bool { operation == .ret || operation == .tailCall }

  /// The general registers that callees preserve, as bits; the platform's C convention preserves them too. Functions that
  /// catch exceptions preserve all of them, so that what is unwound needs not be looked at.
  static let preserved: UInt32 = 1 << 12 | 1 << 13 | 1 << 14

  /// Whether what it does depends on the flags that an instruction before it has set.
  var readsFlags: Bool {
    switch operation {
    case .jumpIf, .set, .moveIf, .moveIfVector, .trapIf: true
    case .arithmetic, .arithmeticMemory: sub == Arithmetic.adc.rawValue || sub == Arithmetic.sbb.rawValue
    default: false
    }
  }

  /// Whether the instruction reads a register that it also writes.
  @inline(__always)
  func reads(_ register: VirtualRegister) -> Bool {
    if a == register || b == register || x == register { return true }
    switch operation {
    case .divide: return register.id == 0 || register.id == 2
    case .multiplyWide: return register.id == 0
    default: return false
    }
  }

  /// Whether the second operand `b`, where it is a register, could as well be in memory.
  var allowsMemory: Bool {
    switch operation {
    case .arithmetic, .compare, .multiply, .multiplyConstant, .shiftFlagless, .rotateConstant, .count, .bitScan,
      .extend,
      .moveIf, .divide, .multiplyWide, .convertToFloat, .convertToInteger, .vectorCompare:
      true
    default:
      false
    }
  }
}
