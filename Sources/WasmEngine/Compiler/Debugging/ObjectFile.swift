/// Machine code of functions as an ELF object for x86-64, for `objdump`, `gdb` and other tools: a symbol for each function,
/// and line numbers in DWARF 4 (sections 6.2 and 7.5 there), in which a line is the offset of an instruction in the module.
///
/// The addresses in it are relative to its code; relocations tell a linker or debugger where they are.
struct ObjectFile {
  /// A function in the order of its place in the code.
  struct Function {
    var name: String
    var code: [UInt8]
    /// Where constants and jump tables begin behind the instructions.
    var dataOffset: Int
    /// The offset in the module from each offset in the code on, rising.
    var lines: [(codeOffset: Int, line: Int)]
  }

  /// What the line numbers are said to be of.
  let sourceName: String
  private var functions: [(start: Int, function: Function)] = []
  private var text: [UInt8] = []

  init(sourceName: String) { self.sourceName = sourceName }

  mutating func add(_ function: Function) {
    // Between functions is what cannot be run through.
    while text.count % 16 != 0 { text.append(0xCC) }
    functions.append((text.count, function))
    text += function.code
  }

  // MARK: Sections

  private enum Section: Int, CaseIterable {
    case none, text, abbreviations, info, line, infoRelocations, lineRelocations, symbols, strings, sectionNames, stack

    var name: String {
      switch self {
      case .none: ""
      case .text: ".text"
      case .abbreviations: ".debug_abbrev"
      case .info: ".debug_info"
      case .line: ".debug_line"
      case .infoRelocations: ".rela.debug_info"
      case .lineRelocations: ".rela.debug_line"
      case .symbols: ".symtab"
      case .strings: ".strtab"
      case .sectionNames: ".shstrtab"
      case .stack: ".note.GNU-stack"
      }
    }
  }

  private static let headerSize = 64
  private static let sectionHeaderSize = 64
  private static let symbolSize = 24

  /// The bytes of the file.
  func encoded() -> [UInt8] {
    let (symbols, strings, localCount) = symbolTable()
    let (info, infoRelocations) = debugInfo()
    let (line, lineRelocations) = lineProgram()
    var sectionNames = StringTable()
    let nameOffsets = Section.allCases.map { sectionNames.add($0.name) }
    var contents: [[UInt8]] = Array(repeating: [], count: Section.allCases.count)
    contents[Section.text.rawValue] = text
    contents[Section.abbreviations.rawValue] = Self.abbreviations
    contents[Section.info.rawValue] = info
    contents[Section.line.rawValue] = line
    contents[Section.infoRelocations.rawValue] = infoRelocations
    contents[Section.lineRelocations.rawValue] = lineRelocations
    contents[Section.symbols.rawValue] = symbols
    contents[Section.strings.rawValue] = strings
    contents[Section.sectionNames.rawValue] = sectionNames.bytes

    var file = ByteBuffer()
    file.append([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    // Relocatable, x86-64, version 1; no entry and no segments.
    file.word(UInt16(1))
    file.word(UInt16(62))
    file.word(UInt32(1))
    file.word(UInt64(0))
    file.word(UInt64(0))
    let tableReference = file.bytes.count
    file.word(UInt64(0))
    file.word(UInt32(0))
    for value in [Self.headerSize, 0, 0, Self.sectionHeaderSize, Section.allCases.count, Section.sectionNames.rawValue]
    {
      file.word(UInt16(value))
    }
    var headers = ByteBuffer()
    for section in Section.allCases {
      let body = contents[section.rawValue]
      let fields = Self.fields(of: section, localCount: localCount)
      file.align(section == .none ? 1 : fields.alignment)
      headers.word(UInt32(nameOffsets[section.rawValue]))
      headers.word(fields.type)
      headers.word(UInt64(section == .text ? 6 : 0))
      headers.word(UInt64(0))
      headers.word(UInt64(section == .none ? 0 : file.bytes.count))
      headers.word(UInt64(body.count))
      headers.word(fields.link)
      headers.word(fields.info)
      headers.word(UInt64(section == .none ? 0 : fields.alignment))
      headers.word(UInt64(fields.entrySize))
      file.append(body)
    }
    file.align(8)
    file.set(UInt64(file.bytes.count), at: tableReference)
    file.append(headers.bytes)
    return file.bytes
  }

  private static func fields(of section: Section, localCount: Int)
    -> (type: UInt32, link: UInt32, info: UInt32, alignment: Int, entrySize: Int)
  {
    let symbols = UInt32(Section.symbols.rawValue)
    return switch section {
    case .none: (0, 0, 0, 1, 0)
    case .text: (1, 0, 0, 16, 0)
    case .infoRelocations: (4, symbols, UInt32(Section.info.rawValue), 8, 24)
    case .lineRelocations: (4, symbols, UInt32(Section.line.rawValue), 8, 24)
    case .symbols: (2, UInt32(Section.strings.rawValue), UInt32(localCount), 8, symbolSize)
    case .strings, .sectionNames: (3, 0, 0, 1, 0)
    default: (1, 0, 0, 1, 0)
    }
  }

  // MARK: Symbols

  /// The symbols that relocations refer to, by number.
  private static let sectionSymbols: [Section] = [.text, .abbreviations, .line]

  private static func symbol(of section: Section) -> UInt64 { UInt64(sectionSymbols.firstIndex(of: section)! + 1) }

  /// All symbols are local: names of a module need not be different.
  private func symbolTable() -> (symbols: [UInt8], strings: [UInt8], count: Int) {
    var strings = StringTable()
    var symbols = ByteBuffer()
    var count = 0
    func add(_ name: String, type: UInt8, section: Int, value: Int, size: Int) {
      symbols.word(UInt32(name.isEmpty ? 0 : strings.add(name)))
      symbols.append([type, 0])
      symbols.word(UInt16(section))
      symbols.word(UInt64(value))
      symbols.word(UInt64(size))
      count += 1
    }
    add("", type: 0, section: 0, value: 0, size: 0)
    for section in Self.sectionSymbols { add("", type: 3, section: section.rawValue, value: 0, size: 0) }
    for (start, function) in functions {
      add(function.name, type: 2, section: Section.text.rawValue, value: start, size: function.dataOffset)
      let rest = function.code.count - function.dataOffset
      guard rest > 0 else { continue }
      // Disassemblers leave objects alone.
      add(
        function.name + ".data", type: 1, section: Section.text.rawValue, value: start + function.dataOffset, size: rest
      )
    }
    return (symbols.bytes, strings.bytes, count)
  }

  // MARK: Debugging information

  /// A unit of functions: a name, where its lines are, and its code; a function's name and code.
  private static let abbreviations: [UInt8] = [
    1, 0x11, 1, 0x25, 0x08, 0x13, 0x05, 0x03, 0x08, 0x10, 0x17, 0x11, 0x01, 0x12, 0x07, 0, 0,
    2, 0x2E, 0, 0x03, 0x08, 0x11, 0x01, 0x12, 0x07, 0, 0,
    0,
  ]

  private struct Relocations {
    var buffer = ByteBuffer()

    /// `type`: 1 for 64 bits, 10 for 32.
    mutating func add(at offset: Int, _ type: UInt64, _ section: Section, _ addend: Int) {
      buffer.word(UInt64(offset))
      buffer.word(ObjectFile.symbol(of: section) << 32 | type)
      buffer.word(UInt64(addend))
    }
  }

  private func debugInfo() -> (bytes: [UInt8], relocations: [UInt8]) {
    var info = ByteBuffer()
    var relocations = Relocations()
    func address(_ value: Int) {
      relocations.add(at: info.bytes.count, 1, .text, value)
      info.word(UInt64(value))
    }
    info.word(UInt32(0))
    info.word(UInt16(4))
    relocations.add(at: info.bytes.count, 10, .abbreviations, 0)
    info.word(UInt32(0))
    info.append([8])
    info.append([1])
    info.string("polymnia")
    // Assembler, so that nobody expects types.
    info.word(UInt16(0x8001))
    info.string(sourceName)
    relocations.add(at: info.bytes.count, 10, .line, 0)
    info.word(UInt32(0))
    address(0)
    info.word(UInt64(text.count))
    for (start, function) in functions {
      info.append([2])
      info.string(function.name)
      address(start)
      info.word(UInt64(function.code.count))
    }
    info.append([0])
    info.set(UInt32(info.bytes.count - 4), at: 0)
    return (info.bytes, relocations.buffer.bytes)
  }

  private func lineProgram() -> (bytes: [UInt8], relocations: [UInt8]) {
    var program = ByteBuffer()
    var relocations = Relocations()
    program.word(UInt32(0))
    program.word(UInt16(4))
    let headerLength = program.bytes.count
    program.word(UInt32(0))
    // Instructions of one byte, statements, lines from -5 on in a range of 14, and the standard opcodes' operands.
    program.append([1, 1, 1, UInt8(bitPattern: -5), 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    // No folders but the current one; one file.
    program.append([0])
    program.string(sourceName)
    program.append([0, 0, 0, 0])
    program.set(UInt32(program.bytes.count - headerLength - 4), at: headerLength)
    program.append([0, 9, 2])
    relocations.add(at: program.bytes.count, 1, .text, 0)
    program.word(UInt64(0))
    var (address, line) = (0, 1)
    for (start, function) in functions {
      for row in function.lines {
        program.append([2])
        program.unsigned(start + row.codeOffset - address)
        program.append([3])
        program.signed(row.line - line)
        program.append([1])
        (address, line) = (start + row.codeOffset, row.line)
      }
    }
    program.append([2])
    program.unsigned(text.count - address)
    program.append([0, 1, 1])
    program.set(UInt32(program.bytes.count - 4), at: 0)
    return (program.bytes, relocations.buffer.bytes)
  }
}

/// Strings that end in a zero, one behind the other, the first of them empty.
private struct StringTable {
  private(set) var bytes: [UInt8] = [0]

  mutating func add(_ string: String) -> Int {
    if string.isEmpty { return 0 }
    let offset = bytes.count
    // A name of a module can contain anything.
    bytes += string.utf8.lazy.map { $0 == 0 ? UInt8(ascii: "?") : $0 }
    bytes.append(0)
    return offset
  }
}

/// Bytes that are being written, little-endian.
private struct ByteBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ more: [UInt8]) { bytes += more }

  // Truncating: one byte of the value after the other.
  mutating func word<Word: FixedWidthInteger>(_ value: Word) {
    for index in 0..<Word.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> Word(8 * index))) }
  }

  // Truncating: the same.
  mutating func set<Word: FixedWidthInteger>(_ value: Word, at offset: Int) {
    for index in 0..<Word.bitWidth / 8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> Word(8 * index)) }
  }

  mutating func align(_ alignment: Int) { while bytes.count % alignment != 0 { bytes.append(0) } }

  mutating func string(_ text: String) {
    bytes += text.utf8.lazy.map { $0 == 0 ? UInt8(ascii: "?") : $0 }
    bytes.append(0)
  }

  /// LEB128.
  mutating func unsigned(_ value: Int) {
    var rest = UInt(bitPattern: value)
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest != 0
  }

  mutating func signed(_ value: Int) {
    var rest = value
    while true {
      let byte = UInt8(rest & 0x7F)
      rest >>= 7
      if rest == 0 && byte & 0x40 == 0 || rest == -1 && byte & 0x40 != 0 {
        bytes.append(byte)
        return
      }
      bytes.append(byte | 0x80)
    }
  }
}
