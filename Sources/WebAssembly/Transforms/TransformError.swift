/// Why a transform does not do what it is asked for.
public struct TransformError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What cannot be done, with the name of what stands in its way.
  public var message: String
  /// What the caller may ask for to have it done all the same.
  public var remedy: Remedy?

  /// Options of transforms that permit what is refused without them.
  public enum Remedy: Hashable, Sendable {
    case otherExportName
    case indirectCalls
    case imports
    case stack
    case staticData
    case unclearAddresses
  }

  public init(_ message: String, remedy: Remedy? = nil) {
    self.message = message
    self.remedy = remedy
  }

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
