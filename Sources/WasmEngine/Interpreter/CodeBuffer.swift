/// Bytes of code under construction. The memory is used again from function to function.
final class CodeBuffer {
  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int

  init() {
    capacity = 1 << 14
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  func grow(_ count: Int, _ needed: Int) {
    let larger = max(capacity * 2, count + needed)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = moved
    capacity = larger
  }

  var size: Int { capacity }
}
