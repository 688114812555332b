#if os(Linux) && arch(x86_64)
  import Glibc

  // What the handler looks at. All are set before it is installed, so that nothing is made while it runs.
  nonisolated(unsafe) private var codeStart: UInt = 0
  nonisolated(unsafe) private var codeEnd: UInt = 0
  nonisolated(unsafe) private var exitAddress: UInt = 0
  /// Where the general registers stand in the context that a handler is given.
  nonisolated(unsafe) private var registersOffset = 0
  nonisolated(unsafe) private var registry: CodeRegistry?
  /// What was there before us, by whether it is for bus errors.
  nonisolated(unsafe) private var previousFault = sigaction()
  nonisolated(unsafe) private var previousBusError = sigaction()

  /// The handler of faults (SIGSEGV and SIGBUS). A fault of compiled code at an access that may fault leaves its registers
  /// in the store's context and goes on at an exit; every other one goes to the handler that was there before, as it came.
  ///
  /// The handler allocates nothing, counts no references and makes no global. It runs on the alternative stack of the
  /// thread where there is one; where there is none, compiled code leaves ``StackBounds/reserve`` bytes of the thread's own
  /// stack free, which is plenty.
  enum Signals {
    /// The places of the registers by their numbers in machine code (rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15).
    static let registerOrder = [13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7]
    static let framePointer = 10
    static let instructionPointer = 16
    static let registerCount = 17

    /// Installs the handler for faults in a range of addresses. False where the system refuses it. To be called once.
    static func install(code: Range<UInt>, exit: UInt) -> Bool {
      guard let offset = MemoryLayout<ucontext_t>.offset(of: \.uc_mcontext) else { return false }
      codeStart = code.lowerBound
      codeEnd = code.upperBound
      exitAddress = exit
      registersOffset = offset
      registry = .shared
      guard System.setAction(SIGSEGV, nil, old: &previousFault), System.setAction(SIGBUS, nil, old: &previousBusError)
      else { return false }
      var action = sigaction()
      action.__sigaction_handler.sa_sigaction = { signal, information, context in
        if let context {
          let registers = context + registersOffset
          let position = registers.load(fromByteOffset: 16 * 8, as: UInt.self)
          if position >= codeStart, position < codeEnd {
            if registry?.function(containing: position)?.access(position) != nil,
              let instance = registers.load(fromByteOffset: 7 * 8, as: UnsafeMutableRawPointer?.self)
            {
              // r15 holds the context in all compiled code.
              let store = instance.load(as: UnsafeMutableRawPointer.self)
              (store + StoreContext.faultRegistersOffset).copyMemory(from: registers, byteCount: 17 * 8)
              registers.storeBytes(of: exitAddress, toByteOffset: 16 * 8, as: UInt.self)
              return
            }
            // A mistake of the compiler's, or memory that somebody overwrote: whoever reports crashes is to see it where
            // it happened.
            let message: StaticString = "polymnia: fault of machine code at an instruction that may not fault\n"
            _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
          }
        }
        passOn(signal, information, context)
      }
      action.sa_flags = SA_SIGINFO | SA_ONSTACK
      sigemptyset(&action.sa_mask)
      guard System.setAction(SIGSEGV, &action) else { return false }
      return System.setAction(SIGBUS, &action)
    }
  }

  // What follows runs in the handler, which has no use for the result of a call that was refused.

  /// Does what would have been done without us.
  private func passOn(
    _ signal: Int32, _ information: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
  ) {
    if signal == SIGBUS {
      passOn(signal, information, context, &previousBusError)
    } else {
      passOn(signal, information, context, &previousFault)
    }
  }

  private func passOn(
    _ signal: Int32, _ information: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?,
    _ previous: UnsafeMutablePointer<sigaction>
  ) {
    // The handler is the first word: 0 is the default, 1 ignores.
    let handler = UnsafeRawPointer(previous).load(as: UInt.self)
    let isSent = (information?.pointee.si_code ?? 0) <= 0
    if handler == 1, isSent { return }
    guard handler > 1 else {
      // A fault happens again when we return; a signal that somebody sent does not.
      var standard = sigaction()
      sigaction(signal, &standard, nil)  // in a signal handler
      if isSent { raise(signal) }
      return
    }
    let flags = previous.pointee.sa_flags
    if flags & Int32(bitPattern: UInt32(SA_RESETHAND)) != 0 {
      var standard = sigaction()
      sigaction(signal, &standard, nil)  // in a signal handler
    }
    if flags & Int32(bitPattern: UInt32(SA_NODEFER)) != 0 {
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, signal)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)  // in a signal handler
    }
    if flags & SA_SIGINFO != 0 {
      previous.pointee.__sigaction_handler.sa_sigaction?(signal, information, context)
    } else {
      previous.pointee.__sigaction_handler.sa_handler?(signal)
    }
  }
#endif
