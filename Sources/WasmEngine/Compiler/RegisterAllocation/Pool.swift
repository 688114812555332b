/// A growing array of trivial values for the inner loops of register allocation, without the checks of uniqueness and bounds
/// that an array makes at each access. (Debug builds check bounds.)
struct Pool<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity = 64

  init() { base = .allocate(capacity: 64) }

  deinit { base.deallocate() }

  var indices: Range<Int> { 0..<count }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    @inline(__always) unsafeAddress {
      assert(index >= 0 && index < count, "beyond the pool")
      return UnsafePointer(base + index)
    }
    @inline(__always) nonmutating unsafeMutableAddress {
      assert(index >= 0 && index < count, "beyond the pool")
      return base + index
    }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == capacity { grow() }
    (base + count).initialize(to: element)
    count += 1
  }

  /// Takes out the last element.
  @inline(__always)
  mutating func removeLast() -> Element {
    count -= 1
    return base[count]
  }

  /// Makes the pool so many times an element.
  mutating func refill(_ element: Element, count: Int) {
    self.count = 0
    while capacity < count { grow() }
    base.update(repeating: element, count: count)
    self.count = count
  }

  /// Keeps the memory.
  mutating func removeAll() { count = 0 }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity *= 2
  }
}
