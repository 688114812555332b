/// Ends the command with messages on standard error.
struct CommandFailure: Error {
  /// Whole messages, of one or more lines each.
  var diagnostics: [String]
  var status: Int32

  init(diagnostics: [String], status: Int32 = ExitStatus.inputError) {
    self.diagnostics = diagnostics
    self.status = status
  }

  /// `place` is a file, or a file with a position.
  init(_ place: String, _ message: String, status: Int32 = ExitStatus.inputError) {
    self.init(diagnostics: ["polymnia: error: \(name: place): \(message)"], status: status)
  }
}
