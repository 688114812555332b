/// Traps that the processor finds: accesses of compiled code to the guard behind a memory.
///
/// The fault handler (``Signals``) leaves the registers in the store's context and goes on at an exit, which calls
/// ``recordFault``. The effective address is computed from the registers, since the system's is wrong for an access that
/// straddles the end.
enum SignalTraps {
  /// Whether faults of compiled code become traps. The handler is installed when this is first asked.
  static var areAvailable: Bool { FirstUse.make { isInstalled } }

  private static let isInstalled: Bool = {
    #if os(Linux) && arch(x86_64)
      guard let memory = ExecutableMemory.shared, MachineCode.pieces != nil,
        let exit = MachineCode.arena.place(Trampolines.faultExit(recordFault: address(recordFault)))
      else { return false }
      // What a fault leads to is made now.
      _ = CodeRegistry.shared
      return Signals.install(code: memory.range, exit: UInt(bitPattern: exit))
    #else
      return false
    #endif
  }()

  #if os(Linux) && arch(x86_64)
    private static func address(_ function: @convention(c) (UnsafeMutableRawPointer) -> UInt64) -> UInt {
      unsafeBitCast(function, to: UInt.self)
    }

    /// What the exit calls, in the stack of the code that faulted.
    private static let recordFault: @convention(c) (UnsafeMutableRawPointer) -> UInt64 = { base in
      let context = VMContext(base)
      let store = context.store
      func register(_ place: Int) -> UInt64 { store[StoreContext.faultRegistersOffset + place * 8] }
      let position = UInt(register(Signals.instructionPointer))
      guard let access = CodeRegistry.shared.function(containing: position)?.access(position) else {
        preconditionFailure("the handler of faults has found it")
      }
      guard access.memory != AccessSite.interruptPage else {
        let status = RuntimeCalls.interrupted(store)
        MachineFrames.note(
          store, frame: UInt(register(Signals.framePointer)), position: position, context: context, isFault: true)
        RuntimeCalls.captureBacktrace(store)
        return status.rawValue
      }
      var address = UInt64(bitPattern: Int64(access.displacement))
      if let base = access.base { address &+= register(Signals.registerOrder[base]) }
      if let index = access.index { address &+= register(Signals.registerOrder[index]) << UInt64(access.scale) }
      let memory = context.memoryRecord(UInt32(access.memory))
      let status = RuntimeCalls.trap(
        store, .outOfBoundsMemoryAccess, index: UInt32(access.memory),
        address: address &- UInt64(UInt(bitPattern: memory.contents)), length: UInt64(access.width))
      MachineFrames.note(
        store, frame: UInt(register(Signals.framePointer)), position: position, context: context, isFault: true)
      RuntimeCalls.captureBacktrace(store)
      return status.rawValue
    }
  #endif
}
