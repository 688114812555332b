import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How long each phase of `run` and `validate` took.
struct Timings {
  enum Phase: String, CaseIterable {
    case decode = "decode_ms"
    case validate = "validate_ms"
    case compile = "compile_ms"
    case instantiate = "instantiate_ms"
    case run = "run_ms"

    init(_ phase: CompilationPhase) {
      self =
        switch phase {
        case .decode: .decode
        case .validate: .validate
        case .compile: .compile
        }
    }
  }

  private var milliseconds = [Double](repeating: 0, count: Phase.allCases.count)

  /// Adds the time that a piece of work takes to a phase, whether it throws or not.
  mutating func measure<Result, Failure: Error>(
    _ phase: Phase, _ work: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = Self.now()
    defer { add(Self.now() - start, to: phase) }
    return try work()
  }

  /// Measures work that says itself when a phase begins.
  mutating func measure<Result, Failure: Error>(
    _ work: ((Phase) -> Void) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var begun: [(phase: Phase, time: Double)] = []
    defer {
      let end = Self.now()
      for (index, step) in begun.enumerated() {
        add((index + 1 < begun.count ? begun[index + 1].time : end) - step.time, to: step.phase)
      }
    }
    return try work { begun.append(($0, Self.now())) }
  }

  mutating func add(_ duration: Double, to phase: Phase) {
    guard let index = Phase.allCases.firstIndex(of: phase) else { return }
    milliseconds[index] += duration
  }

  /// Milliseconds on a clock that never goes back.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }

  /// Writes an object with all phases.
  func write(to path: String) throws {
    let members = zip(Phase.allCases, milliseconds).map { phase, duration in
      (phase.rawValue, JSON.number((duration * 1000).rounded() / 1000))
    }
    var output = try OutputFile.create(path)
    output.write(JSON.object(members).text)
    try output.finish()
  }
}
