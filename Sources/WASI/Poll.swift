#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension WASI {
  /// More subscriptions than this in one call are refused.
  static let maximumSubscriptionCount: UInt32 = 4096

  /// Waits until at least one of the subscriptions has something to tell.
  func poll_oneoff(
    _ memory: GuestMemory, _ input: UInt32, _ output: UInt32, _ count: UInt32, _ result: UInt32
  ) throws(Errno) {
    guard count > 0, count <= Self.maximumSubscriptionCount else { throw .invalid }
    let source = try memory.array(input, count: count, stride: Subscription.size)
    let target = try memory.array(output, count: count, stride: Event.size)
    _ = try memory.region(result, 4)
    // All are read before any event is written, since the guest may let the two arrays overlap.
    let subscriptions = (0..<Int(count)).map { Subscription(from: source, at: $0 * Subscription.size) }
    let events = try wait(for: subscriptions)
    for (index, event) in events.enumerated() { event.put(in: target, at: index * Event.size) }
    try memory.store(UInt32(clamping: events.count), at: result)
  }

  private func wait(for subscriptions: [Subscription]) throws(Errno) -> [Event] {
    /// What is known without waiting: errors, and streams that never wait.
    var immediate: [Event] = []
    var streams: [(subscription: Subscription, type: EventType, host: HostDescriptor)] = []
    /// With the moment at which it is due, on the host's monotonic clock.
    var clocks: [(subscription: Subscription, due: UInt64)] = []
    let start = Self.monotonicTime()

    for subscription in subscriptions {
      guard let type = EventType(rawValue: subscription.type) else { throw .invalid }
      do throws(Errno) {
        switch type {
        case .clock:
          let wait = try timeToWait(subscription)
          clocks.append((subscription, start.addingReportingOverflow(wait).overflow ? .max : start + wait))
        case .fdRead, .fdWrite:
          let right: Rights = type == .fdRead ? .fdRead : .fdWrite
          let descriptor = try descriptors.file(subscription.descriptor, .pollFdReadwrite.union(right))
          if let host = descriptor.host {
            streams.append((subscription, type, host))
          } else {
            immediate.append(Event(userData: subscription.userData, type: type, byteCount: 1))
          }
        }
      } catch {
        immediate.append(Event(userData: subscription.userData, error: error, type: type))
      }
    }

    let due = immediate.isEmpty ? clocks.map(\.due).min() : start
    var entries = streams.map {
      pollfd(fd: $0.host.raw, events: Int16(clamping: $0.type == .fdRead ? POLLIN : POLLOUT), revents: 0)
    }
    var ready: Int32 = 0
    while true {
      try checkInterruption()
      let now = Self.monotonicTime()
      let rest = due.map { $0 > now ? $0 - now : 0 } ?? .max
      // Rounded up: a wait must not end before its time.
      let milliseconds = Int32(clamping: rest / 1_000_000 + (rest % 1_000_000 == 0 ? 0 : 1))
      ready = poll(&entries, nfds_t(clamping: entries.count), min(milliseconds, Self.longestWait))
      if ready < 0, errno != EINTR { throw Errno.last }
      if ready > 0 || rest == 0 { break }
    }

    var events = immediate
    if ready > 0 {
      for (entry, stream) in zip(entries, streams) where entry.revents != 0 {
        events.append(Self.event(entry, stream.subscription, stream.type))
      }
    }
    let now = Self.monotonicTime()
    for clock in clocks where clock.due <= now {
      events.append(Event(userData: clock.subscription.userData, type: .clock))
    }
    return events
  }

  /// Nanoseconds until a subscription to a clock is due.
  private func timeToWait(_ subscription: Subscription) throws(Errno) -> UInt64 {
    guard let clock = ClockIdentifier(rawValue: subscription.clock) else { throw .invalid }
    // Time that passes only while the guest runs never comes to a guest that waits.
    guard clock == .realtime || clock == .monotonic else { throw .notSupported }
    guard subscription.isAbsolute else { return subscription.timeout }
    let now = try time(of: clock)
    return subscription.timeout > now ? subscription.timeout - now : 0
  }

  private static func event(_ entry: pollfd, _ subscription: Subscription, _ type: EventType) -> Event {
    var event = Event(userData: subscription.userData, type: type)
    let happened = Int32(entry.revents)
    if happened & POLLNVAL != 0 {
      event.error = .badDescriptor
    } else if happened & POLLERR != 0 {
      event.error = .io
    } else if type == .fdRead {
      var count: Int32 = 0
      event.byteCount = ioctl(entry.fd, UInt(clamping: FIONREAD), &count) == 0 ? UInt64(clamping: max(0, count)) : 1
    }
    event.hangUp = happened & POLLHUP != 0
    return event
  }

  private static func monotonicTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return nanoseconds(time)
  }
}
