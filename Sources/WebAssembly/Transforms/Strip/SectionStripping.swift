/// Removes custom sections.
///
/// Everything that stays is copied byte for byte, so that positions within the code section, which debug information
/// holds, stay true.
public struct SectionStripping: Sendable {
  /// What is removed.
  public enum Selection: Sendable, Hashable {
    /// All custom sections.
    case all
    /// What debuggers read: DWARF, source maps, and where they are to be found elsewhere.
    case debug
    /// The name section.
    case names
    /// Only what ``SectionStripping/removed`` names.
    case none
  }

  public var selection: Selection
  /// The names of sections that are removed, whatever ``selection`` says.
  public var removed: Set<ExactName>
  /// The names of sections that stay, whatever else is said.
  public var kept: Set<ExactName>

  public init(_ selection: Selection, removing removed: Set<ExactName> = [], keeping kept: Set<ExactName> = []) {
    self.selection = selection
    self.removed = removed
    self.kept = kept
  }

  /// Whether a custom section of this name is removed.
  public func removes(_ name: String) -> Bool {
    if kept.contains(ExactName(name)) { return false }
    if removed.contains(ExactName(name)) { return true }
    return switch selection {
    case .all: true
    case .debug: Self.isDebugging(name)
    case .names: name == Names.sectionName
    case .none: false
    }
  }

  static func isDebugging(_ name: String) -> Bool {
    name.hasPrefix(".debug_") || name.hasPrefix("reloc..debug_") || name == "sourceMappingURL"
      || name == "external_debug_info" || name == "build_id"
  }

  /// A section that was removed.
  public struct Removal: Sendable, Hashable {
    public var name: String
    /// The bytes that it took, its header included.
    public var byteCount: Int
  }

  /// The binary of a module without the sections.
  ///
  /// - Parameter module: a module of a binary, as the decoder makes it.
  public func strip(_ module: Module) -> (bytes: [UInt8], removals: [Removal]) {
    var removals: [Removal] = []
    var output: [UInt8] = []
    output.reserveCapacity(module.bytes.count)
    var customs = module.customSections.makeIterator()
    // What is copied at once: sections that follow each other.
    var pending = 0
    var start = 8
    for section in module.sections {
      let end = section.range.upperBound
      if section.id == .custom, let custom = customs.next(), removes(custom.name) {
        output.append(contentsOf: module.bytes[pending..<start])
        removals.append(Removal(name: custom.name, byteCount: end - start))
        pending = end
      }
      start = end
    }
    output.append(contentsOf: module.bytes[pending...])
    return (output, removals)
  }
}
