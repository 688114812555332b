import WastRunner

/// What `wast` says of the scripts that it ran.
struct ScriptReport: Sendable {
  enum Verbosity: Sendable {
    case quiet, normal, verbose
  }

  var known: KnownFailures?
  var verbosity: Verbosity

  /// Whether a script went as it should: nothing failed, or what is known to.
  func isExpected(_ outcome: ScriptOutcome) -> Bool {
    outcome.failed == known?.count(of: outcome.path) ?? 0
  }

  /// A line for each failure, and with `verbose` one for the script.
  func text(of outcome: ScriptOutcome) -> String {
    var text = ""
    let isExpected = isExpected(outcome)
    if known == nil || !isExpected || verbosity == .verbose {
      for failure in outcome.failures {
        text +=
          "\(name: outcome.path):\(failure.line): \(failure.what): expected \(failure.expected), got \(failure.got)\n"
      }
    }
    if known != nil && !isExpected {
      text += "\(name: outcome.path): \(outcome.failed) failed, \(known?.count(of: outcome.path) ?? 0) known to fail\n"
    }
    if verbosity == .verbose || (verbosity == .normal && outcome.failed > 0) {
      text += "\(name: outcome.path): \(Self.counts([outcome]))\n"
    }
    return text
  }

  /// The last line. The failures that are known are among those that are counted.
  func summary(of outcomes: [ScriptOutcome]) -> String {
    Self.counts(outcomes) + "\n"
  }

  private static func counts(_ outcomes: [ScriptOutcome]) -> String {
    let passed = outcomes.reduce(0) { $0 + $1.passed }
    let failed = outcomes.reduce(0) { $0 + $1.failed }
    let skipped = outcomes.reduce(0) { $0 + $1.skipped }
    return "\(passed) passed, \(failed) failed, \(skipped) skipped"
  }

  func json(of outcomes: [ScriptOutcome]) -> JSON {
    .object([
      ("passed", .integer(outcomes.reduce(0) { $0 + $1.passed })),
      ("failed", .integer(outcomes.reduce(0) { $0 + $1.failed })),
      ("skipped", .integer(outcomes.reduce(0) { $0 + $1.skipped })),
      ("scripts", .array(outcomes.map(json))),
    ])
  }

  private func json(of outcome: ScriptOutcome) -> JSON {
    .object([
      ("path", .string(outcome.path)), ("passed", .integer(outcome.passed)), ("failed", .integer(outcome.failed)),
      ("skipped", .integer(outcome.skipped)),
      (
        "failures",
        .array(
          outcome.failures.map { failure in
            .object([
              ("line", .integer(failure.line)), ("what", .string(failure.what)),
              ("expected", .string(failure.expected)), ("got", .string(failure.got)),
            ])
          })
      ),
    ])
  }
}
