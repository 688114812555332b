/// What a lowered module says of the memories that it had, for whoever wants to know what a trap of it means: the contents
/// of the custom section ``sectionName``.
///
/// An access that was compared and is out of bounds is noted in three exported globals before it traps. One to the memory
/// that lies last is not compared: the engine's own trap tells its address in the combined memory.
public struct LoweredLayout: Sendable, Hashable {
  public static let sectionName = "polymnia.lowered"
  /// The exports of the globals: an i32, -1 as long as nothing was noted, and two i64.
  public static let faultMemory = "lowered-fault.memory"
  public static let faultAddress = "lowered-fault.address"
  public static let faultLength = "lowered-fault.length"
  /// The functions that trap are called `memoryN` with this after it.
  public static let trapSuffix = ".out_of_bounds"
  /// The same for a range that `memory.discard` does not take because it is not of whole pages.
  public static let unalignedSuffix = ".unaligned_discard"

  public struct Region: Sendable, Hashable {
    public var memory: UInt32
    /// Where it begins in the combined memory, at instantiation.
    public var base: UInt64
    /// Whether the base can change.
    public var moves: Bool
    /// Whether its accesses are left to the combined memory's own bounds checks.
    public var needsNoChecks: Bool

    init(memory: UInt32, base: UInt64, moves: Bool, needsNoChecks: Bool) {
      self.memory = memory
      self.base = base
      self.moves = moves
      self.needsNoChecks = needsNoChecks
    }

    init(_ region: LoweredModule.Region) {
      self.init(
        memory: UInt32(region.memory), base: region.base, moves: region.moves, needsNoChecks: region.needsNoChecks)
    }
  }

  /// In ascending order of bases.
  public var regions: [Region]

  init(regions: [Region]) { self.regions = regions }

  /// Version 1: the number of regions; of each its memory, flags (1: moves, 2: needs no checks) and base, as LEB128.
  func encode() -> [UInt8] {
    var output = ByteWriter()
    output.u32(1)
    output.u32(UInt32(truncatingIfNeeded: regions.count))
    for region in regions {
      output.u32(region.memory)
      output.u32((region.moves ? 1 : 0) | (region.needsNoChecks ? 2 : 0))
      output.u64(region.base)
    }
    return output.bytes
  }

  private init(decoding bytes: [UInt8], range: Range<Int>) throws(ModuleError) {
    var reader = ByteReader(bytes, range: range)
    let version = try reader.u32()
    guard version == 1 else { throw ModuleError(.unsupported, "layout of version \(version)", at: range.lowerBound) }
    regions = []
    for _ in 0..<(try reader.length()) {
      let memory = try reader.u32()
      let flags = try reader.u32()
      regions.append(
        Region(memory: memory, base: try reader.u64(), moves: flags & 1 != 0, needsNoChecks: flags & 2 != 0))
    }
  }

  /// The layout of a module, or nil where it has none or a damaged one.
  public init?(_ module: Module) {
    guard let section = module.customSections.last(where: { $0.name == Self.sectionName }),
      let layout = try? Self(decoding: module.bytes, range: section.range)
    else { return nil }
    self = layout
  }

  /// The layout of a binary, of which only the headers of sections are read.
  public init?(binary bytes: [UInt8]) {
    guard bytes.count > 8, let range = try? Self.section(of: bytes),
      let layout = try? Self(decoding: bytes, range: range)
    else { return nil }
    self = layout
  }

  private static func section(of bytes: [UInt8]) throws(ModuleError) -> Range<Int>? {
    var reader = ByteReader(bytes, range: 8..<bytes.count)
    var found: Range<Int>?
    while !reader.isAtEnd {
      let id = try reader.byte()
      let contents = try reader.span()
      guard id == SectionID.custom.rawValue else { continue }
      var section = ByteReader(bytes, range: contents)
      let name = try section.span()
      if bytes[name].elementsEqual(sectionName.utf8) { found = section.position..<contents.upperBound }
    }
    return found
  }

  /// The memory whose accesses the engine checks.
  public var unchecked: Region? { regions.first(where: \.needsNoChecks) }
}
