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

  /// What is relative to the instruction pointer: a label right behind the instruction.
  mutating func add(relative text: String, _ emit: (inout Assembler, Address) -> Void) {
    add(text) { assembler in
      let label = assembler.code.makeLabel()
      emit(&assembler, Address(label))
      assembler.code.bind(label)
    }
  }

  /// An instruction with every form of memory operand, the one relative to the instruction pointer among them.
  mutating func addresses(
    _ width: String, _ text: (String) -> String, _ emit: (inout Assembler, Address) -> Void
  ) {
    for address in AssemblerTests.forms { add(text(address.text(width))) { emit(&$0, address) } }
    add(relative: text("\(width)[rip+0x0]"), emit)
  }

  /// An instruction with every register and every form of memory as its operand.
  mutating func operands(
    _ size: OperandSize, pointer: String? = nil, _ text: (String) -> String,
    _ emit: (inout Assembler, RegisterOrMemory) -> Void
  ) {
    for register in Register.all { add(text(register.name(size))) { emit(&$0, .of(register)) } }
    addresses(pointer ?? size.pointer, text) { emit(&$0, .memory($1)) }
  }

  /// An instruction with every register beside every kind of register, and some beside every form of memory.
  mutating func pairs(
    _ size: OperandSize, from other: OperandSize? = nil, _ text: (String, String) -> String,
    _ emit: (inout Assembler, Register, RegisterOrMemory) -> Void
  ) {
    let other = other ?? size
    for first in Register.all {
      for second in [Register.rax, .rbx, .rsp, .rbp, .rdi, .r8, .r12, .r15] {
        add(text(first.name(size), second.name(other))) { emit(&$0, first, .of(second)) }
      }
    }
    for first in [Register.rax, .rsi, .r13] {
      addresses(other.pointer, { text(first.name(size), $0) }) { emit(&$0, first, .memory($1)) }
    }
  }

  var count: Int { expected.count }

  static let objdump: String? = ["/usr/bin/objdump", "/usr/local/bin/objdump", "/opt/homebrew/bin/objdump"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What the engine's own disassembler reads differently.
  private var ownDifferences: [String] {
    var disassembler = Disassembler((0..<assembler.code.count).map { assembler.code.bytes[$0] })
    return expected.compactMap { start, end, text in
      let line = disassembler.line(at: start)
      if line.text == text, line.length == end - start { return nil }
      return "at \(start): '\(text)' of \(end - start) bytes is read as '\(line.text)' of \(line.length) bytes"
    }
  }

  /// The instructions of code, as objdump prints them: where each begins, how long it is and its text.
  static func disassemble(_ code: UnsafeRawBufferPointer) throws -> [(start: Int, length: Int, text: String)] {
    guard let objdump else { return [] }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("encoding-\(UUID().uuidString).bin")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(code).write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: objdump)
    process.arguments = ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "-w", file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return output.split(separator: "\n").compactMap { line in
      let columns = line.split(separator: "\t")
      guard columns.count >= 3, let at = Int(columns[0].trimmingCharacters(in: [" ", ":"]), radix: 16) else {
        return nil
      }
      let text = columns[2].split(separator: " ").joined(separator: " ")
      return (at, columns[1].split(separator: " ").count, text)
    }
  }

  /// The instructions of a compiled function, without the data behind them, which begins at the first address that an
  /// instruction names.
  static func instructions(of function: CompiledFunction) throws -> [String] { try instructions(of: [function]) }

  /// As ``instructions(of:)``, of several functions one after the other.
  static func instructions(of functions: [CompiledFunction]) throws -> [String] {
    // What is not an instruction keeps the data of one function from joining with the code of the next.
    let gap = [UInt8](repeating: 0x90, count: 16)
    let code = functions.flatMap { $0.code + gap }
    let lines = try code.withUnsafeBytes { try disassemble($0) }[...]
    var result: [String] = []
    var next = lines.startIndex
    var start = 0
    for function in functions {
      let end = start + function.code.count
      var own: [(start: Int, length: Int, text: String)] = []
      while next < lines.endIndex, lines[next].start < end + gap.count {
        if lines[next].start < end { own.append(lines[next]) }
        next += 1
      }
      let data = own.compactMap { line in
        line.text.split(separator: "#").dropFirst().first.flatMap { Int($0.dropFirst(3), radix: 16) }
      }.filter { $0 > start && $0 < end }.min()
      result += own.prefix { data == nil || $0.start < data! }.map(\.text)
      start = end + gap.count
    }
    return result
  }

  /// What differs: an instruction's bytes, what it should be and what it is.
  mutating func differences() throws -> [String] {
    guard assembler.code.resolve() else { return ["a label is not bound"] }
    let own = ownDifferences
    guard own.isEmpty, Self.objdump != nil else { return own }
    let lines = try Self.disassemble(UnsafeRawBufferPointer(start: assembler.code.bytes, count: assembler.code.count))
    var found: [Int: (count: Int, text: String)] = [:]
    for line in lines {
      let text = line.text.split(separator: "#")[0].split(separator: " ").joined(separator: " ")
      found[line.start] = (line.length, text)
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
