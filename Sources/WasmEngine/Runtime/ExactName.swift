/// A name to look up by. Names are the same only if their bytes are (Core 3.0, 2.2.4); strings are already the same if
/// they are canonically equivalent.
struct ExactName: Hashable {
  private let utf8: [UInt8]

  init(_ name: String) { utf8 = Array(name.utf8) }
}
