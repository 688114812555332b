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

  /// A few addresses, for instructions whose handling of them is the same as that of others.
  static let fewAddresses = [
    Address(.rax, 0x10), Address(.r13), Address(.rsp, 4), Address(.r12, index: .r9, scale: 3, -4),
    Address(.rbx, index: .r15),
  ]

  func check(_ cases: borrowing EncodingCases) throws {
    let differences = try cases.differences()
    #expect(
      differences.isEmpty, "\(differences.count) of \(cases.count): \(differences.prefix(10).joined(separator: "\n"))")
  }

  @Test func everyFormOfAddress() throws {
    var cases = EncodingCases()
    for address in Self.addresses {
      cases.add("lea r9,\(address.text(""))") { $0.loadAddress(.quad, .r9, address) }
      cases.add("mov ecx,\(address.text("DWORD PTR "))") { $0.move(.double, .rcx, .memory(address)) }
    }
    try check(cases)
  }

  @Test func arithmeticInEverySizeAndForm() throws {
    var cases = EncodingCases()
    for operation in Arithmetic.allCases {
      for size in OperandSize.allCases {
        for register in Register.all {
          let name = register.name(size)
          cases.add("\(operation) \(name),\(Register.rbx.name(size))") {
            $0.arithmetic(operation, size, register, .of(.rbx))
          }
          cases.add("\(operation) \(Register.r8.name(size)),\(name)") {
            $0.arithmetic(operation, size, .r8, .of(register))
          }
          let small = size == .byte ? "0x7f" : "0x7f"
          // The accumulator has a shorter form for bytes, which is not used.
          cases.add("\(operation) \(name),\(small)") { $0.arithmetic(operation, size, .of(register), immediate: 127) }
          if size != .byte {
            let wide = size == .word ? "0x1234" : "0x12345678"
            cases.add("\(operation) \(name),\(wide)") {
              $0.arithmetic(operation, size, .of(register), immediate: size == .word ? 0x1234 : 0x1234_5678)
            }
          }
        }
        for address in Self.fewAddresses {
          let text = address.text(size.pointer)
          cases.add("\(operation) \(Register.rsi.name(size)),\(text)") {
            $0.arithmetic(operation, size, .rsi, .memory(address))
          }
          cases.add("\(operation) \(text),\(Register.rdi.name(size))") { $0.arithmetic(operation, size, address, .rdi) }
          cases.add("\(operation) \(text),0x1") { $0.arithmetic(operation, size, .memory(address), immediate: 1) }
        }
      }
    }
    try check(cases)
  }

  @Test func shiftsUnaryAndTests() throws {
    var cases = EncodingCases()
    for size in OperandSize.allCases {
      for register in Register.all {
        let name = register.name(size)
        for shift in Shift.allCases {
          cases.add("\(shift) \(name),1") { $0.shift(shift, size, .of(register), by: 1) }
          cases.add("\(shift) \(name),0x5") { $0.shift(shift, size, .of(register), by: 5) }
          cases.add("\(shift) \(name),cl") { $0.shiftByCL(shift, size, .of(register)) }
        }
        for operation in UnaryArithmetic.allCases {
          cases.add("\(operation) \(name)") { $0.unary(operation, size, .of(register)) }
        }
        cases.add("test \(name),\(Register.rsi.name(size))") { $0.test(size, .of(register), .rsi) }
        cases.add("test \(name),0x40") { $0.test(size, .of(register), immediate: 0x40) }
        cases.add("xchg \(name),\(Register.rdi.name(size))") { $0.exchange(size, .rdi, .of(register)) }
      }
      for address in Self.fewAddresses {
        let text = address.text(size.pointer)
        for shift in Shift.allCases {
          cases.add("\(shift) \(text),0x3") { $0.shift(shift, size, .memory(address), by: 3) }
        }
        cases.add("neg \(text)") { $0.unary(.neg, size, .memory(address)) }
        cases.add("test \(text),0x40") { $0.test(size, .memory(address), immediate: 0x40) }
        cases.add("mov \(text),0x11") { $0.move(size, address, immediate: 0x11) }
        cases.add("mov \(text),\(Register.rsi.name(size))") { $0.move(size, address, .rsi) }
        cases.add("mov \(Register.rbp.name(size)),\(text)") { $0.move(size, .rbp, .memory(address)) }
      }
    }
    try check(cases)
  }

  @Test func multipliesCountsExtensionsAndConditions() throws {
    var cases = EncodingCases()
    for size in [OperandSize.word, .double, .quad] {
      for register in [Register.rax, .rdi, .r11] {
        let name = register.name(size)
        let other = Register.r14.name(size)
        cases.add("imul \(name),\(other)") { $0.multiply(size, register, .of(.r14)) }
        cases.add("imul \(name),\(other),0x7") { $0.multiply(size, register, .of(.r14), immediate: 7) }
        cases.add("imul \(name),\(other),0x1234") { $0.multiply(size, register, .of(.r14), immediate: 0x1234) }
        for count in BitCount.allCases {
          cases.add("\(count) \(name),\(other)") { $0.count(count, size, register, .of(.r14)) }
        }
        cases.add("bsf \(name),\(other)") { $0.bitScan(forward: true, size, register, .of(.r14)) }
        cases.add("bsr \(name),\(other)") { $0.bitScan(forward: false, size, register, .of(.r14)) }
        for condition in Condition.allCases {
          cases.add("cmov\(condition.suffix) \(name),\(other)") { $0.moveIf(condition, size, register, .of(.r14)) }
        }
      }
    }
    for register in Register.all {
      for condition in Condition.allCases {
        cases.add("set\(condition.suffix) \(register.name(.byte))") { $0.set(condition, register) }
      }
      cases.add("movzx r10d,\(register.name(.byte))") { $0.moveZeroExtended(.byte, .r10, .of(register)) }
      cases.add("movzx ecx,\(register.name(.word))") { $0.moveZeroExtended(.word, .rcx, .of(register)) }
      cases.add("movsx ecx,\(register.name(.byte))") { $0.moveSignExtended(.byte, to: .double, .rcx, .of(register)) }
      cases.add("movsx rcx,\(register.name(.word))") { $0.moveSignExtended(.word, to: .quad, .rcx, .of(register)) }
      cases.add("movsxd r9,\(register.name(.double))") { $0.moveSignExtended(.double, to: .quad, .r9, .of(register)) }
      cases.add("push \(register.name(.quad))") { $0.push(register) }
      cases.add("pop \(register.name(.quad))") { $0.pop(register) }
      cases.add("jmp \(register.name(.quad))") { $0.jump(.of(register)) }
      cases.add("call \(register.name(.quad))") { $0.call(.of(register)) }
      cases.add("mov \(register.name(.double)),0xffffffff") { $0.move(register, constant: 0xFFFF_FFFF) }
      cases.add("mov \(register.name(.quad)),0xffffffffffffffff") { $0.move(register, constant: -1) }
      cases.add("movabs \(register.name(.quad)),0x123456789abcdef") {
        $0.move(register, constant: 0x0123_4567_89AB_CDEF)
      }
    }
    cases.add("cdq") { $0.signExtendAccumulator(.double) }
    cases.add("cqo") { $0.signExtendAccumulator(.quad) }
    cases.add("ret") { $0.ret() }
    cases.add("ret 0x20") { $0.ret(popping: 0x20) }
    cases.add("ud2") { $0.ud2() }
    try check(cases)
  }

  @Test func bitManipulationExtensions() throws {
    var cases = EncodingCases()
    for size in [OperandSize.double, .quad] {
      for (target, source, count) in [(Register.rax, Register.r9, Register.rcx), (.r15, .rdx, .r8)] {
        let names = [target, source, count].map { $0.name(size) }
        for shift in FlaglessShift.allCases {
          cases.add("\(shift) \(names.joined(separator: ","))") {
            $0.shift(shift, size, target, .of(source), by: count)
          }
        }
        cases.add("rorx \(names[0]),\(names[1]),0x9") { $0.rotate(size, target, .of(source), by: 9) }
        cases.add("andn \(names[0]),\(names[2]),\(names[1])") { $0.andNot(size, target, count, .of(source)) }
        cases.add("mulx \(names[0]),\(names[2]),\(names[1])") {
          $0.multiplyWide(size, high: target, low: count, .of(source))
        }
      }
    }
    try check(cases)
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
    // je +12; cmp dword [rip+5], 5; jmp -18
    #expect(bytes == [0x0F, 0x84, 12, 0, 0, 0, 0x83, 0x3D, 5, 0, 0, 0, 5, 0xE9, 0xEE, 0xFF, 0xFF, 0xFF])
  }
}
