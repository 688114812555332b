#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Numbers that a worker writes and its parent reads, in memory that both share: they outlive the worker.
struct SharedWords {
  let count: Int
  private let words: UnsafeMutablePointer<UInt64>

  /// Opens them in a file, or makes it; nil where the system refuses.
  init?(path: String, count: Int) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let size = count * MemoryLayout<UInt64>.stride
    guard ftruncate(descriptor, off_t(size)) == 0,
      let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED
    else { return nil }
    self.count = count
    words = base.bindMemory(to: UInt64.self, capacity: count)
  }

  /// Words of this process only.
  init(count: Int) {
    self.count = count
    words = .allocate(capacity: count)
    words.initialize(repeating: 0, count: count)
  }

  subscript(index: Int) -> UInt64 {
    get { words[index] }
    nonmutating set { words[index] = newValue }
  }

  func reset() { words.update(repeating: 0, count: count) }
}
