/// An assertion or command that did not do what the script says.
public struct ScriptFailure: Hashable, Sendable {
  /// Counted from 1.
  public var line: Int
  /// What was to be done, such as `assert_return`.
  public var what: String
  public var expected: String
  public var got: String
}

/// How a script went.
public struct ScriptOutcome: Sendable {
  public var path: String
  public var passed = 0
  public var skipped = 0
  public var failures: [ScriptFailure] = []

  public var failed: Int { failures.count }
}
