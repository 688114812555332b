/// The custom section `target_features` of the tool conventions, which lists the features that a module's code uses.
enum TargetFeatures {
  static let sectionName = "target_features"

  /// The contents of a section with a feature added as used; nil where it is there, or the section is not understood.
  static func adding(_ feature: String, to section: CustomSection, of module: Module) -> [UInt8]? {
    var reader = ByteReader(module.bytes, range: section.range)
    guard let count = try? reader.u32(), count < UInt32.max else { return nil }
    let start = reader.position
    for _ in 0..<count {
      guard (try? reader.byte()) != nil, let name = try? reader.name() else { return nil }
      if name == feature { return nil }
    }
    guard reader.isAtEnd else { return nil }
    var output = ByteWriter()
    output.u32(count + 1)
    output.bytes.append(contentsOf: module.bytes[start..<section.range.upperBound])
    output.byte(UInt8(ascii: "+"))
    output.name(feature)
    return output.bytes
  }
}
