/// Decodes the binary format (Core 3.0, 5.5).
///
/// Function bodies, constant expressions, data and custom sections are left where they are, as ranges of the bytes, so
/// that a module costs little more than its file. Constant expressions are read once to find their ends; bodies are not,
/// so that what is malformed in one comes to light when it is validated, or with ``BodyScanner``.
public enum ModuleDecoder {
  /// The module of a binary.
  ///
  /// - Throws: a ``ModuleError`` of the kind `malformed`, or `limitExceeded` where a count exceeds `limits`. No memory is
  ///   allocated by a count before it has been checked against the limits and the bytes that are left.
  public static func decode(
    _ bytes: [UInt8], features: FeatureSet = .all, limits: ImplementationLimits = ImplementationLimits()
  ) throws(ModuleError) -> Module {
    var decoder = SectionDecoder(bytes, features: features, limits: limits)
    do throws(ModuleError) {
      try decoder.moduleContents()
    } catch {
      // What is malformed in a body that came before counts first.
      guard error.kind == .malformed else { throw error }
      decoder.module.dataCount = decoder.module.dataCount ?? 0
      throw BodyScanner.firstMalformation(in: decoder.module, features: features, limits: limits) ?? error
    }
    return decoder.module
  }
}

/// Decodes section after section into ``module``.
struct SectionDecoder {
  var module = Module()
  var input: InstructionReader
  let features: FeatureSet
  let limits: ImplementationLimits

  init(_ bytes: [UInt8], features: FeatureSet, limits: ImplementationLimits) {
    let table = features == .all ? DecodingTable.all : DecodingTable(features: features)
    input = InstructionReader(bytes, range: 0..<bytes.count, table: table)
    module.bytes = bytes
    self.features = features
    self.limits = limits.effective
  }

  mutating func moduleContents() throws(ModuleError) {
    let size = input.reader.end
    guard size <= limits.moduleSize, size <= Int(UInt32.max) else {
      throw ModuleError(.limitExceeded, "module size exceeds the limit of \(limits.moduleSize) bytes", at: 0)
    }
    try header()
    var last: SectionID?
    while !input.reader.isAtEnd {
      let start = input.reader.position
      let code = try input.reader.byte()
      guard let id = SectionID(rawValue: code), isEnabled(id) else {
        throw ModuleError(.malformed, "malformed section id", at: start)
      }
      let lengthOffset = input.reader.position
      let length = Int(try input.reader.u32())
      let contentsStart = input.reader.position
      guard length <= size - contentsStart else {
        // What is malformed in the contents that are there comes first.
        let found = errorInContents(of: id, from: contentsStart)
        if let found, !found.isTruncation { throw found }
        throw ModuleError(.malformed, "length out of bounds", at: lengthOffset)
      }
      let contents = contentsStart..<contentsStart + length
      if id != .custom {
        if let last, last.order >= id.order {
          throw ModuleError(.malformed, "unexpected content after last section", at: start)
        }
      }
      module.sections.append(SectionRange(id: id, range: contents))
      try section(id, in: contents, after: last)
      if id != .custom { last = id }
    }
    guard module.bodies.count == module.functions.count else {
      throw ModuleError(.malformed, "function and code section have inconsistent lengths", at: size)
    }
    if let count = module.dataCount, Int(count) != module.data.count {
      throw ModuleError(.malformed, "data count and data section have inconsistent lengths", at: size)
    }
  }

  private mutating func header() throws(ModuleError) {
    let magic = try word()
    guard magic == 0x6D73_6100 else {
      let isMarked = [0xFEFF, 0xFFFE].contains(magic & 0xFFFF) || magic & 0xFF_FFFF == 0xBF_BBEF
      throw ModuleError(
        .malformed, "magic header not detected" + (isMarked ? ": the file begins with a byte-order mark" : ""), at: 0)
    }
    let version = try word()
    guard version == 1 else {
      // In components the upper half is the layer, which is 0 for modules.
      let isComponent = version >> 16 == 1
      throw ModuleError(
        .malformed, "unknown binary version" + (isComponent ? ": a component, not a module" : " \(version)"), at: 4)
    }
  }

  private mutating func word() throws(ModuleError) -> UInt64 {
    do {
      return try input.reader.word(bytes: 4)
    } catch {
      throw ModuleError(.malformed, "unexpected end", at: input.reader.end)
    }
  }

  private func isEnabled(_ id: SectionID) -> Bool {
    switch id {
    case .tag: features.contains(.exceptions)
    case .dataCount: features.contains(.bulkMemory)
    default: true
    }
  }

  private mutating func section(
    _ id: SectionID, in contents: Range<Int>, after last: SectionID?
  ) throws(ModuleError) {
    let end = input.reader.end
    input.reader.end = contents.upperBound
    do throws(ModuleError) {
      try self.contents(of: id, after: last)
    } catch {
      throw id == .custom ? error : explanation(of: error, in: id, from: contents.lowerBound)
    }
    guard input.reader.position == contents.upperBound else {
      throw ModuleError(.malformed, "section size mismatch", at: input.reader.position)
    }
    input.reader.end = end
  }

  /// The grammar nests sections in their sizes, and the official scripts tell contents that are cut short from contents
  /// that are whole but longer than the size says. So a section that ends too early is read again up to the end of the
  /// module, to say which it is.
  private func explanation(of error: ModuleError, in id: SectionID, from start: Int) -> ModuleError {
    guard error.isTruncation else { return error }
    guard let other = errorInContents(of: id, from: start) else {
      return ModuleError(.malformed, "section size mismatch", at: error.offset)
    }
    return other.kind == .malformed ? other : error
  }

  /// What is wrong with a section's contents where only the module's end bounds them.
  private func errorInContents(of id: SectionID, from start: Int) -> ModuleError? {
    var again = self
    again.module = Module()
    again.input.reader.position = start
    again.input.reader.end = input.reader.bytes.count
    do throws(ModuleError) {
      try again.contents(of: id, after: nil)
      return nil
    } catch {
      return error
    }
  }
}

extension SectionID {
  /// The place in the order of sections (Core 3.0, 5.5.17), which is not that of the codes.
  var order: Int {
    switch self {
    case .custom: 0
    case .type: 1
    case .import: 2
    case .function: 3
    case .table: 4
    case .memory: 5
    case .tag: 6
    case .global: 7
    case .export: 8
    case .start: 9
    case .element: 10
    case .dataCount: 11
    case .code: 12
    case .data: 13
    }
  }

  /// All sections but the custom one, in the order in which they stand in a module.
  static let inOrder: [SectionID] = allCases.filter { $0 != .custom }.sorted { $0.order < $1.order }
}

extension ModuleError {
  /// Whether bytes were missing.
  var isTruncation: Bool { message == ByteReader.pastEnd || message == "length out of bounds" }
}
