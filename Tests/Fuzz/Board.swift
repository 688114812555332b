/// What is counted of the mutants.
enum Tally: Int, CaseIterable {
  case mutants, text, decoded, reachedFunctions, validated
  case printed, compiled, unsupported, unlinkable, refused, instantiated
  case calls, returned, trapped, threw, stopped, agreed, tiersAgreed
  case mismatches, slow, crashes, hangs

  var title: String {
    switch self {
    case .mutants: "mutants"
    case .text: "  of them texts"
    case .decoded: "decoded"
    case .reachedFunctions: "reached the validation of functions"
    case .validated: "validated"
    case .printed: "printed, parsed and encoded to the same bytes"
    case .compiled: "compiled"
    case .unsupported: "  refused as unsupported"
    case .unlinkable: "  with imports that no host can give"
    case .refused: "  refused memory or tables"
    case .instantiated: "instantiated (in guarded bounds)"
    case .calls: "calls"
    case .returned: "  returned"
    case .trapped: "  trapped"
    case .threw: "  threw an exception"
    case .stopped: "  stopped by fuel or deadline"
    case .agreed: "equal in both kinds of bounds"
    case .tiersAgreed: "equal in interpreter and machine code"
    case .mismatches: "mismatches"
    case .slow: "over one second of processor time"
    case .crashes: "crashes"
    case .hangs: "hangs"
    }
  }
}

/// How far a mutant has come.
enum Phase: UInt64 {
  case idle, mutate, decode, print, validate, roundTrip, compile, instantiate, call, compare, machineCode
}

/// How a worker's mutants fare.
final class Board {
  private static let numberIndex = Tally.allCases.count
  private static let phaseIndex = numberIndex + 1
  private static let peakIndex = numberIndex + 2
  private static let longestIndex = numberIndex + 3
  private static let finishedIndex = numberIndex + 4
  private static let count = numberIndex + 5

  private let words: SharedWords

  /// Opens the board in a file, or makes it; nil where the system refuses.
  init?(path: String) {
    guard let words = SharedWords(path: path, count: Self.count) else { return nil }
    self.words = words
  }

  /// A board of this process only.
  init() { words = SharedWords(count: Self.count) }

  func add(_ tally: Tally) { words[tally.rawValue] += 1 }
  subscript(tally: Tally) -> UInt64 { words[tally.rawValue] }

  /// The number of the mutant that is being tried.
  var number: Int {
    get { Int(words[Self.numberIndex]) }
    set { words[Self.numberIndex] = UInt64(newValue) }
  }

  var phase: Phase {
    get { Phase(rawValue: words[Self.phaseIndex]) ?? .idle }
    set { words[Self.phaseIndex] = newValue.rawValue }
  }

  /// The most memory that the worker has had, in kilobytes.
  var peak: UInt64 {
    get { words[Self.peakIndex] }
    set { words[Self.peakIndex] = newValue }
  }

  /// The most processor time that a mutant took, in microseconds.
  var longest: UInt64 {
    get { words[Self.longestIndex] }
    set { words[Self.longestIndex] = newValue }
  }

  /// Whether the worker has done all that it was to do.
  var isFinished: Bool {
    get { words[Self.finishedIndex] != 0 }
    set { words[Self.finishedIndex] = newValue ? 1 : 0 }
  }

  func reset() { words.reset() }
}
