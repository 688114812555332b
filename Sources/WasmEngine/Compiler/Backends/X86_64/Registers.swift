/// A general-purpose register, by its number in the encoding.
struct Register: Hashable {
  var number: UInt8

  static let rax = Register(number: 0), rcx = Register(number: 1), rdx = Register(number: 2), rbx = Register(number: 3)
  static let rsp = Register(number: 4), rbp = Register(number: 5), rsi = Register(number: 6), rdi = Register(number: 7)
  static let r8 = Register(number: 8), r9 = Register(number: 9), r10 = Register(number: 10)
  static let r11 = Register(number: 11), r12 = Register(number: 12), r13 = Register(number: 13)
  static let r14 = Register(number: 14), r15 = Register(number: 15)

  static let all = (0..<16).map { Register(number: $0) }

  /// The name that the low bytes of the register have in assembly.
  func name(_ size: OperandSize) -> String {
    let low = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]
    if number < 8 {
      let stem = low[Int(number)]
      switch size {
      case .byte: return number < 4 ? String(stem.first!) + "l" : stem + "l"
      case .word: return stem
      case .double: return "e" + stem
      case .quad: return "r" + stem
      }
    }
    switch size {
    case .byte: return "r\(number)b"
    case .word: return "r\(number)w"
    case .double: return "r\(number)d"
    case .quad: return "r\(number)"
    }
  }
}

/// A vector register, xmm0 to xmm15, by its number in the encoding.
struct VectorRegister: Hashable {
  var number: UInt8

  init(_ number: UInt8) { self.number = number }

  static let all = (0..<16).map { VectorRegister($0) }

  var name: String { "xmm\(number)" }
}

/// The width of an integer operation.
enum OperandSize: UInt8, CaseIterable {
  case byte, word, double, quad

  var bytes: Int { 1 << Int(rawValue) }
}

/// A memory operand: base + index * scale + displacement, or the distance to a label.
struct Address: Hashable {
  var base: Register?
  var index: Register?
  /// The logarithm of the scale, 0 to 3.
  var scale: UInt8 = 0
  var displacement: Int32 = 0
  /// Where set, the operand is relative to the instruction pointer and the rest is not used.
  var label: Label?

  init(_ base: Register?, _ displacement: Int32 = 0) {
    self.base = base
    self.displacement = displacement
  }

  /// The index can be any register but rsp.
  init(_ base: Register?, index: Register, scale: UInt8 = 0, _ displacement: Int32 = 0) {
    self.base = base
    self.index = index
    self.scale = scale
    self.displacement = displacement
  }

  init(_ label: Label) { self.label = label }
}

/// A condition of jcc, setcc and cmovcc, by its code.
enum Condition: UInt8, CaseIterable {
  case overflow, noOverflow, below, aboveOrEqual, equal, notEqual, belowOrEqual, above
  case sign, noSign, parity, noParity, less, greaterOrEqual, lessOrEqual, greater

  var negated: Condition { Condition(rawValue: rawValue ^ 1)! }

  var suffix: String {
    ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"][Int(rawValue)]
  }
}
