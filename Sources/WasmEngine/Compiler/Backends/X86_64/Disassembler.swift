/// Reads back what ``Assembler`` writes, in Intel's syntax as GNU objdump prints it. It knows the instructions that the
/// compiler emits, by the same tables of vector operations, and prints any other byte as `.byte`.
struct Disassembler {
  struct Line {
    var offset: Int
    var length: Int
    var text: String
    /// Where a jump or call leads, or what an address relative to the instruction pointer names.
    var target: Int?
  }

  let bytes: [UInt8]
  private var position = 0
  /// Where the instruction begins.
  private var start = 0

  // Prefixes of the instruction that is being read.
  private var hasOperandSize = false
  private var mandatory = Assembler.Prefix.none
  private var rex: UInt8 = 0
  private var isVex = false
  private var second: UInt8 = 0
  private var target: Int?
  /// How many bytes of immediates follow an address relative to the instruction pointer.
  private var failed = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The instruction at an offset.
  static func line(_ bytes: [UInt8], at offset: Int) -> Line {
    var reader = Disassembler(bytes)
    return reader.line(at: offset)
  }

  mutating func line(at offset: Int) -> Line {
    start = offset
    position = offset
    hasOperandSize = false
    mandatory = .none
    rex = 0
    isVex = false
    second = 0
    target = nil
    failed = false
    if let text = read(), !failed, position <= bytes.count {
      return Line(offset: offset, length: position - offset, text: text, target: target)
    }
    let byte = offset < bytes.count ? bytes[offset] : 0
    return Line(offset: offset, length: 1, text: ".byte 0x" + String(byte, radix: 16), target: nil)
  }

  // MARK: Bytes

  private mutating func byte() -> UInt8 {
    guard position < bytes.count else {
      failed = true
      return 0
    }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func signed(_ count: Int) -> Int64 {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(byte()) << UInt64(8 * index) }
    let unused = UInt64(64 - 8 * count)
    return Int64(bitPattern: value << unused) >> Int64(unused)
  }

  private var wide: Bool { rex & 8 != 0 }
  private var size: OperandSize { wide ? .quad : hasOperandSize ? .word : .double }
  private static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  /// An immediate as an operation of a size sees it.
  private func immediate(_ value: Int64, _ size: OperandSize) -> String {
    let bits = UInt64(bitPattern: value)
    return Self.hex(size == .quad ? bits : bits & ((1 << UInt64(8 * size.bytes)) - 1))
  }

  // MARK: Operands

  private struct Operands {
    var reg: UInt8
    /// A register's number, or the text of a memory operand without its width.
    var register: UInt8?
    var memory = ""
  }

  /// The ModRM byte with what belongs to it.
  ///
  /// - Parameter trailing: How many bytes of immediates follow.
  private mutating func modRM(trailing: Int = 0) -> Operands {
    let modRM = byte()
    let mode = modRM >> 6
    var result = Operands(reg: modRM >> 3 & 7 | (rex & 4) << 1)
    let rm = modRM & 7
    if mode == 3 {
      result.register = rm | (rex & 1) << 3
      return result
    }
    if mode == 0, rm == 5 {
      let displacement = signed(4)
      target = position + trailing + Int(displacement)
      result.memory = "[rip" + Self.displacement(displacement, always: true) + "]"
      return result
    }
    var base: Register? = Register(number: rm | (rex & 1) << 3)
    var parts: [String] = []
    var index: String?
    if rm == 4 {
      let sib = byte()
      base = Register(number: sib & 7 | (rex & 1) << 3)
      let number = sib >> 3 & 7 | (rex & 2) << 2
      if number != 4 { index = "\(Register(number: number).name(.quad))*\(1 << Int(sib >> 6))" }
      if mode == 0, sib & 7 == 5 { base = nil }
    }
    if let base { parts.append(base.name(.quad)) }
    if let index { parts.append(index) }
    let displacement = mode == 1 ? signed(1) : mode == 2 || base == nil ? signed(4) : 0
    if parts.isEmpty {
      result.memory = "ds:" + Self.hex(UInt64(bitPattern: displacement))
      return result
    }
    result.memory = "[" + parts.joined(separator: "+")
    if base == nil, displacement < 0 {
      result.memory += "+" + Self.hex(UInt64(bitPattern: displacement))
    } else {
      result.memory += Self.displacement(displacement, always: mode != 0 || base == nil)
    }
    result.memory += "]"
    return result
  }

  private static func displacement(_ value: Int64, always: Bool) -> String {
    if value == 0, !always { return "" }
    return value < 0 ? "-" + hex(value.magnitude) : "+" + hex(UInt64(value))
  }

  private func general(_ number: UInt8, _ size: OperandSize) -> String {
    // Without a REX prefix, 4 to 7 are the high bytes of the first four registers.
    if size == .byte, rex == 0, number >= 4, number < 8 { return ["ah", "ch", "dh", "bh"][Int(number - 4)] }
    return Register(number: number).name(size)
  }

  private func operand(_ operands: Operands, _ size: OperandSize) -> String {
    if let register = operands.register { return general(register, size) }
    return ["BYTE PTR ", "WORD PTR ", "DWORD PTR ", "QWORD PTR "][Int(size.rawValue)] + operands.memory
  }

  private func vector(_ number: UInt8) -> String { "xmm\(number)" }

  private func vectorOperand(_ operands: Operands, _ width: String) -> String {
    operands.register.map { vector($0) } ?? width + operands.memory
  }

  // MARK: Instructions

  private mutating func read() -> String? {
    if bytes.indices.contains(position), bytes[position] == 0xC4 || bytes[position] == 0xC5 { return readVex() }
    while position < bytes.count {
      switch bytes[position] {
      case 0x66: hasOperandSize = true
      case 0xF3: mandatory = .pF3
      case 0xF2: mandatory = .pF2
      default:
        if bytes[position] & 0xF0 == 0x40 {
          rex = bytes[position]
          position += 1
        }
        return readOpcode()
      }
      position += 1
    }
    return nil
  }

  private mutating func readOpcode() -> String? {
    let opcode = byte()
    guard opcode == 0x0F else { return readPrimary(opcode) }
    let next = byte()
    if hasOperandSize, mandatory == .none { mandatory = .p66 }
    switch next {
    case 0x38: return readVector(.of0F38, byte())
    case 0x3A: return readVector(.of0F3A, byte())
    default: return readSecondary(next) ?? readVector(.of0F, next)
    }
  }

  private mutating func jump(_ name: String, _ count: Int) -> String {
    let distance = signed(count)
    target = position + Int(distance)
    return name + " " + Self.hex(UInt64(bitPattern: Int64(position) + distance))
  }

  private mutating func readPrimary(_ opcode: UInt8) -> String? {
    let isByte = opcode & 1 == 0
    let size = isByte ? OperandSize.byte : self.size
    switch opcode {
    case 0x00...0x3F where opcode & 7 < 4:
      let name = Arithmetic(rawValue: opcode >> 3)!
      let operands = modRM()
      let (memory, register) = (operand(operands, size), general(operands.reg, size))
      return "\(name) " + (opcode & 2 != 0 ? "\(register),\(memory)" : "\(memory),\(register)")
    case 0x50...0x57: return "push \(general(opcode & 7 | (rex & 1) << 3, .quad))"
    case 0x58...0x5F: return "pop \(general(opcode & 7 | (rex & 1) << 3, .quad))"
    case 0x63:
      let operands = modRM()
      return "movsxd \(general(operands.reg, self.size)),\(operand(operands, .double))"
    case 0x69, 0x6B:
      let count = opcode == 0x6B ? 1 : self.size == .word ? 2 : 4
      let operands = modRM(trailing: count)
      let value = immediate(signed(count), self.size)
      return "imul \(general(operands.reg, self.size)),\(operand(operands, self.size)),\(value)"
    case 0x70...0x7F: return jump("j" + Condition(rawValue: opcode & 15)!.suffix, 1)
    case 0x80, 0x81, 0x83:
      let count = opcode != 0x81 ? 1 : size == .word ? 2 : 4
      let operands = modRM(trailing: count)
      let value = immediate(signed(count), size)
      return "\(Arithmetic(rawValue: operands.reg & 7)!) \(operand(operands, size)),\(value)"
    case 0x84, 0x85, 0x86, 0x87, 0x88, 0x89:
      let operands = modRM()
      let name = opcode < 0x86 ? "test" : opcode < 0x88 ? "xchg" : "mov"
      return "\(name) \(operand(operands, size)),\(general(operands.reg, size))"
    case 0x8A, 0x8B:
      let operands = modRM()
      return "mov \(general(operands.reg, size)),\(operand(operands, size))"
    case 0x8D:
      let operands = modRM()
      return operands.register == nil ? "lea \(general(operands.reg, self.size)),\(operands.memory)" : nil
    case 0x8F: return "pop \(operand(modRM(), .quad))"
    case 0x90: return mandatory == .pF3 ? "pause" : "nop"
    case 0x99: return wide ? "cqo" : "cdq"
    case 0xB8...0xBF:
      let register = general(opcode & 7 | (rex & 1) << 3, self.size)
      if wide { return "movabs \(register),\(immediate(signed(8), .quad))" }
      return "mov \(register),\(immediate(signed(4), .double))"
    case 0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3:
      let operands = modRM(trailing: opcode < 0xD0 ? 1 : 0)
      guard let shift = Shift(rawValue: operands.reg & 7) else { return nil }
      let count = opcode < 0xD0 ? Self.hex(UInt64(byte())) : opcode < 0xD2 ? "1" : "cl"
      return "\(shift) \(operand(operands, size)),\(count)"
    case 0xC2: return "ret \(Self.hex(UInt64(bitPattern: signed(2)) & 0xFFFF))"
    case 0xC3: return "ret"
    case 0xC6, 0xC7:
      let count = min(size.bytes, 4)
      let operands = modRM(trailing: count)
      guard operands.reg & 7 == 0 else { return nil }
      return "mov \(operand(operands, size)),\(immediate(signed(count), size))"
    case 0xE8: return jump("call", 4)
    case 0xE9: return jump("jmp", 4)
    case 0xEB: return jump("jmp", 1)
    case 0xCC: return "int3"
    case 0xF6, 0xF7:
      let isTest = position < bytes.count && bytes[position] >> 3 & 7 == 0
      let count = isTest ? min(size.bytes, 4) : 0
      let operands = modRM(trailing: count)
      if isTest { return "test \(operand(operands, size)),\(immediate(signed(count), size))" }
      return UnaryArithmetic(rawValue: operands.reg & 7).map { "\($0) \(operand(operands, size))" }
    case 0xFF:
      let operands = modRM()
      let names: [UInt8: String] = [2: "call", 4: "jmp", 6: "push"]
      return names[operands.reg & 7].map { "\($0) \(operand(operands, .quad))" }
    default: return nil
    }
  }

  /// The integer instructions behind 0F.
  private mutating func readSecondary(_ opcode: UInt8) -> String? {
    switch opcode {
    case 0x0B: return "ud2"
    case 0x1F:
      let operands = modRM()
      return "nop \(operand(operands, size))"
    case 0x40...0x4F:
      let operands = modRM()
      let name = "cmov" + Condition(rawValue: opcode & 15)!.suffix
      return "\(name) \(general(operands.reg, size)),\(operand(operands, size))"
    case 0x80...0x8F: return jump("j" + Condition(rawValue: opcode & 15)!.suffix, 4)
    case 0x90...0x9F: return "set\(Condition(rawValue: opcode & 15)!.suffix) \(operand(modRM(), .byte))"
    case 0xAF:
      let operands = modRM()
      return "imul \(general(operands.reg, size)),\(operand(operands, size))"
    case 0xB6, 0xB7, 0xBE, 0xBF:
      let operands = modRM()
      let source = operand(operands, opcode & 1 == 0 ? .byte : .word)
      return (opcode < 0xB8 ? "movzx " : "movsx ") + "\(general(operands.reg, size)),\(source)"
    case 0xB8, 0xBC, 0xBD:
      let operands = modRM()
      let name = mandatory == .pF3 ? BitCount(rawValue: opcode).map { "\($0)" } : opcode == 0xBC ? "bsf" : "bsr"
      guard let name, mandatory == .pF3 || opcode != 0xB8 else { return nil }
      return "\(name) \(general(operands.reg, size)),\(operand(operands, size))"
    default: return nil
    }
  }

  private mutating func readVex() -> String? {
    isVex = true
    let isLong = byte() == 0xC4
    let first = byte()
    var map = Assembler.Map.of0F
    var last = first
    rex = 0x40 | (~first >> 5 & 4)
    if isLong {
      rex |= ~first >> 5 & 3
      guard let found = Assembler.Map(rawValue: first & 31), found != .primary else { return nil }
      map = found
      last = byte()
      if last & 0x80 != 0 { rex |= 8 }
    }
    guard last & 4 == 0 else { return nil }
    mandatory = Assembler.Prefix(rawValue: last & 3)!
    second = ~last >> 3 & 15
    return readVector(map, byte())
  }

  // MARK: Vectors

  private enum Shape {
    case binary, unary, binaryImmediate, unaryImmediate, blend
  }

  /// The vector instructions of the tables, by prefix, map and opcode.
  private static let vectors: [UInt32: (name: String, shape: Shape)] = {
    var result: [UInt32: (name: String, shape: Shape)] = [:]
    for item in VectorBinary.allCases { result[item.rawValue] = ("\(item)", .binary) }
    for item in VectorUnary.allCases { result[item.rawValue] = ("\(item)", .unary) }
    for item in VectorBinaryImmediate.allCases { result[item.rawValue] = ("\(item)", .binaryImmediate) }
    for item in VectorUnaryImmediate.allCases { result[item.rawValue] = ("\(item)", .unaryImmediate) }
    for item in VectorBlend.allCases { result[item.rawValue] = ("\(item)", .blend) }
    return result
  }()

  private static let narrowWidths: [String: String] = [
    "cvtps2pd": "QWORD PTR ", "cvtdq2pd": "QWORD PTR ", "movddup": "QWORD PTR ", "pmovsxbw": "QWORD PTR ",
    "pmovsxwd": "QWORD PTR ", "pmovsxdq": "QWORD PTR ", "pmovzxbw": "QWORD PTR ", "pmovzxwd": "QWORD PTR ",
    "pmovzxdq": "QWORD PTR ", "cvtss2sd": "DWORD PTR ", "cvtsd2ss": "QWORD PTR ", "ucomiss": "DWORD PTR ",
    "ucomisd": "QWORD PTR ", "insertps": "DWORD PTR ", "vpbroadcastb": "BYTE PTR ", "vpbroadcastw": "WORD PTR ",
    "vpbroadcastd": "DWORD PTR ", "vpbroadcastq": "QWORD PTR ",
  ]

  /// What a vector instruction's memory operand is called.
  private static func width(_ name: String) -> String {
    if let width = narrowWidths[name] { return width }
    // Names of packed integers can end like those of scalars.
    if name.hasPrefix("p") { return "XMMWORD PTR " }
    return name.hasSuffix("ss") ? "DWORD PTR " : name.hasSuffix("sd") ? "QWORD PTR " : "XMMWORD PTR "
  }

  private func mnemonic(_ name: String) -> String { isVex && !name.hasPrefix("v") ? "v" + name : name }

  private static let predicates = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"]

  private mutating func readVector(_ map: Assembler.Map, _ opcode: UInt8) -> String? {
    let key = UInt32(mandatory.rawValue) << 12 | UInt32(map.rawValue) << 8 | UInt32(opcode)
    guard let (name, shape) = Self.vectors[key] else { return readOther(map, opcode, key) }
    let width = Self.width(name)
    switch shape {
    case .binary:
      let operands = modRM()
      let first = isVex ? ",\(vector(second))" : ""
      return "\(mnemonic(name)) \(vector(operands.reg))\(first),\(vectorOperand(operands, width))"
    case .unary:
      let operands = modRM()
      return "\(mnemonic(name)) \(vector(operands.reg)),\(vectorOperand(operands, width))"
    case .binaryImmediate:
      let operands = modRM(trailing: 1)
      let value = byte()
      let first = isVex ? ",\(vector(second))" : ""
      let places = "\(vector(operands.reg))\(first),\(vectorOperand(operands, width))"
      if name.hasPrefix("cmp"), value < 8 {
        return mnemonic("cmp") + Self.predicates[Int(value)] + name.dropFirst(3) + " " + places
      }
      return "\(mnemonic(name)) \(places),\(Self.hex(UInt64(value)))"
    case .unaryImmediate:
      let operands = modRM(trailing: 1)
      let value = Self.hex(UInt64(byte()))
      return "\(mnemonic(name)) \(vector(operands.reg)),\(vectorOperand(operands, width)),\(value)"
    case .blend:
      let operands = modRM(trailing: 1)
      let mask = vector(byte() >> 4)
      return "\(mnemonic(name)) \(vector(operands.reg)),\(vector(second)),\(vectorOperand(operands, width)),\(mask)"
    }
  }

  /// Moves between vectors, memory and general registers, shifts, lanes, conversions, and the integer instructions that
  /// have VEX forms alone.
  private mutating func readOther(_ map: Assembler.Map, _ opcode: UInt8, _ key: UInt32) -> String? {
    let size: OperandSize = wide ? .quad : .double
    switch key {
    case 0x0_1_10, 0x2_1_10, 0x3_1_10, 0x2_1_6F, 0x0_1_28, 0x0_1_11, 0x2_1_11, 0x3_1_11, 0x2_1_7F:
      let operands = modRM()
      let names: [UInt32: String] = [
        0x0_1_10: "movups", 0x2_1_10: "movss", 0x3_1_10: "movsd", 0x2_1_6F: "movdqu", 0x0_1_28: "movaps",
        0x0_1_11: "movups", 0x2_1_11: "movss", 0x3_1_11: "movsd", 0x2_1_7F: "movdqu",
      ]
      guard let name = names[key] else { return nil }
      let (register, memory) = (vector(operands.reg), vectorOperand(operands, Self.width(name)))
      let isStore = opcode == 0x11 || opcode == 0x7F
      return "\(mnemonic(name)) " + (isStore ? "\(memory),\(register)" : "\(register),\(memory)")
    case 0x1_1_6E, 0x1_1_7E:
      let operands = modRM()
      let (register, other) = (vector(operands.reg), operand(operands, size))
      return mnemonic(wide ? "movq" : "movd") + " " + (opcode == 0x6E ? "\(register),\(other)" : "\(other),\(register)")
    case 0x1_1_71, 0x1_1_72, 0x1_1_73:
      let operands = modRM(trailing: 1)
      guard let register = operands.register,
        let shift = VectorShift(rawValue: UInt16(opcode) << 4 | UInt16(operands.reg & 7))
      else { return nil }
      let places = isVex ? "\(vector(second)),\(vector(register))" : vector(register)
      return "\(mnemonic("\(shift)")) \(places),\(Self.hex(UInt64(byte())))"
    case 0x1_1_C4, 0x1_3_20, 0x1_3_22:
      let operands = modRM(trailing: 1)
      let lane: OperandSize = opcode == 0xC4 ? .word : opcode == 0x20 ? .byte : size
      let source = operands.register.map { general($0, wide ? .quad : .double) } ?? operand(operands, lane)
      let first = isVex ? ",\(vector(second))" : ""
      return "\(mnemonic("pinsr" + Self.letter(lane))) \(vector(operands.reg))\(first),\(source),"
        + Self.hex(UInt64(byte()))
    case 0x1_3_14, 0x1_3_15, 0x1_3_16:
      let operands = modRM(trailing: 1)
      let lane: OperandSize = opcode == 0x14 ? .byte : opcode == 0x15 ? .word : size
      let place = operands.register.map { general($0, wide ? .quad : .double) } ?? operand(operands, lane)
      return "\(mnemonic("pextr" + Self.letter(lane))) \(place),\(vector(operands.reg)),\(Self.hex(UInt64(byte())))"
    case 0x1_1_D7, 0x0_1_50, 0x1_1_50:
      let operands = modRM()
      let name = opcode == 0xD7 ? "pmovmskb" : mandatory == .none ? "movmskps" : "movmskpd"
      return operands.register.map { "\(mnemonic(name)) \(general(operands.reg, .double)),\(vector($0))" }
    case 0x2_1_2A, 0x3_1_2A:
      let operands = modRM()
      let first = isVex ? ",\(vector(second))" : ""
      let name = mnemonic(mandatory == .pF2 ? "cvtsi2sd" : "cvtsi2ss")
      return "\(name) \(vector(operands.reg))\(first),\(operand(operands, size))"
    case 0x2_1_2C, 0x3_1_2C:
      let operands = modRM()
      let isDouble = mandatory == .pF2
      let source = vectorOperand(operands, isDouble ? "QWORD PTR " : "DWORD PTR ")
      return "\(mnemonic(isDouble ? "cvttsd2si" : "cvttss2si")) \(general(operands.reg, size)),\(source)"
    default:
      return isVex ? readFlagless(map, opcode, size) : nil
    }
  }

  private static func letter(_ size: OperandSize) -> String { ["b", "w", "d", "q"][Int(size.rawValue)] }

  /// BMI1 and BMI2.
  private mutating func readFlagless(_ map: Assembler.Map, _ opcode: UInt8, _ size: OperandSize) -> String? {
    switch (map, opcode, mandatory) {
    case (.of0F38, 0xF7, .p66), (.of0F38, 0xF7, .pF3), (.of0F38, 0xF7, .pF2):
      let operands = modRM()
      let name = FlaglessShift.allCases.first { $0.prefix == mandatory }!
      return "\(name) \(general(operands.reg, size)),\(operand(operands, size)),\(general(second, size))"
    case (.of0F38, 0xF2, .none), (.of0F38, 0xF6, .pF2):
      let operands = modRM()
      let name = opcode == 0xF2 ? "andn" : "mulx"
      return "\(name) \(general(operands.reg, size)),\(general(second, size)),\(operand(operands, size))"
    case (.of0F3A, 0xF0, .pF2):
      let operands = modRM(trailing: 1)
      return "rorx \(general(operands.reg, size)),\(operand(operands, size)),\(Self.hex(UInt64(byte())))"
    default: return nil
    }
  }
}
