#if os(Linux)
  import Glibc

  /// A coroutine with a stack of its own (makecontext). Below the stack lies memory that nobody may write to.
  final class Fibre {
    let stack: UnsafeMutableRawBufferPointer
    private let below: UnsafeMutableRawBufferPointer
    private let memory: UnsafeMutableRawBufferPointer
    private let own = UnsafeMutablePointer<ucontext_t>.allocate(capacity: 1)
    private let caller = UnsafeMutablePointer<ucontext_t>.allocate(capacity: 1)
    private let body: (Fibre) -> Void
    private var isFinished = false

    private typealias Swap = @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32
    private typealias Get = @convention(c) (UnsafeMutableRawPointer) -> Int32
    private typealias Make =
      @convention(c) (
        UnsafeMutableRawPointer, @convention(c) (UInt32, UInt32) -> Void, Int32, UInt32, UInt32
      ) -> Void
    nonisolated(unsafe) private static let swap = symbol("swapcontext", as: Swap.self)
    nonisolated(unsafe) private static let get = symbol("getcontext", as: Get.self)
    nonisolated(unsafe) private static let make = symbol("makecontext", as: Make.self)

    /// - Parameter memory: Where the stack is to be; by default somewhere else.
    init(size: Int, in memory: UnsafeMutableRawBufferPointer? = nil, _ body: @escaping (Fibre) -> Void) {
      self.body = body
      let room = 256 << 10
      let all = memory ?? .allocate(byteCount: room + size, alignment: 4096)
      self.memory = memory == nil ? all : UnsafeMutableRawBufferPointer(start: nil, count: 0)
      below = UnsafeMutableRawBufferPointer(rebasing: all[..<(all.count - size)])
      stack = UnsafeMutableRawBufferPointer(rebasing: all[(all.count - size)...])
      below.initializeMemory(as: UInt8.self, repeating: 0xA5)
      precondition(Self.get(own) == 0)
      own.pointee.uc_stack = stack_t(ss_sp: stack.baseAddress, ss_flags: 0, ss_size: stack.count)
      own.pointee.uc_link = nil
      let address = UInt64(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()))
      Self.make(
        own,
        { high, low in
          let address = UInt(UInt64(high) << 32 | UInt64(low))
          Unmanaged<Fibre>.fromOpaque(UnsafeRawPointer(bitPattern: address)!).takeUnretainedValue().run()
        }, 2, UInt32(address >> 32), UInt32(truncatingIfNeeded: address))
    }

    deinit {
      memory.deallocate()
      own.deallocate()
      caller.deallocate()
    }

    private func run() {
      body(self)
      isFinished = true
      while true { leave() }
    }

    /// Goes on in the fibre until it leaves or ends. False where it has ended before.
    @discardableResult
    func resume() -> Bool {
      if isFinished { return false }
      precondition(Self.swap(caller, own) == 0)
      return true
    }

    /// Goes back to where the fibre was resumed. On the fibre.
    func leave() { precondition(Self.swap(own, caller) == 0) }

    /// Whether all that lies below the stack is as it was.
    var isIntact: Bool { below.allSatisfy { $0 == 0xA5 } }
  }

  /// A function of the platform that its module does not show.
  func symbol<Function>(_ name: String, as type: Function.Type) -> Function {
    unsafeBitCast(dlsym(nil, name)!, to: type)
  }
#endif
