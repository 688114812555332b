import Foundation

@testable import WasmEngine

/// Collects instructions with the text that they should disassemble to, and asks GNU objdump.
struct EncodingCases: ~Copyable {
  private var assembler = Assembler()
  private var expected: [(start: Int, end: Int, text: String)] = []

  mutating func add(_ text: String, _ emit: (inout Assembler) -> Void) {
    let start = assembler.code.count
    emit(&assembler)
    expected.append((start, assembler.code.count, text))
  }

  var count: Int { expected.count }

  static let objdump: String? = ["/usr/bin/objdump", "/usr/local/bin/objdump", "/opt/homebrew/bin/objdump"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What differs: an instruction's bytes, what it should be and what it is.
  func differences() throws -> [String] {
    guard let objdump = Self.objdump else { return [] }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("encoding-\(UUID().uuidString).bin")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(bytes: assembler.code.bytes, count: assembler.code.count).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: objdump)
    process.arguments = ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "-w", file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    var found: [Int: (count: Int, text: String)] = [:]
    for line in output.split(separator: "\n") {
      let columns = line.split(separator: "\t")
      guard columns.count >= 3, let at = Int(columns[0].trimmingCharacters(in: [" ", ":"]), radix: 16) else { continue }
      let text = columns[2].split(separator: "#")[0].split(separator: " ").joined(separator: " ")
      found[at] = (columns[1].split(separator: " ").count, text)
    }
    var result: [String] = []
    for (start, end, text) in expected {
      let bytes = (start..<end).map { String(assembler.code.bytes[$0], radix: 16) }.joined(separator: " ")
      guard let actual = found[start] else {
        result.append("\(bytes): expected '\(text)', nothing begins here")
        continue
      }
      if actual.text != text || actual.count != end - start {
        result.append("\(bytes): expected '\(text)', is '\(actual.text)' of \(actual.count) bytes")
      }
    }
    return result
  }
}

extension Address {
  /// The operand as objdump writes it.
  func text(_ width: String) -> String {
    var parts = ""
    if let base { parts = base.name(.quad) }
    if let index {
      if base != nil { parts += "+" }
      parts += "\(index.name(.quad))*\(1 << Int(scale))"
    }
    func hex(_ value: Int64) -> String { "0x" + String(value, radix: 16) }
    let value = Int64(displacement)
    if base == nil, index == nil {
      return "\(width)ds:" + (value < 0 ? "0x" + String(UInt64(bitPattern: value), radix: 16) : hex(value))
    }
    // A displacement that the encoding cannot leave out is printed even if it is zero.
    let mustShow = base == nil || base!.number & 7 == 5
    if value < 0 {
      parts += base == nil ? "+" + "0x" + String(UInt64(bitPattern: value), radix: 16) : "-" + hex(-value)
    } else if value > 0 || mustShow {
      parts += "+" + hex(value)
    }
    return "\(width)[\(parts)]"
  }
}

extension OperandSize {
  var pointer: String { ["BYTE PTR ", "WORD PTR ", "DWORD PTR ", "QWORD PTR "][Int(rawValue)] }
}
