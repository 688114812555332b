import Testing

@testable import WasmEngine

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The layer by which tests have calls of the operating system refused.
@Suite struct SystemCallTests {
  @Test func theNthUseFailsAndNoOther() {
    let failures = InjectedFailures(.mmap, error: EAGAIN) { $0 == 2 }
    let addresses = failures.run {
      (0..<4).map { _ in
        errno = 0
        let address = VirtualMemory.allocate(VirtualMemory.pageSize)
        if address == nil { #expect(errno == EAGAIN) }
        return address
      }
    }
    #expect(addresses.map { $0 == nil } == [false, true, false, false])
    #expect(failures.useCount == 4 && failures.refusalCount == 1)
    for address in addresses { if let address { VirtualMemory.release(address, VirtualMemory.pageSize) } }
  }

  @Test func otherThreadsAreLeftAlone() {
    let failures = InjectedFailures(.mmap) { _ in true }
    failures.run {
      Threads.run(stackSize: 1 << 20) {
        guard let address = VirtualMemory.allocate(VirtualMemory.pageSize) else {
          Issue.record("refused to another thread")
          return
        }
        VirtualMemory.release(address, VirtualMemory.pageSize)
      }
      #expect(VirtualMemory.allocate(VirtualMemory.pageSize) == nil)
    }
    #expect(failures.useCount == 1)
  }

  @Test func aThreadIsRefused() {
    let failures = InjectedFailures(.createThread) { $0 == 1 }
    failures.run { #expect(Threads.start {} == nil) }
  }

  @Test func whatIsDiscardedIsZeroAlthoughTheSystemRefuses() throws {
    let size = VirtualMemory.pageSize
    let address = try #require(VirtualMemory.allocate(size))
    defer { VirtualMemory.release(address, size) }
    address.storeBytes(of: 42, toByteOffset: 8, as: UInt8.self)
    InjectedFailures(.madvise) { _ in true }.run { VirtualMemory.discard(address, size) }
    #expect(address.load(fromByteOffset: 8, as: UInt8.self) == 0)
  }
}
