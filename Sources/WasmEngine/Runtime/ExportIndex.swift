import WebAssembly

/// Finds exports by name. Names are the same only if their bytes are (Core 3.0, 2.2.4); strings are already the same if they
/// are canonically equivalent.
struct ExportIndex: Sendable {
  private let exports: [Export]
  /// Where there are many. (Of few, to make one takes longer than to look at all.)
  private var indices: [[UInt8]: Int]?

  private static let few = 16

  init(_ exports: [Export]) {
    self.exports = exports
    guard exports.count > Self.few else { return }
    var indices: [[UInt8]: Int] = [:]
    indices.reserveCapacity(exports.count)
    for (index, export) in exports.enumerated() { indices[Array(export.name.utf8)] = index }
    self.indices = indices
  }

  /// The export with a name.
  func find(_ name: String) -> Export? {
    if let indices { return indices[Array(name.utf8)].map { exports[$0] } }
    return exports.first { $0.name.utf8.elementsEqual(name.utf8) }
  }
}
