/// A name to compare and to look up by. Names are the same only if their bytes are (Core 3.0, 2.2.4); strings are already
/// the same if they are canonically equivalent, as "é" and "e" with an accent after it are.
public struct ExactName: Hashable, Sendable, ExpressibleByStringLiteral {
  private let utf8: [UInt8]

  public init(_ name: String) { utf8 = Array(name.utf8) }
  public init(stringLiteral name: String) { self.init(name) }
}
