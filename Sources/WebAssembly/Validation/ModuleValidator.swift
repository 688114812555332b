/// Validates a module (Core 3.0, 3.5.16): everything but the bodies when it is made, the bodies when asked to, so that many
/// threads can share the work.
///
/// ```swift
/// let validator = try ModuleValidator(module)
/// let part = try validator.validateFunctions(0..<validator.functionCount)
/// let validated = try validator.finish([part])
/// ```
public struct ModuleValidator: Sendable {
  /// Tells the parts of this validator from those of others.
  final class Identity: Sendable {}

  let context: ValidationContext
  private let firstUses: FirstUses
  private let identity = Identity()

  /// Validates everything in a module but the function bodies.
  ///
  /// - Throws: A ``ModuleError`` of the kind `invalid`, `limitExceeded`, or, where a body is malformed, `malformed`.
  public init(
    _ module: Module, features: FeatureSet = .all, limits: ImplementationLimits = .init()
  ) throws(ModuleError) {
    guard module.bodies.count == module.functions.count else {
      throw ModuleError(
        .malformed,
        "function and code section have inconsistent lengths: \(module.functions.count) and \(module.bodies.count)",
        at: 0)
    }
    var declarations = DeclarationValidator(module, features: features, limits: limits)
    do {
      try declarations.validate()
    } catch {
      if error.kind == .invalid,
        let malformation = BodyScanner.firstMalformation(
          in: module, table: declarations.context.decoding, limits: limits)
      {
        throw malformation
      }
      throw error
    }
    context = declarations.context
    firstUses = declarations.firstUses
  }

  /// The number of defined functions.
  public var functionCount: Int { context.module.bodies.count }

  /// Validates the bodies of defined functions. Any number of threads can do so at a time.
  ///
  /// Where several threads find an error, the one with the lowest offset counts. Malformed bodies come before invalid
  /// ones: an invalid body is reported only if no body of the module is malformed.
  ///
  /// - Parameter range: Indices among the defined functions.
  /// - Throws: A ``ModuleError`` of the kind `malformed`, `invalid` or `limitExceeded`.
  public func validateFunctions(_ range: Range<Int>) throws(ModuleError) -> FunctionSummaries {
    let range = range.clamped(to: 0..<functionCount)
    var validator = FunctionValidator(context)
    var functions: [ValidatedModule.FunctionSummary] = []
    functions.reserveCapacity(range.count)
    for index in range {
      do {
        functions.append(try validator.validate(index))
      } catch {
        throw reported(error, function: index)
      }
    }
    return FunctionSummaries(range: range, functions: functions, firstUses: validator.firstUses, validator: identity)
  }

  /// The error to report where the validation of a body ends with one: bodies are only bytes until they are read, so that
  /// what is malformed in any comes to light late, but comes before what is invalid in another.
  private func reported(_ error: ModuleError, function index: Int) -> ModuleError {
    let (module, limits) = (context.module, context.limits)
    var error = error
    switch error.kind {
    case .invalid:
      let first = BodyScanner.firstMalformation(in: module, table: context.decoding, limits: limits)
      if let first { return first }
    case .malformed:
      do throws(ModuleError) {
        try BodyScanner.scan(module.bodies[index], of: module, table: context.decoding, limits: limits)
      } catch let scanned {
        // It knows the words for bytes that are cut short.
        if scanned.kind == .malformed { error = scanned }
      }
    default:
      break
    }
    error.function = UInt32(truncatingIfNeeded: context.spaces.importedFunctionCount + index)
    return error
  }

  /// Joins the parts that ``validateFunctions(_:)`` returned, in any order.
  ///
  /// - Throws: A ``ModuleError`` where the parts are another validator's or do not cover every function exactly once.
  public func finish(_ parts: [FunctionSummaries]) throws(ModuleError) -> ValidatedModule {
    var functions: [ValidatedModule.FunctionSummary] = []
    functions.reserveCapacity(functionCount)
    var firstUses = firstUses
    for part in parts.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) where !part.range.isEmpty {
      guard part.validator === identity, part.range.lowerBound == functions.count else {
        throw ModuleError(.invalid, "the parts do not cover the functions of the module", at: 0)
      }
      functions.append(contentsOf: part.functions)
      firstUses.merge(part.firstUses)
    }
    guard functions.count == functionCount else {
      throw ModuleError(.invalid, "the parts do not cover the functions of the module", at: 0)
    }
    return ValidatedModule(context, functions: functions, firstUses: firstUses)
  }

  /// Validates a module on the calling thread.
  public static func validate(
    _ module: Module, features: FeatureSet = .all, limits: ImplementationLimits = .init()
  ) throws(ModuleError) -> ValidatedModule {
    let validator = try ModuleValidator(module, features: features, limits: limits)
    return try validator.finish([try validator.validateFunctions(0..<validator.functionCount)])
  }
}
