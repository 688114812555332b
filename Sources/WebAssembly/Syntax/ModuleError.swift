/// What is wrong with a binary module.
public struct ModuleError: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// The bytes are not those of a module (Core 3.0, 5).
    case malformed
    /// It is a module, but breaks a rule of validation (Core 3.0, 3).
    case invalid
    /// It exceeds a limit of this implementation.
    case limitExceeded
    /// It is valid, but this engine cannot run it.
    case unsupported
  }

  public var kind: Kind
  /// What is wrong, beginning with the words that the official scripts expect.
  public var message: String
  /// Where, in bytes from the start of the module.
  public var offset: Int
  /// The index of the function in whose body it is, where there is one.
  public var function: UInt32?

  public init(_ kind: Kind, _ message: String, at offset: Int, function: UInt32? = nil) {
    self.kind = kind
    self.message = message
    self.offset = offset
    self.function = function
  }
}

extension ModuleError: CustomStringConvertible {
  /// What is wrong, without the place.
  public var summary: String {
    switch kind {
    case .malformed: "malformed module: \(message)"
    case .invalid: "invalid module: \(message)"
    case .limitExceeded: "limit exceeded: \(message)"
    case .unsupported: "unsupported: \(message)"
    }
  }

  public var description: String {
    "\(summary) (at offset \(hexadecimal(offset))\(function.map { " in function \($0)" } ?? ""))"
  }
}

func hexadecimal(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }
