import Synchronization

/// The translated code of a module's defined functions: one word each, 0 until it is there. Threads may translate the same
/// function at the same time; whoever publishes first wins, and the others drop theirs.
final class CodeTable: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt>>
  let count: Int
  /// What the words point to belongs to these objects, which live as long as the module.
  private let owners = Lock<[any AnyObject & Sendable]>([])

  init(count: Int) {
    self.count = count
    words = .allocate(capacity: max(count, 1))
    for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    words.deinitialize(count: count)
    words.deallocate()
  }

  /// The code of a defined function, counted without imports, if it is there.
  func code(_ index: Int) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: words[index].load(ordering: .acquiring))
  }

  /// Publishes code, unless another thread has done so before: then the result is that thread's code. `owner` is kept as
  /// long as the module if the code is taken.
  func publish(
    _ code: UnsafeMutableRawPointer, at index: Int, owner: any AnyObject & Sendable
  ) -> UnsafeMutableRawPointer {
    let (exchanged, original) = words[index].compareExchange(
      expected: 0, desired: UInt(bitPattern: code), ordering: .acquiringAndReleasing)
    guard exchanged else { return UnsafeMutableRawPointer(bitPattern: original) ?? code }
    owners.withLock { $0.append(owner) }
    return code
  }
}
