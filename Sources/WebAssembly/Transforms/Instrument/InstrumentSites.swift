/// The places in the code that an instrumented module tells about: the contents of its custom section
/// `polymnia.instrument`.
///
/// The section holds the version (u32), the name of the exported secondary memory, then three lists, each a count (u32)
/// and as many places: the accesses that are traced, the calls that are counted, the blocks that are noted. A place is how
/// far its function's index is above that of the place before (u32), its offset in the body (u32; above that of the place
/// before, within one function) and its opcode (u32, as ``Opcode/rawValue``); for an access its memory (u32), and for a
/// copy its source's; for a direct call the function that it calls (u32). All u32 are in LEB128.
///
/// Functions and offsets are those of the module before it was instrumented. Offsets count from the beginning of the
/// body, local declarations included; the first block of a function has the offset 0 and the opcode `nop`.
public struct InstrumentSites: Sendable {
  /// The name of the custom section.
  public static let sectionName = "polymnia.instrument"

  /// A place in the code.
  public struct Site: Sendable, Hashable {
    public var function: UInt32
    public var offset: UInt32
    public var opcode: Opcode
    /// The memory of an access, the destination of a copy; the function of a direct call.
    public var index: UInt32
    /// The source memory of a copy.
    public var index2: UInt32
  }

  public var memoryName: String
  public var accesses: [Site] = []
  public var calls: [Site] = []
  public var blocks: [Site] = []

  /// The section of an instrumented module; nil where it has none.
  ///
  /// - Throws: a ``ModuleError`` of the kind `malformed` where it breaks the format.
  public init?(_ module: Module) throws(ModuleError) {
    guard let section = module.customSections.first(where: { $0.name == Self.sectionName }) else { return nil }
    var reader = ByteReader(module.bytes, range: section.range)
    let version = try reader.u32()
    guard version == InstrumentLayout.version else {
      throw ModuleError(.malformed, "\(Self.sectionName): unknown version \(version)", at: section.range.lowerBound)
    }
    memoryName = try reader.name()
    accesses = try Self.sites(&reader, SiteList.accessImmediates)
    calls = try Self.sites(&reader, SiteList.callImmediates)
    blocks = try Self.sites(&reader, { _ in 0 })
  }

  private static func sites(
    _ reader: inout ByteReader, _ immediates: (Opcode) -> Int
  ) throws(ModuleError) -> [Site] {
    let count = Int(try reader.length())
    var result: [Site] = []
    // A place takes three bytes at least.
    result.reserveCapacity(min(count, (reader.end - reader.position) / 3))
    var function: UInt32 = 0
    var offset: UInt32 = 0
    for _ in 0..<count {
      let at = reader.position
      let step = try reader.u32()
      if step > 0 { offset = 0 }
      function &+= step
      offset &+= try reader.u32()
      let code = try reader.u32()
      guard let opcode = Operator.row(rawValue: Int(code))?.opcode else {
        throw ModuleError(.malformed, "\(sectionName): unknown opcode", at: at)
      }
      let number = immediates(opcode)
      let index = number > 0 ? try reader.u32() : 0
      let index2 = number > 1 ? try reader.u32() : 0
      result.append(Site(function: function, offset: offset, opcode: opcode, index: index, index2: index2))
    }
    return result
  }
}

/// One list of the section, written place by place.
struct SiteList {
  private(set) var count = 0
  private var output = ByteWriter()
  private var function: UInt32 = 0
  private var offset: UInt32 = 0

  /// The number of indices that follow the opcode of an access.
  static func accessImmediates(_ opcode: Opcode) -> Int { opcode == .memoryCopy ? 2 : 1 }
  static func callImmediates(_ opcode: Opcode) -> Int { opcode == .call || opcode == .returnCall ? 1 : 0 }

  /// - Returns: the number of the place.
  mutating func append(function: UInt32, offset: UInt32, _ opcode: Opcode, _ indices: UInt32...) -> UInt32 {
    begin(function, offset, opcode)
    for index in indices { output.u32(index) }
    return UInt32(count - 1)
  }

  private mutating func begin(_ newFunction: UInt32, _ newOffset: UInt32, _ opcode: Opcode) {
    output.u32(newFunction - function)
    output.u32(newFunction == function ? newOffset - offset : newOffset)
    output.u32(UInt32(opcode.rawValue))
    function = newFunction
    offset = newOffset
    count += 1
  }

  static func section(memoryName: String, _ lists: [SiteList]) -> [UInt8] {
    var section = ByteWriter()
    section.u32(InstrumentLayout.version)
    section.name(memoryName)
    section.bytes.reserveCapacity(section.bytes.count + lists.reduce(0) { $0 + $1.output.bytes.count + 5 })
    for list in lists {
      section.u32(UInt32(truncatingIfNeeded: list.count))
      section.bytes.append(contentsOf: list.output.bytes)
    }
    return section.bytes
  }
}
