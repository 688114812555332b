#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension WASI {
  func clock_res_get(_ memory: GuestMemory, _ clock: UInt32, _ result: UInt32) throws(Errno) {
    guard let clock = ClockIdentifier(rawValue: clock) else { throw .invalid }
    _ = try memory.region(result, 8)
    if configuration.clock(clock) != nil { return try memory.store(1 as UInt64, at: result) }
    var resolution = timespec()
    try checked(clock_getres(clock.host, &resolution))
    try memory.store(max(1, nanoseconds(resolution)), at: result)
  }

  func clock_time_get(
    _ memory: GuestMemory, _ clock: UInt32, _ precision: UInt64, _ result: UInt32
  ) throws(Errno) {
    guard let clock = ClockIdentifier(rawValue: clock) else { throw .invalid }
    _ = try memory.region(result, 8)
    try memory.store(try time(of: clock), at: result)
  }

  /// Nanoseconds; since 1970 for the clock that tells the time of day.
  func time(of clock: ClockIdentifier) throws(Errno) -> UInt64 {
    if let own = configuration.clock(clock) { return own() }
    var time = timespec()
    try checked(clock_gettime(clock.host, &time))
    return nanoseconds(time)
  }
}

extension ClockIdentifier {
  fileprivate var host: clockid_t {
    switch self {
    case .realtime: CLOCK_REALTIME
    case .monotonic: CLOCK_MONOTONIC
    case .processCPUTime: CLOCK_PROCESS_CPUTIME_ID
    case .threadCPUTime: CLOCK_THREAD_CPUTIME_ID
    }
  }
}
