/// Why a transform does not do what it is asked for.
public struct TransformError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What cannot be done, with the name of what stands in its way.
  public var message: String

  public init(_ message: String) { self.message = message }

  /// An error in the bytes of a module. Those of a validated one cannot have any.
  init(_ error: ModuleError) { self.init(error.description) }

  public var description: String { message }
}

extension TransformError {
  /// Does work that only malformed bytes can make fail.
  static func wrapping<Result>(_ work: () throws(ModuleError) -> Result) throws(TransformError) -> Result {
    do { return try work() } catch { throw TransformError(error) }
  }
}
