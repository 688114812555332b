import Synchronization

/// The store's word that tells executing code to stop, and why: two bits that other threads set.
enum InterruptWord {
  static let interrupt: UInt64 = 1
  static let deadline: UInt64 = 2

  static func at(_ context: StoreContext) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (context.base + StoreContext.interruptOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  static func limit(_ context: StoreContext) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (context.base + StoreContext.machineStackLimitOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Writes the limit that compiled code compares with. By the thread that the store serves, whenever the limit of the
  /// native stack or the interrupt word has changed. Another thread sets the interrupt word before the limit and this one
  /// reads it after, so one of them sees to it that the code stops.
  static func refreshLimit(_ context: StoreContext) {
    limit(context).pointee.store(context[StoreContext.nativeStackLimitOffset], ordering: .sequentiallyConsistent)
    if at(context).pointee.load(ordering: .sequentiallyConsistent) != 0 {
      limit(context).pointee.store(.max, ordering: .sequentiallyConsistent)
    }
  }
}

/// Stops what a store executes, from any thread.
public final class InterruptHandle: Sendable {
  private struct Target: @unchecked Sendable {
    var word: UnsafeMutablePointer<Atomic<UInt64>>?
    var limit: UnsafeMutablePointer<Atomic<UInt64>>?
    /// What compiled code reads in loops (``StoreContext/interruptPageOffset``): a read costs less than a compare.
    var page: TrapPage?
    /// Whether the page cannot be read although nothing is to stop: the system has refused to change that.
    var isStuck = false

    mutating func allowPage() {
      if let page { isStuck = !page.allowReading() }
    }
  }

  private let target: Lock<Target>

  init(_ context: StoreContext, page: TrapPage?) {
    target = Lock(Target(word: InterruptWord.at(context), limit: InterruptWord.limit(context), page: page))
  }

  /// Makes what the store executes now trap as ``Trap/Kind-swift.enum/interrupted``; or, where it executes nothing, the
  /// next call. Does nothing once the store is gone.
  public func interrupt() { set(InterruptWord.interrupt) }

  func set(_ bit: UInt64) {
    target.withLock { target in
      _ = target.word?.pointee.bitwiseOr(bit, ordering: .sequentiallyConsistent)
      target.limit?.pointee.store(.max, ordering: .sequentiallyConsistent)
      target.page?.forbidReading()
    }
  }

  func clear(_ bit: UInt64) { _ = take(bit) }

  /// Takes bits back; the result is what was set before.
  private func take(_ bits: UInt64) -> UInt64 {
    target.withLock { target in
      guard let old = target.word?.pointee.bitwiseAnd(~bits, ordering: .sequentiallyConsistent).oldValue else {
        return 0
      }
      if old & ~bits == 0, old != 0 || target.isStuck { target.allowPage() }
      return old
    }
  }

  /// Why the execution is to stop. An interrupt is over with that; a deadline stays.
  func takeReason(_ context: StoreContext) -> Trap.Kind {
    let old = take(InterruptWord.interrupt)
    InterruptWord.refreshLimit(context)
    if old & InterruptWord.deadline != 0 { return .deadlineExceeded }
    // Without a reason it is the page that could not be made readable again.
    return old == 0 ? .outOfMemory : .interrupted
  }

  /// The store's memory is about to go.
  func invalidate() {
    target.withLock { target in
      target.word = nil
      target.limit = nil
      target.page = nil
    }
  }
}
