#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  // GNU extensions and variadic functions, which the platform module does not show.
  @_extern(c, "mremap")
  private func remap(
    _ address: UnsafeMutableRawPointer, _ oldSize: Int, _ newSize: Int, _ flags: Int32
  ) -> UnsafeMutableRawPointer?
  @_extern(c, "memfd_create")
  private func createMemoryFile(_ name: UnsafePointer<CChar>, _ flags: UInt32) -> Int32
  @_extern(c, "fallocate")
  private func allocateInFile(_ file: Int32, _ mode: Int32, _ offset: Int, _ length: Int) -> Int32
  @_extern(c, "pipe2")
  private func createPipe(_ ends: UnsafeMutablePointer<Int32>, _ flags: Int32) -> Int32
  @_extern(c, "gettid")
  private func gettid() -> pid_t
  @_extern(c, "dup3")
  private func duplicate(_ file: Int32, _ number: Int32, _ flags: Int32) -> Int32
  @_extern(c, "pthread_getattr_np")
  private func threadAttributes(_ thread: pthread_t, _ attributes: UnsafeMutablePointer<pthread_attr_t>) -> Int32
#endif

/// The engine's calls of the operating system, one function for each. All of them say whether the system did as it was
/// told, and whoever calls them has to look: none of the results is discardable. `errno` says why it did not, but for
/// threads.
enum System {
  // MARK: Address space

  /// Whether the process may have only so many bytes of addresses (`ulimit -v`).
  static var addressesAreLimited: Bool {
    var limit = rlimit()
    #if canImport(Darwin)
      guard getrlimit(RLIMIT_AS, &limit) == 0 else { return false }
      return limit.rlim_cur < rlim_t(Int64.max)
    #else
      guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return false }
      return limit.rlim_cur != .max
    #endif
  }

  static func map(
    _ size: Int, _ protection: Int32, _ flags: Int32, file: Int32 = -1
  ) -> UnsafeMutableRawPointer? {
    guard !SystemCall.mmap.isRefused, let address = mmap(nil, size, protection, flags, file, 0), address != MAP_FAILED
    else { return nil }
    return address
  }

  /// Puts a view of a file in the place of what is mapped at an address. On failure nothing may be there any more.
  static func replace(
    _ address: UnsafeMutableRawPointer, _ size: Int, _ protection: Int32, _ flags: Int32, file: Int32
  ) -> Bool {
    !SystemCall.mmap.isRefused && mmap(address, size, protection, flags | MAP_FIXED, file, 0) == address
  }

  static func unmap(_ address: UnsafeMutableRawPointer, _ size: Int) -> Bool {
    !SystemCall.munmap.isRefused && munmap(address, size) == 0
  }

  static func protect(_ address: UnsafeMutableRawPointer, _ size: Int, _ protection: Int32) -> Bool {
    !SystemCall.mprotect.isRefused && mprotect(address, size, protection) == 0
  }

  static func advise(_ address: UnsafeMutableRawPointer, _ size: Int, _ advice: Int32) -> Bool {
    !SystemCall.madvise.isRefused && madvise(address, size, advice) == 0
  }

  #if !canImport(Darwin)
    /// Lets the system choose another address where there is no room at the old one.
    static func resize(_ address: UnsafeMutableRawPointer, _ oldSize: Int, _ newSize: Int) -> UnsafeMutableRawPointer? {
      let mayMove: Int32 = 1  // MREMAP_MAYMOVE
      guard !SystemCall.mremap.isRefused, let moved = remap(address, oldSize, newSize, mayMove), moved != MAP_FAILED
      else { return nil }
      return moved
    }

    // MARK: Memory files

    /// A file that has no name, of zero bytes; closed when another program is executed. It can be sealed.
    static func memoryFile(_ name: String) -> Int32? {
      guard !SystemCall.memoryFile.isRefused else { return nil }
      let file = createMemoryFile(name, 3)  // MFD_CLOEXEC | MFD_ALLOW_SEALING
      return file >= 0 ? file : nil
    }

    static func setSize(_ file: Int32, _ size: Int) -> Bool {
      !SystemCall.ftruncate.isRefused && WriteSignals.withheld(expecting: 0, { Int(ftruncate(file, size)) }) == 0
    }

    /// Puts a file in the place of another, under whose number it is from then on.
    static func replace(_ number: Int32, by file: Int32) -> Bool {
      guard duplicate(file, number, O_CLOEXEC) == number else { return false }
      close(file)
      return true
    }

    /// The first part of a file from an offset on in which something was written; nil where there is none.
    static func written(in file: Int32, from offset: Int) -> Range<Int>? {
      let (data, hole): (Int32, Int32) = (3, 4)  // SEEK_DATA, SEEK_HOLE
      let start = lseek(file, offset, data)
      guard start >= 0 else { return nil }
      let end = lseek(file, start, hole)
      return end > start ? start..<end : nil
    }

    /// Makes a part of a file zero and gives its backing back.
    static func punchHole(_ file: Int32, _ offset: Int, _ size: Int) -> Bool {
      let mode: Int32 = 3  // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
      return !SystemCall.fallocate.isRefused && allocateInFile(file, mode, offset, size) == 0
    }

    /// Writes all of the bytes at a place of a file.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int) -> Bool {
      var done = 0
      while done < bytes.count, let start = bytes.baseAddress {
        let left = bytes.count - done
        let written =
          SystemCall.pwrite.isRefused
          ? -1 : WriteSignals.withheld(expecting: left) { pwrite(file, start + done, left, offset + done) }
        if written > 0 {
          done += written
        } else if written == 0 || errno != EINTR {
          return false
        }
      }
      return true
    }
  #endif

  // MARK: Threads

  private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// - Parameter stackSize: In bytes; nil for what the system gives where nothing is said.
  static func createThread(stackSize: Int?, _ body: @escaping @Sendable () -> Void) -> pthread_t? {
    guard !SystemCall.createThread.isRefused else { return nil }
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return nil }
    defer { pthread_attr_destroy(&attributes) }
    if let stackSize, pthread_attr_setstacksize(&attributes, stackSize) != 0 { return nil }
    let argument = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = pthread_create(
        &thread, &attributes,
        { pointer in
          Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
          return nil
        }, argument.toOpaque())
    #else
      var thread = pthread_t()
      let result = pthread_create(
        &thread, &attributes,
        { pointer in
          guard let pointer else { return nil }
          Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
          return nil
        }, argument.toOpaque())
    #endif
    guard result == 0 else {
      argument.release()
      return nil
    }
    return thread
  }

  /// - Parameter destructor: Takes back the value of a thread that ends.
  static func createThreadKey(
    _ destructor: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void
  ) -> pthread_key_t? {
    var key = pthread_key_t()
    guard !SystemCall.createThreadKey.isRefused, pthread_key_create(&key, destructor) == 0 else { return nil }
    return key
  }

  static func setThreadValue(_ key: pthread_key_t, _ value: UInt) -> Bool {
    !SystemCall.setThreadValue.isRefused && pthread_setspecific(key, UnsafeRawPointer(bitPattern: value)) == 0
  }

  #if !canImport(Darwin)
    /// The lowest address of the calling thread's stack, and its size in bytes.
    static func threadStack() -> (low: UInt, size: UInt)? {
      var attributes = pthread_attr_t()
      guard !SystemCall.threadAttributes.isRefused, threadAttributes(pthread_self(), &attributes) == 0 else {
        return nil
      }
      defer { pthread_attr_destroy(&attributes) }
      var address: UnsafeMutableRawPointer?
      var size = 0
      guard pthread_attr_getstack(&attributes, &address, &size) == 0 else { return nil }
      return (UInt(bitPattern: address), UInt(size))
    }

    /// The end of the stack that the process began with; nil on any other thread than the first.
    static var firstStackEnd: UInt? {
      guard getpid() == gettid(), let end = dlsym(nil, "__libc_stack_end") else { return nil }
      return end.load(as: UInt.self) | 4095
    }

    /// Both ends of a new pipe, which are closed when another program is executed.
    static func makePipe() -> (read: Int32, write: Int32)? {
      var ends: (Int32, Int32) = (-1, -1)
      let isMade = withUnsafeMutableBytes(of: &ends) { ends in
        !SystemCall.pipe.isRefused && createPipe(ends.baseAddress!.assumingMemoryBound(to: Int32.self), O_CLOEXEC) == 0
      }
      return isMade ? ends : nil
    }

    // MARK: Signals

    /// Sets what is done at a signal, where something new is given, and tells what was done before, where it is asked.
    static func setAction(
      _ signal: Int32, _ new: UnsafePointer<sigaction>?, old: UnsafeMutablePointer<sigaction>? = nil
    ) -> Bool {
      !SystemCall.sigaction.isRefused && sigaction(signal, new, old) == 0
    }

    static func setAlternativeStack(_ new: UnsafePointer<stack_t>?, old: UnsafeMutablePointer<stack_t>? = nil) -> Bool {
      !SystemCall.sigaltstack.isRefused && sigaltstack(new, old) == 0
    }

    /// Blocks or unblocks signals for the calling thread.
    static func setSignalMask(
      _ how: Int32, _ set: UnsafePointer<sigset_t>?, old: UnsafeMutablePointer<sigset_t>? = nil
    ) -> Bool {
      !SystemCall.signalMask.isRefused && pthread_sigmask(how, set, old) == 0
    }
  #endif
}
