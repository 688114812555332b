/// Exceptions in frames of compiled code (Core 3.0, 4.6.9).
///
/// Nothing is done where nothing is thrown: a call in guarded code has, in the side table of its function, the place where
/// an exception goes on. Since a call preserves no register, all that is alive there is in the frame.
enum Unwinding {
  /// Takes the store's pending exception from the call that returns to `position`, in the frame at `frame`, to the frame
  /// of this activation that guards its call, and leaves in the store's context where that goes on (``ExecutionStatus``
  /// `caught`). Otherwise the exception leaves the activation (`threw`). It looks at the interrupt word on its way, and at its
  /// end (`trapped`).
  static func unwind(
    _ store: StoreContext, frame: UInt, position: UInt, context: VMContext
  ) -> ExecutionStatus {
    let origin = (frame: frame, position: position, context: context)
    var frame = frame
    var position = position
    var context = context.base
    var passed = 0
    // The frame of the entry ends it: it is no function's.
    while let function = CodeRegistry.shared.function(containing: position &- 1),
      let words = UnsafePointer<UInt>(bitPattern: frame)
    {
      // Code that calls only inside its instance does not keep its context, which is its callee's.
      if function.keepsContext, let kept = UnsafeMutableRawPointer(bitPattern: (words - 1).pointee) { context = kept }
      if let site = function.site(position), site.landing != 0 {
        guard store[StoreContext.interruptOffset] == 0 else { return interrupt(store, origin) }
        store[StoreContext.landingPositionOffset] = UInt64(function.start + UInt(site.landing))
        store[StoreContext.landingFrameOffset] = UInt64(frame)
        store[StoreContext.landingContextOffset] = UInt64(UInt(bitPattern: context))
        return .caught
      }
      frame = words[0]
      position = words[1]
      passed += 1
      if passed % LookBudget.unwoundFrames == 0, store[StoreContext.interruptOffset] != 0 {
        return interrupt(store, origin)
      }
    }
    return .threw
  }

  /// Gives the pending exception up, since the execution is to stop where it was thrown.
  private static func interrupt(
    _ store: StoreContext, _ origin: (frame: UInt, position: UInt, context: VMContext)
  ) -> ExecutionStatus {
    MachineFrames.note(store, frame: origin.frame, position: origin.position, context: origin.context)
    RuntimeCalls.exceptionCaught(origin.context, store[StoreContext.pendingExceptionOffset], byReference: false)
    let status = RuntimeCalls.interrupted(store)
    RuntimeCalls.captureBacktrace(store)
    return status
  }

  /// The same from the frame that called from the frame at `frame`.
  static func unwindCaller(of frame: UInt, _ store: StoreContext, context: VMContext) -> ExecutionStatus {
    guard let words = UnsafePointer<UInt>(bitPattern: frame) else { return .threw }
    return unwind(store, frame: words[0], position: words[1], context: context)
  }
}
