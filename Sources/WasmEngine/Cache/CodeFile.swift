/// Machine code of a module as bytes of a file. It holds no addresses, so that it can be placed anywhere.
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | magic |
/// | 32 | key: what the code is for |
/// | 4, 4 | the counts of functions and of functions that the compiler refuses |
/// | 8, 8 | the sizes of all metadata and of all code |
/// | 20 each | functions in the order of their code: index, offset and size of the code, offset and size of the metadata |
/// | 4 each | the indices of refused functions |
/// | | metadata, ``CodeMetadata`` |
/// | | code |
/// | 8 | ``XXH64`` of everything before it |
///
/// Numbers are little-endian. A reader trusts none before the checksum, and none beyond its bounds after it.
enum CodeFile {
  static let magic: [UInt8] = [0, 0x70, 0x6D, 0x63, 0x6F, 0x64, 0x65, 1]
  static let headerSize = 64
  static let entrySize = 20
  static let trailerSize = 8
  static let keySize = 32
  /// Code is read and written in pieces of this many bytes.
  static let pieceSize = 1 << 20

  /// A function that is written.
  struct Function {
    var index: UInt32
    var code: UnsafeRawBufferPointer
    var metadata: UnsafeRawBufferPointer
  }

  /// Takes a file front to back.
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  // MARK: Writing

  /// The size of the file that ``write(_:refused:key:to:)`` writes.
  static func size(_ functions: [Function], refused: [UInt32]) -> Int {
    headerSize + entrySize * functions.count + 4 * refused.count + functions.reduce(0) { $0 + $1.metadata.count }
      + functions.reduce(0) { $0 + aligned($1.code.count) } + trailerSize
  }

  static func write(_ functions: [Function], refused: [UInt32], key: [UInt8], to sink: Sink) throws {
    try withoutActuallyEscaping(sink) { sink in
      var output = Output(sink: sink)
      try write(functions, refused: refused, key: key, to: &output)
    }
  }

  private static func write(_ functions: [Function], refused: [UInt32], key: [UInt8], to output: inout Output) throws {
    try output.write(magic)
    try output.write(key)
    try output.write(UInt32(functions.count))
    try output.write(UInt32(refused.count))
    try output.write(UInt64(functions.reduce(0) { $0 + $1.metadata.count }))
    try output.write(UInt64(functions.reduce(0) { $0 + aligned($1.code.count) }))
    var code = 0
    var metadata = 0
    for function in functions {
      try output.write(function.index)
      try output.write(UInt32(code))
      try output.write(UInt32(function.code.count))
      try output.write(UInt32(metadata))
      try output.write(UInt32(function.metadata.count))
      code += aligned(function.code.count)
      metadata += function.metadata.count
    }
    for function in refused { try output.write(function) }
    for function in functions { try output.write(function.metadata) }
    for function in functions {
      try output.write(function.code)
      try output.write([UInt8](repeating: 0, count: aligned(function.code.count) - function.code.count))
    }
    try output.finish()
  }

  private static func aligned(_ size: Int) -> Int { (size + CodeArena.alignment - 1) & ~(CodeArena.alignment - 1) }

  /// Collects what is written in pieces, and keeps the checksum.
  private struct Output {
    let sink: Sink
    var buffer: [UInt8] = []
    var checksum = XXH64()

    init(sink: @escaping Sink) {
      self.sink = sink
      buffer.reserveCapacity(pieceSize + 4096)
    }

    mutating func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    mutating func write<Number: FixedWidthInteger>(_ number: Number) throws {
      try withUnsafeBytes(of: number.littleEndian) { try write($0) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
      buffer.append(contentsOf: bytes)
      if buffer.count >= pieceSize { try flush() }
    }

    private mutating func flush() throws {
      try buffer.withUnsafeBytes {
        checksum.update($0)
        try sink($0)
      }
      buffer.removeAll(keepingCapacity: true)
    }

    mutating func finish() throws {
      try flush()
      try withUnsafeBytes(of: checksum.value.littleEndian) { try sink($0) }
    }
  }
}

/// Reads machine code out of a file, from a source that gives it front to back.
struct CodeFileReader {
  /// Fills memory with what comes next; false where less is left or the system fails.
  typealias Source = (UnsafeMutableRawBufferPointer) -> Bool

  private(set) var functions: [CodeBatch.Entry] = []
  private(set) var refused: [UInt32] = []
  let metadata: CodeMetadata.Storage
  let codeSize: Int
  private let source: Source
  private var checksum = XXH64()

  /// Reads all but the code. nil for what is not a whole file of `size` bytes for the key and for functions with indices
  /// in the range.
  init?(size: Int, key: [UInt8], functions range: Range<Int>, _ source: @escaping Source) {
    self.source = source
    guard size >= CodeFile.headerSize + CodeFile.trailerSize else { return nil }
    var header = [UInt8](repeating: 0, count: CodeFile.headerSize)
    guard Self.fill(&header, source, &checksum) else { return nil }
    guard header.prefix(8).elementsEqual(CodeFile.magic), header[8..<40].elementsEqual(key) else { return nil }
    let functionCount = Int(Self.number(header, 40, as: UInt32.self))
    let refusedCount = Int(Self.number(header, 44, as: UInt32.self))
    let metadataSize = Self.number(header, 48, as: UInt64.self)
    let codeSize = Self.number(header, 56, as: UInt64.self)
    let rest = size - CodeFile.headerSize - CodeFile.trailerSize
    guard functionCount + refusedCount <= range.count, metadataSize <= rest, codeSize <= rest,
      functionCount * CodeFile.entrySize + refusedCount * 4 + Int(metadataSize) + Int(codeSize) == rest
    else { return nil }
    self.codeSize = Int(codeSize)
    var table = [UInt8](repeating: 0, count: functionCount * CodeFile.entrySize + refusedCount * 4)
    guard Self.fill(&table, source, &checksum) else { return nil }
    var codeEnd = 0
    functions.reserveCapacity(functionCount)
    for index in 0..<functionCount {
      func word(_ number: Int) -> UInt32 {
        Self.number(table, index * CodeFile.entrySize + number * 4, as: UInt32.self)
      }
      let entry = CodeBatch.Entry(
        function: word(0), codeOffset: word(1), codeSize: word(2), metadataOffset: word(3), metadataSize: word(4))
      guard range.contains(Int(entry.function)), Int(entry.codeOffset) >= codeEnd, entry.codeSize > 0,
        Int(entry.codeOffset) % CodeArena.alignment == 0,
        Int(entry.codeOffset) + Int(entry.codeSize) <= codeSize, entry.metadataSize >= CodeMetadata.headerSize,
        Int(entry.metadataOffset) + Int(entry.metadataSize) <= metadataSize
      else { return nil }
      codeEnd = Int(entry.codeOffset) + Int(entry.codeSize)
      functions.append(entry)
    }
    for index in 0..<refusedCount {
      let function = Self.number(table, functionCount * CodeFile.entrySize + index * 4, as: UInt32.self)
      guard range.contains(Int(function)) else { return nil }
      refused.append(function)
    }
    var hash = checksum
    guard
      let metadata = CodeMetadata.Storage(
        count: Int(metadataSize),
        { bytes in
          guard source(bytes) else { return false }
          hash.update(UnsafeRawBufferPointer(bytes))
          return true
        })
    else { return nil }
    self.metadata = metadata
    checksum = hash
  }

  /// Reads the code and hands it on piece by piece. True if all of it was there and undamaged.
  mutating func readCode(_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var buffer = [UInt8](repeating: 0, count: min(codeSize, CodeFile.pieceSize))
    var done = 0
    while done < codeSize {
      if codeSize - done < buffer.count { buffer.removeLast(buffer.count - (codeSize - done)) }
      guard Self.fill(&buffer, source, &checksum), buffer.withUnsafeBytes(take) else { return false }
      done += buffer.count
    }
    let expected = checksum.value
    var trailer = [UInt8](repeating: 0, count: CodeFile.trailerSize)
    return Self.fill(&trailer, source, &checksum) && Self.number(trailer, 0, as: UInt64.self) == expected
  }

  private static func fill(_ bytes: inout [UInt8], _ source: Source, _ checksum: inout XXH64) -> Bool {
    bytes.withUnsafeMutableBytes { bytes in
      guard source(bytes) else { return false }
      checksum.update(UnsafeRawBufferPointer(bytes))
      return true
    }
  }

  private static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int, as: Number.Type) -> Number {
    bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
  }
}
