import Foundation
import Testing

@testable import WasmEngine

/// Every instruction form against GNU objdump.
@Suite(.enabled(if: EncodingCases.objdump != nil, "objdump is not installed"))
struct AssemblerTests {
  static let addresses: [Address] = {
    var result: [Address] = []
    for base in Register.all {
      for displacement: Int32 in [0, 8, -128, 127, 128, -0x1234_5678] { result.append(Address(base, displacement)) }
      for (position, index) in Register.all.enumerated() where index != .rsp {
        result.append(Address(base, index: index, scale: UInt8(position & 3), position & 4 == 0 ? 0 : 0x40))
      }
    }
    for index in Register.all where index != .rsp { result.append(Address(nil, index: index, scale: 2, 0x10)) }
    result.append(Address(nil, 0x1000))
    return result
  }()

  /// Each base and index that is encoded in a way of its own, with each length of displacement and each scale.
  static let forms: [Address] = {
    var result: [Address] = []
    for base in [Register.rax, .rsp, .rbp, .rdi, .r8, .r12, .r13] {
      for displacement: Int32 in [0, 0x10, -4, 0x1234_5678] { result.append(Address(base, displacement)) }
      for (scale, index) in [Register.rcx, .rbp, .r9, .r12, .r13].enumerated() where index != base {
        result.append(Address(base, index: index, scale: UInt8(scale & 3), [0, 0x7F, -0x81][scale % 3]))
      }
    }
    result.append(Address(nil, index: .rbx, scale: 3, 0x40))
    result.append(Address(nil, index: .r10, scale: 1, 0x40))
    result.append(Address(nil, 0x1000))
    return result
  }()

  func check(_ cases: inout EncodingCases) throws {
    let differences = try cases.differences()
    #expect(
      differences.isEmpty, "\(differences.count) of \(cases.count): \(differences.prefix(10).joined(separator: "\n"))")
  }

  /// The sizes that most instructions have.
  static let wideSizes = [OperandSize.word, .double, .quad]

  @Test func everyFormOfAddress() throws {
    var cases = EncodingCases()
    for address in Self.addresses {
      cases.add("lea r9,\(address.text(""))") { $0.loadAddress(.quad, .r9, address) }
      cases.add("mov ecx,\(address.text("DWORD PTR "))") { $0.move(.double, .rcx, .memory(address)) }
    }
    for size in [OperandSize.double, .quad] {
      for register in Register.all {
        cases.add("lea \(register.name(size)),[rsp+0x8]") { $0.loadAddress(size, register, Address(.rsp, 8)) }
      }
      cases.addresses("", { "lea \(Register.rbx.name(size)),\($0)" }) { $0.loadAddress(size, .rbx, $1) }
    }
    try check(&cases)
  }

  @Test(arguments: Arithmetic.allCases) func arithmetic(operation: Arithmetic) throws {
    var cases = EncodingCases()
    for size in OperandSize.allCases {
      cases.pairs(size, { "\(operation) \($0),\($1)" }) { $0.arithmetic(operation, size, $1, $2) }
      for register in [Register.rbx, .rdi, .r12] {
        cases.addresses(size.pointer, { "\(operation) \($0),\(register.name(size))" }) {
          $0.arithmetic(operation, size, $1, register)
        }
      }
      cases.operands(size, { "\(operation) \($0),0x7f" }) { $0.arithmetic(operation, size, $1, immediate: 127) }
      guard size != .byte else { continue }
      let wide: Int32 = size == .word ? 0x1234 : 0x1234_5678
      cases.operands(size, { "\(operation) \($0),0x\(String(wide, radix: 16))" }) {
        $0.arithmetic(operation, size, $1, immediate: wide)
      }
      let ones = ["0xff", "0xffff", "0xffffffff", "0xffffffffffffffff"][Int(size.rawValue)]
      cases.operands(size, { "\(operation) \($0),\(ones)" }) { $0.arithmetic(operation, size, $1, immediate: -1) }
    }
    try check(&cases)
  }

  @Test func shifts() throws {
    var cases = EncodingCases()
    for size in OperandSize.allCases {
      for shift in Shift.allCases {
        cases.operands(size, { "\(shift) \($0),1" }) { $0.shift(shift, size, $1, by: 1) }
        cases.operands(size, { "\(shift) \($0),0x5" }) { $0.shift(shift, size, $1, by: 5) }
        cases.operands(size, { "\(shift) \($0),cl" }) { $0.shiftByCL(shift, size, $1) }
      }
    }
    try check(&cases)
  }

  @Test func oneOperandTestsAndExchanges() throws {
    var cases = EncodingCases()
    for size in OperandSize.allCases {
      for operation in UnaryArithmetic.allCases {
        cases.operands(size, { "\(operation) \($0)" }) { $0.unary(operation, size, $1) }
      }
      cases.pairs(size, { "test \($1),\($0)" }) { $0.test(size, $2, $1) }
      cases.operands(size, { "test \($0),0x40" }) { $0.test(size, $1, immediate: 0x40) }
      if size != .byte {
        let wide: Int32 = size == .word ? 0x1234 : 0x1234_5678
        cases.operands(size, { "test \($0),0x\(String(wide, radix: 16))" }) { $0.test(size, $1, immediate: wide) }
      }
      cases.pairs(size, { "xchg \($1),\($0)" }) { $0.exchange(size, $1, $2) }
    }
    try check(&cases)
  }

  @Test func moves() throws {
    var cases = EncodingCases()
    for size in OperandSize.allCases {
      cases.pairs(size, { "mov \($0),\($1)" }) { $0.move(size, $1, $2) }
      for register in Register.all {
        cases.add("mov \(Address(.rsp, 8).text(size.pointer)),\(register.name(size))") {
          $0.move(size, Address(.rsp, 8), register)
        }
      }
      for register in [Register.rbx, .rsi, .r15] {
        cases.addresses(size.pointer, { "mov \($0),\(register.name(size))" }) { $0.move(size, $1, register) }
      }
      cases.addresses(size.pointer, { "mov \($0),0x11" }) { $0.move(size, $1, immediate: 0x11) }
    }
    cases.addresses("WORD PTR ", { "mov \($0),0x1234" }) { $0.move(.word, $1, immediate: 0x1234) }
    cases.addresses("DWORD PTR ", { "mov \($0),0xffffffff" }) { $0.move(.double, $1, immediate: -1) }
    cases.addresses("QWORD PTR ", { "mov \($0),0xffffffffffffffff" }) { $0.move(.quad, $1, immediate: -1) }
    for register in Register.all {
      cases.add("mov \(register.name(.double)),0x0") { $0.move(register, constant: 0) }
      cases.add("mov \(register.name(.double)),0xffffffff") { $0.move(register, constant: 0xFFFF_FFFF) }
      cases.add("mov \(register.name(.quad)),0xffffffffffffffff") { $0.move(register, constant: -1) }
      cases.add("mov \(register.name(.quad)),0xffffffff80000000") { $0.move(register, constant: -0x8000_0000) }
      cases.add("movabs \(register.name(.quad)),0x100000000") { $0.move(register, constant: 1 << 32) }
      cases.add("movabs \(register.name(.quad)),0x123456789abcdef") {
        $0.move(register, constant: 0x0123_4567_89AB_CDEF)
      }
    }
    try check(&cases)
  }

  @Test func extensions() throws {
    var cases = EncodingCases()
    cases.pairs(.double, from: .byte, { "movzx \($0),\($1)" }) { $0.moveZeroExtended(.byte, $1, $2) }
    cases.pairs(.double, from: .word, { "movzx \($0),\($1)" }) { $0.moveZeroExtended(.word, $1, $2) }
    cases.pairs(.double, { "mov \($0),\($1)" }) { $0.moveZeroExtended(.double, $1, $2) }
    cases.pairs(.quad, { "mov \($0),\($1)" }) { $0.moveZeroExtended(.quad, $1, $2) }
    for size in [OperandSize.double, .quad] {
      for from in [OperandSize.byte, .word] {
        cases.pairs(size, from: from, { "movsx \($0),\($1)" }) { $0.moveSignExtended(from, to: size, $1, $2) }
      }
    }
    cases.pairs(.quad, from: .double, { "movsxd \($0),\($1)" }) { $0.moveSignExtended(.double, to: .quad, $1, $2) }
    cases.add("cdq") { $0.signExtendAccumulator(.double) }
    cases.add("cqo") { $0.signExtendAccumulator(.quad) }
    try check(&cases)
  }

  @Test func multipliesAndCounts() throws {
    var cases = EncodingCases()
    for size in Self.wideSizes {
      cases.pairs(size, { "imul \($0),\($1)" }) { $0.multiply(size, $1, $2) }
      cases.pairs(size, { "imul \($0),\($1),0x7" }) { $0.multiply(size, $1, $2, immediate: 7) }
      cases.pairs(size, { "imul \($0),\($1),0x1234" }) { $0.multiply(size, $1, $2, immediate: 0x1234) }
      for count in BitCount.allCases {
        cases.pairs(size, { "\(count) \($0),\($1)" }) { $0.count(count, size, $1, $2) }
      }
      cases.pairs(size, { "bsf \($0),\($1)" }) { $0.bitScan(forward: true, size, $1, $2) }
      cases.pairs(size, { "bsr \($0),\($1)" }) { $0.bitScan(forward: false, size, $1, $2) }
    }
    try check(&cases)
  }

  @Test(arguments: Condition.allCases) func conditions(condition: Condition) throws {
    var cases = EncodingCases()
    // The condition is in the opcode, the size is not.
    for size in condition == .equal ? Self.wideSizes : [Self.wideSizes[Int(condition.rawValue) % 3]] {
      cases.pairs(size, { "cmov\(condition.suffix) \($0),\($1)" }) { $0.moveIf(condition, size, $1, $2) }
    }
    for register in Register.all {
      cases.add("set\(condition.suffix) \(register.name(.byte))") { $0.set(condition, register) }
    }
    try check(&cases)
  }

  @Test func stackAndControl() throws {
    var cases = EncodingCases()
    for register in Register.all {
      cases.add("push \(register.name(.quad))") { $0.push(register) }
      cases.add("pop \(register.name(.quad))") { $0.pop(register) }
    }
    cases.addresses("QWORD PTR ", { "push \($0)" }) { $0.push($1) }
    cases.addresses("QWORD PTR ", { "pop \($0)" }) { $0.pop($1) }
    cases.operands(.quad, { "jmp \($0)" }) { $0.jump($1) }
    cases.operands(.quad, { "call \($0)" }) { $0.call($1) }
    cases.add("ret") { $0.ret() }
    cases.add("ret 0x20") { $0.ret(popping: 0x20) }
    cases.add("ud2") { $0.ud2() }
    try check(&cases)
  }

  @Test func bitManipulationExtensions() throws {
    var cases = EncodingCases()
    for size in [OperandSize.double, .quad] {
      for third in [Register.rsp, .r15] {
        let name = third.name(size)
        for shift in FlaglessShift.allCases {
          cases.pairs(size, { "\(shift) \($0),\($1),\(name)" }) { $0.shift(shift, size, $1, $2, by: third) }
        }
        cases.pairs(size, { "andn \($0),\(name),\($1)" }) { $0.andNot(size, $1, third, $2) }
        cases.pairs(size, { "mulx \($0),\(name),\($1)" }) { $0.multiplyWide(size, high: $1, low: third, $2) }
      }
      cases.pairs(size, { "rorx \($0),\($1),0x9" }) { $0.rotate(size, $1, $2, by: 9) }
    }
    try check(&cases)
  }

  @Test func labelsResolveForwardsAndBackwards() throws {
    var assembler = Assembler()
    let start = assembler.code.makeLabel()
    let end = assembler.code.makeLabel()
    assembler.code.bind(start)
    assembler.jump(if: .equal, end)
    assembler.arithmetic(.cmp, .double, .memory(Address(end)), immediate: 5)
    assembler.jump(start)
    assembler.code.bind(end)
    let resolved = assembler.code.resolve()
    #expect(resolved)
    let bytes = (0..<assembler.code.count).map { assembler.code.bytes[$0] }
    // je +9; cmp dword [rip+2], 5; jmp -15, which is known to be near
    #expect(bytes == [0x0F, 0x84, 9, 0, 0, 0, 0x83, 0x3D, 2, 0, 0, 0, 5, 0xEB, 0xF1])
  }

  @Test func jumpsAndCallsToLabels() throws {
    var assembler = Assembler()
    let label = assembler.code.makeLabel()
    for condition in Condition.allCases { assembler.jump(if: condition, label) }
    assembler.jump(label)
    assembler.call(label)
    assembler.code.bind(label)
    let resolved = assembler.code.resolve()
    #expect(resolved)
    let end = assembler.code.count
    let lines = try EncodingCases.disassemble(UnsafeRawBufferPointer(start: assembler.code.bytes, count: end))
    let names = Condition.allCases.map { "j\($0.suffix)" } + ["jmp", "call"]
    #expect(lines.map(\.text) == names.map { "\($0) 0x\(String(end, radix: 16))" })
  }

  /// The methods of the assembler, each of which has its forms in a test here or in ``VectorAssemblerTests``. Whoever adds
  /// one adds its forms, and its name here.
  @Test func everyMethodHasItsForms() throws {
    let covered = """
      arithmetic arithmetic arithmetic test test unary multiply multiply shift shiftByCL shift rotate andNot
      multiplyWide count bitScan signExtendAccumulator move move move move moveZeroExtended moveSignExtended loadAddress
      exchange set moveIf push pop push pop jump jump jump call call ret ud2 vector vector vector vector blend vectorShift
      load store move moveToVector moveFromVector insertLane extractLane signs convertToFloat convertToInteger
      """.split { " \n".contains($0) }.map(String.init)
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Sources/WasmEngine/Compiler/Backends/X86_64").standardized
    var found: [String] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasPrefix("Assembler+") {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      for line in text.split(separator: "\n") where line.hasPrefix("  mutating func ") {
        found.append(String(line.dropFirst("  mutating func ".count).prefix { $0.isLetter || $0.isNumber }))
      }
    }
    #expect(found.sorted() == covered.sorted())
  }
}
