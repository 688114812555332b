import Testing

@testable import WasmEngine

/// Every vector instruction in both encodings against GNU objdump.
@Suite(.enabled(if: EncodingCases.objdump != nil, "objdump is not installed"))
struct VectorAssemblerTests {
  static let pairs: [(VectorRegister, VectorRegister)] = [
    (VectorRegister(1), VectorRegister(2)), (VectorRegister(9), VectorRegister(12)),
  ]

  /// How objdump names the width of a memory operand.
  static func width(_ mnemonic: String) -> String {
    let narrow: [String: String] = [
      "cvtps2pd": "QWORD PTR ", "cvtdq2pd": "QWORD PTR ", "movddup": "QWORD PTR ", "pmovsxbw": "QWORD PTR ",
      "pmovsxwd": "QWORD PTR ", "pmovsxdq": "QWORD PTR ", "pmovzxbw": "QWORD PTR ", "pmovzxwd": "QWORD PTR ",
      "pmovzxdq": "QWORD PTR ", "cvtss2sd": "DWORD PTR ", "cvtsd2ss": "QWORD PTR ", "ucomiss": "DWORD PTR ",
      "ucomisd": "QWORD PTR ", "insertps": "DWORD PTR ", "vpbroadcastb": "BYTE PTR ", "vpbroadcastw": "WORD PTR ",
      "vpbroadcastd": "DWORD PTR ", "vpbroadcastq": "QWORD PTR ",
    ]
    if let width = narrow[mnemonic] { return width }
    let stem = mnemonic.hasPrefix("packss") || mnemonic.hasPrefix("p") ? "" : mnemonic
    if stem.hasSuffix("ss") { return "DWORD PTR " }
    if stem.hasSuffix("sd") { return "QWORD PTR " }
    return "XMMWORD PTR "
  }

  func check(_ cases: inout EncodingCases) throws {
    let differences = try cases.differences()
    #expect(
      differences.isEmpty, "\(differences.count) of \(cases.count): \(differences.prefix(10).joined(separator: "\n"))")
  }

  private static let registers = [VectorRegister(0), VectorRegister(7), VectorRegister(8), VectorRegister(13)]

  /// An instruction with its target and its last operand in both encodings, with a second register in the longer one.
  private func forms(
    _ cases: inout EncodingCases, _ mnemonic: String, _ suffix: String = "",
    _ emit: (inout Assembler, VectorRegister, VectorRegister, RegisterOrMemory, Bool) -> Void
  ) {
    let width = Self.width(mnemonic)
    for target in Self.registers {
      for source in Self.registers {
        cases.add("\(mnemonic) \(target.name),\(source.name)\(suffix)") {
          emit(&$0, target, target, .of(source), false)
        }
        for first in Self.registers {
          cases.add("v\(mnemonic) \(target.name),\(first.name),\(source.name)\(suffix)") {
            emit(&$0, target, first, .of(source), true)
          }
        }
      }
    }
    for (target, first) in Self.pairs {
      cases.addresses(width, { "\(mnemonic) \(target.name),\($0)\(suffix)" }) {
        emit(&$0, target, target, .memory($1), false)
      }
      cases.addresses(width, { "v\(mnemonic) \(target.name),\(first.name),\($0)\(suffix)" }) {
        emit(&$0, target, first, .memory($1), true)
      }
    }
  }

  /// As ``forms(_:_:_:_:)``, where no second register is read.
  private func shortForms(
    _ cases: inout EncodingCases, _ mnemonic: String, _ suffix: String = "", hasLegacyForm: Bool = true,
    _ emit: (inout Assembler, VectorRegister, RegisterOrMemory, Bool) -> Void
  ) {
    let width = Self.width(mnemonic)
    for avx in hasLegacyForm ? [false, true] : [true] {
      let name = avx && hasLegacyForm ? "v\(mnemonic)" : mnemonic
      for target in Self.registers {
        for source in Self.registers {
          cases.add("\(name) \(target.name),\(source.name)\(suffix)") { emit(&$0, target, .of(source), avx) }
        }
      }
      for (target, _) in Self.pairs {
        cases.addresses(width, { "\(name) \(target.name),\($0)\(suffix)" }) { emit(&$0, target, .memory($1), avx) }
      }
    }
  }

  @Test func twoOperands() throws {
    var cases = EncodingCases()
    for operation in VectorBinary.allCases {
      forms(&cases, "\(operation)") { $0.vector(operation, $1, $2, $3, avx: $4) }
    }
    try check(&cases)
  }

  @Test func oneOperand() throws {
    var cases = EncodingCases()
    for operation in VectorUnary.allCases {
      shortForms(&cases, "\(operation)", hasLegacyForm: operation.hasLegacyForm) {
        $0.vector(operation, $1, $2, avx: $3)
      }
    }
    try check(&cases)
  }

  @Test func immediates() throws {
    var cases = EncodingCases()
    for operation in VectorBinaryImmediate.allCases where !"\(operation)".hasPrefix("cmp") {
      forms(&cases, "\(operation)", ",0x9") { $0.vector(operation, $1, $2, $3, 9, avx: $4) }
    }
    for (number, name) in ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"].enumerated() {
      for (operation, type) in [(VectorBinaryImmediate.cmpps, "ps"), (.cmppd, "pd"), (.cmpss, "ss"), (.cmpsd, "sd")] {
        forms(&cases, "cmp\(name)\(type)") { $0.vector(operation, $1, $2, $3, UInt8(number), avx: $4) }
      }
    }
    for operation in VectorUnaryImmediate.allCases {
      shortForms(&cases, "\(operation)", ",0x4e") { $0.vector(operation, $1, $2, 0x4E, avx: $3) }
    }
    for shift in VectorShift.allCases {
      for target in VectorRegister.all {
        cases.add("\(shift) \(target.name),0x3") { $0.vectorShift(shift, target, target, by: 3, avx: false) }
        for source in VectorRegister.all {
          cases.add("v\(shift) \(target.name),\(source.name),0x3") {
            $0.vectorShift(shift, target, source, by: 3, avx: true)
          }
        }
      }
    }
    try check(&cases)
  }

  @Test func blends() throws {
    var cases = EncodingCases()
    for operation in VectorBlend.allCases {
      for target in Self.registers {
        for first in Self.registers {
          for mask in Self.registers {
            for source in Self.registers {
              cases.add("\(operation) \(target.name),\(first.name),\(source.name),\(mask.name)") {
                $0.blend(operation, target, first, .of(source), mask: mask)
              }
            }
          }
        }
        cases.addresses("XMMWORD PTR ", { "\(operation) \(target.name),xmm3,\($0),xmm12" }) {
          $0.blend(operation, target, VectorRegister(3), .memory($1), mask: VectorRegister(12))
        }
      }
    }
    try check(&cases)
  }

  @Test(arguments: [false, true]) func movesOfVectors(avx: Bool) throws {
    var cases = EncodingCases()
    let v = avx ? "v" : ""
    for x in VectorRegister.all {
      for y in VectorRegister.all {
        cases.add("\(v)movaps \(x.name),\(y.name)") { $0.move(x, y, avx: avx) }
      }
    }
    for x in Self.registers {
      for move in VectorMove.allCases {
        let width = move == .movss ? "DWORD PTR " : move == .movsd ? "QWORD PTR " : "XMMWORD PTR "
        cases.addresses(width, { "\(v)\(move) \(x.name),\($0)" }) { $0.load(move, x, $1, avx: avx) }
        cases.addresses(width, { "\(v)\(move) \($0),\(x.name)" }) { $0.store(move, $1, x, avx: avx) }
      }
    }
    try check(&cases)
  }

  @Test(arguments: [false, true]) func lanesAndGeneralRegisters(avx: Bool) throws {
    var cases = EncodingCases()
    let v = avx ? "v" : ""
    for x in Self.registers {
      for (size, letter) in [(OperandSize.double, "d"), (.quad, "q")] {
        cases.operands(size, { "\(v)mov\(letter) \(x.name),\($0)" }) { $0.moveToVector(size, x, $1, avx: avx) }
        cases.operands(size, { "\(v)mov\(letter) \($0),\(x.name)" }) { $0.moveFromVector(size, $1, x, avx: avx) }
      }
      for (size, letter) in [(OperandSize.byte, "b"), (.word, "w"), (.double, "d"), (.quad, "q")] {
        let register: OperandSize = size == .quad ? .quad : .double
        for y in avx ? Self.registers : [x] {
          let first = avx ? ",\(y.name)" : ""
          cases.operands(register, pointer: size.pointer, { "\(v)pinsr\(letter) \(x.name)\(first),\($0),0x1" }) {
            $0.insertLane(size, x, y, $1, lane: 1, avx: avx)
          }
        }
        cases.operands(register, pointer: size.pointer, { "\(v)pextr\(letter) \($0),\(x.name),0x1" }) {
          $0.extractLane(size, $1, x, lane: 1, avx: avx)
        }
      }
      for register in Register.all {
        for signs in Assembler.SignMask.allCases {
          cases.add("\(v)\(signs) \(register.name(.double)),\(x.name)") { $0.signs(signs, register, x, avx: avx) }
        }
      }
    }
    try check(&cases)
  }

  @Test(arguments: [false, true]) func conversions(avx: Bool) throws {
    var cases = EncodingCases()
    let v = avx ? "v" : ""
    for (isDouble, letter) in [(false, "s"), (true, "d")] {
      for size in [OperandSize.double, .quad] {
        for x in Self.registers {
          for y in avx ? Self.registers : [x] {
            let first = avx ? ",\(y.name)" : ""
            cases.operands(size, { "\(v)cvtsi2s\(letter) \(x.name)\(first),\($0)" }) {
              $0.convertToFloat(isDouble: isDouble, x, y, size, $1, avx: avx)
            }
          }
          for register in Register.all {
            cases.add("\(v)cvtts\(letter)2si \(register.name(size)),\(x.name)") {
              $0.convertToInteger(isDouble: isDouble, size, register, .of(x), avx: avx)
            }
          }
        }
        for register in [Register.rbx, .r9] {
          let width = isDouble ? "QWORD PTR " : "DWORD PTR "
          cases.addresses(width, { "\(v)cvtts\(letter)2si \(register.name(size)),\($0)" }) {
            $0.convertToInteger(isDouble: isDouble, size, register, .memory($1), avx: avx)
          }
        }
      }
    }
    try check(&cases)
  }
}
