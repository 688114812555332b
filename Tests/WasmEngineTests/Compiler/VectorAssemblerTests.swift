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

  func check(_ cases: borrowing EncodingCases) throws {
    let differences = try cases.differences()
    #expect(
      differences.isEmpty, "\(differences.count) of \(cases.count): \(differences.prefix(10).joined(separator: "\n"))")
  }

  @Test func twoOperands() throws {
    var cases = EncodingCases()
    for operation in VectorBinary.allCases {
      let width = Self.width("\(operation)")
      for (target, source) in Self.pairs {
        let third = VectorRegister(target.number ^ 15)
        cases.add("\(operation) \(target.name),\(source.name)") {
          $0.vector(operation, target, target, .of(source), avx: false)
        }
        cases.add("v\(operation) \(target.name),\(third.name),\(source.name)") {
          $0.vector(operation, target, third, .of(source), avx: true)
        }
        for address in AssemblerTests.fewAddresses {
          cases.add("\(operation) \(target.name),\(address.text(width))") {
            $0.vector(operation, target, target, .memory(address), avx: false)
          }
          // objdump prints a ptr width for the conversions' source
          cases.add("v\(operation) \(target.name),\(third.name),\(address.text(width))") {
            $0.vector(operation, target, third, .memory(address), avx: true)
          }
        }
      }
    }
    try check(cases)
  }

  @Test func oneOperand() throws {
    var cases = EncodingCases()
    for operation in VectorUnary.allCases {
      for (target, source) in Self.pairs {
        let address = AssemblerTests.fewAddresses[3]
        guard operation.hasLegacyForm else {
          cases.add("\(operation) \(target.name),\(source.name)") {
            $0.vector(operation, target, .of(source), avx: true)
          }
          cases.add("\(operation) \(target.name),\(address.text(Self.width("\(operation)")))") {
            $0.vector(operation, target, .memory(address), avx: true)
          }
          continue
        }
        cases.add("\(operation) \(target.name),\(source.name)") {
          $0.vector(operation, target, .of(source), avx: false)
        }
        cases.add("v\(operation) \(target.name),\(source.name)") {
          $0.vector(operation, target, .of(source), avx: true)
        }
        cases.add("\(operation) \(target.name),\(address.text(Self.width("\(operation)")))") {
          $0.vector(operation, target, .memory(address), avx: false)
        }
      }
    }
    try check(cases)
  }

  @Test func immediates() throws {
    var cases = EncodingCases()
    for (target, source) in Self.pairs {
      for operation in VectorBinaryImmediate.allCases where !"\(operation)".hasPrefix("cmp") {
        cases.add("\(operation) \(target.name),\(source.name),0x9") {
          $0.vector(operation, target, target, .of(source), 9, avx: false)
        }
        cases.add("v\(operation) \(target.name),\(source.name),\(target.name),0x9") {
          $0.vector(operation, target, source, .of(target), 9, avx: true)
        }
      }
      for (number, name) in ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"].enumerated() {
        for (operation, type) in [(VectorBinaryImmediate.cmpps, "ps"), (.cmppd, "pd"), (.cmpss, "ss"), (.cmpsd, "sd")] {
          cases.add("cmp\(name)\(type) \(target.name),\(source.name)") {
            $0.vector(operation, target, target, .of(source), UInt8(number), avx: false)
          }
          cases.add("vcmp\(name)\(type) \(target.name),\(source.name),\(target.name)") {
            $0.vector(operation, target, source, .of(target), UInt8(number), avx: true)
          }
        }
      }
      for operation in VectorUnaryImmediate.allCases {
        cases.add("\(operation) \(target.name),\(source.name),0x4e") {
          $0.vector(operation, target, .of(source), 0x4E, avx: false)
        }
        cases.add("v\(operation) \(target.name),\(source.name),0x4e") {
          $0.vector(operation, target, .of(source), 0x4E, avx: true)
        }
      }
      for shift in VectorShift.allCases {
        cases.add("\(shift) \(target.name),0x3") { $0.vectorShift(shift, target, target, by: 3, avx: false) }
        cases.add("v\(shift) \(target.name),\(source.name),0x3") {
          $0.vectorShift(shift, target, source, by: 3, avx: true)
        }
      }
    }
    try check(cases)
  }

  @Test func blends() throws {
    var cases = EncodingCases()
    let address = AssemblerTests.fewAddresses[3]
    for operation in VectorBlend.allCases {
      for (target, source) in Self.pairs {
        let first = VectorRegister(target.number ^ 15)
        let mask = VectorRegister(source.number ^ 7)
        cases.add("\(operation) \(target.name),\(first.name),\(source.name),\(mask.name)") {
          $0.blend(operation, target, first, .of(source), mask: mask)
        }
        cases.add("\(operation) \(target.name),\(first.name),\(address.text("XMMWORD PTR ")),\(mask.name)") {
          $0.blend(operation, target, first, .memory(address), mask: mask)
        }
      }
    }
    try check(cases)
  }

  @Test func movesLanesAndConversions() throws {
    var cases = EncodingCases()
    let address = Address(.r12, index: .r9, scale: 3, -4)
    for avx in [false, true] {
      let v = avx ? "v" : ""
      for (x, y) in Self.pairs {
        for move in VectorMove.allCases {
          let width = move == .movss ? "DWORD PTR " : move == .movsd ? "QWORD PTR " : "XMMWORD PTR "
          cases.add("\(v)\(move) \(x.name),\(address.text(width))") { $0.load(move, x, address, avx: avx) }
          cases.add("\(v)\(move) \(address.text(width)),\(x.name)") { $0.store(move, address, x, avx: avx) }
        }
        cases.add("\(v)movaps \(x.name),\(y.name)") { $0.move(x, y, avx: avx) }
        for register in [Register.rax, .r10] {
          let (d, q) = (register.name(.double), register.name(.quad))
          cases.add("\(v)movd \(x.name),\(d)") { $0.moveToVector(.double, x, .of(register), avx: avx) }
          cases.add("\(v)movq \(x.name),\(q)") { $0.moveToVector(.quad, x, .of(register), avx: avx) }
          cases.add("\(v)movd \(d),\(x.name)") { $0.moveFromVector(.double, .of(register), x, avx: avx) }
          cases.add("\(v)movq \(q),\(x.name)") { $0.moveFromVector(.quad, .of(register), x, avx: avx) }
          let first = avx ? ",\(y.name)" : ""
          for (size, letter) in [(OperandSize.byte, "b"), (.word, "w"), (.double, "d"), (.quad, "q")] {
            let name = register.name(size == .quad ? .quad : .double)
            cases.add("\(v)pinsr\(letter) \(x.name)\(first),\(name),0x1") {
              $0.insertLane(size, x, avx ? y : x, .of(register), lane: 1, avx: avx)
            }
            cases.add("\(v)pextr\(letter) \(name),\(x.name),0x1") {
              $0.extractLane(size, .of(register), x, lane: 1, avx: avx)
            }
            cases.add("\(v)pextr\(letter) \(address.text(size.pointer)),\(x.name),0x1") {
              $0.extractLane(size, .memory(address), x, lane: 1, avx: avx)
            }
          }
          for signs in Assembler.SignMask.allCases {
            cases.add("\(v)\(signs) \(d),\(x.name)") { $0.signs(signs, register, x, avx: avx) }
          }
          for (isDouble, letter) in [(false, "s"), (true, "d")] {
            for (size, name) in [(OperandSize.double, d), (.quad, q)] {
              cases.add("\(v)cvtsi2s\(letter) \(x.name)\(first),\(name)") {
                $0.convertToFloat(isDouble: isDouble, x, avx ? y : x, size, .of(register), avx: avx)
              }
              cases.add("\(v)cvtts\(letter)2si \(name),\(x.name)") {
                $0.convertToInteger(isDouble: isDouble, size, register, .of(x), avx: avx)
              }
            }
          }
        }
      }
    }
    try check(cases)
  }
}
