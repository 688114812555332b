import WebAssembly

/// Entering interpreted code, walking its frames, and the stubs that stand where there is no code.
///
/// An activation begins with three words: the last frame, position and context of the activation around it. Then come
/// the arguments; their frame returns to the stub `exit`, and its caller's frame points behind the three words.
enum Interpreter {
  private static let activationSize = 24

  /// A header and one instruction.
  private static func stub(_ special: HandlerTable.Special, operand: Int) -> UnsafeMutableRawPointer {
    let code = UnsafeMutableRawPointer.allocate(byteCount: CodeHeader.size + 16, alignment: 16)
    code.initializeMemory(as: UInt64.self, repeating: 0, count: 4)
    code.storeBytes(
      of: HandlerTable.shared.handler(special), toByteOffset: CodeHeader.size, as: UInt.self)
    code.storeBytes(of: Int32(operand), toByteOffset: CodeHeader.size + 8, as: Int32.self)
    return code
  }

  /// Stubs are made once for the process and never change.
  private struct Stubs: @unchecked Sendable {
    let exit = Interpreter.stub(.exit, operand: 0)
    let lazy = Interpreter.stub(.translate, operand: 0)
    /// By the number of slots of parameters or results, whichever are more.
    let host: UnsafeMutableRawPointer
    static let hostSize = CodeHeader.size + 16
    static let hostCount = 2049

    init() {
      host = .allocate(byteCount: Self.hostSize * Self.hostCount, alignment: 16)
      for slots in 0..<Self.hostCount {
        let one = Interpreter.stub(.host, operand: FrameLayout.linkSize + slots * FrameLayout.slotSize)
        (host + slots * Self.hostSize).copyMemory(from: one, byteCount: Self.hostSize)
        one.deallocate()
      }
    }
  }

  private static let stubs = Stubs()

  /// The code of a function that is not translated yet: it translates it and goes on there.
  static var lazyStub: UnsafeMutableRawPointer { stubs.lazy }

  /// The code of a host function whose parameters and results take at most so many slots.
  static func hostStub(slots: Int) -> UnsafeMutableRawPointer {
    precondition(slots < Stubs.hostCount, "parameters and results are limited to 1000 each")
    return stubs.host + slots * Stubs.hostSize
  }

  private static var exitCode: CodePointer { UnsafeRawPointer(stubs.exit + CodeHeader.size) }

  /// Calls a function with its arguments in the slots, and leaves its results there.
  static func call(
    _ record: FunctionRecord, slots: UnsafeMutablePointer<UInt64>, parameterSlots: Int, resultSlots: Int,
    in store: StoreContext
  ) -> ExecutionStatus {
    let top = store[StoreContext.valueStackTopOffset]
    let lastFrame = store[StoreContext.lastFrameOffset]
    let lastPosition = store[StoreContext.lastPositionOffset]
    let size = max(parameterSlots, resultSlots) * FrameLayout.slotSize
    guard let start = UnsafeMutableRawPointer(bitPattern: UInt(top)) else {
      return RuntimeCalls.trap(store, .callStackExhausted)
    }
    let arguments = start + activationSize
    let fp = arguments + (size + FrameLayout.linkSize)
    let code = record.interpreterCode
    let end = UInt(bitPattern: fp) + code.load(fromByteOffset: CodeHeader.frameSizeOffset, as: UInt.self)
    guard end <= UInt(store[StoreContext.valueStackLimitOffset]) else {
      return RuntimeCalls.trap(store, .callStackExhausted)
    }
    start.storeBytes(of: lastFrame, as: UInt64.self)
    start.storeBytes(of: lastPosition, toByteOffset: 8, as: UInt64.self)
    start.storeBytes(of: store[StoreContext.lastContextOffset], toByteOffset: 16, as: UInt64.self)
    arguments.copyMemory(from: slots, byteCount: parameterSlots * FrameLayout.slotSize)
    let context = record.context.base
    fp.storeBytes(of: context, toByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
    fp.storeBytes(of: exitCode, toByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
    fp.storeBytes(of: arguments, toByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
    fp.storeBytes(of: record.base, toByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self)
    let status = run(UnsafeRawPointer(code + CodeHeader.size), fp, context, store)
    store[StoreContext.valueStackTopOffset] = top
    if status == .completed {
      UnsafeMutableRawPointer(slots).copyMemory(from: arguments, byteCount: resultSlots * FrameLayout.slotSize)
      store[StoreContext.lastFrameOffset] = lastFrame
      store[StoreContext.lastPositionOffset] = lastPosition
    }
    return status
  }

  private static func run(
    _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer, _ store: StoreContext
  ) -> ExecutionStatus {
    var status = execute(pc, fp, context)
    #if DEBUG
      while status == FrameLayout.goOn {
        let pc = UnsafeRawPointer(bitPattern: UInt(store[StoreContext.loopCodeOffset]))!
        let fp = UnsafeMutableRawPointer(bitPattern: UInt(store[StoreContext.loopFrameOffset]))!
        let context = UnsafeMutableRawPointer(bitPattern: UInt(store[StoreContext.loopContextOffset]))!
        status = unsafeBitCast(pc.loadUnaligned(as: UInt.self), to: Handler.self)(pc, fp, context)
      }
    #endif
    return ExecutionStatus(rawValue: status) ?? .trapped
  }

  /// The code of a function of an instance, translated if need be; nil where it cannot be.
  static func translate(_ record: FunctionRecord) -> UnsafeMutableRawPointer? {
    RuntimeCalls.instance(record.context) { instance in
      let module = instance.module
      let index = Int(record.index)
      let defined = index - module.layout.importedFunctionCount
      if let code = module.code.code(defined) { return code }
      guard let function = try? module.translation.translate(index) else { return nil }
      return module.code.publish(function.code, at: defined, owner: function)
    }
  }

  // MARK: Frames

  /// The function that a frame is of, which stands at `pc`; nil for a stub's frame.
  private static func function(_ record: FunctionRecord, at pc: CodePointer) -> TranslatedFunction? {
    let pointer = record.interpreterCode.load(
      fromByteOffset: CodeHeader.functionOffset, as: UnsafeMutableRawPointer?.self)
    guard let pointer else { return nil }
    let function = Unmanaged<TranslatedFunction>.fromOpaque(pointer).takeUnretainedValue()
    return function.contains(pc) ? function : nil
  }

  /// Takes the store's pending exception from the instruction `pc` to the clause that catches it, in this frame or one
  /// of its callers, or out of the activation.
  @inline(never)
  static func unwind(_ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer) -> UInt64 {
    switch findCatcher(pc, fp, context) {
    case .clause(let pc, let fp, let context): return execute(pc, fp, context)
    case .none: return ExecutionStatus.threw.rawValue
    case .interrupted:
      // The execution is to stop where the exception was thrown, which is given up.
      let word = VMContext(context).store[StoreContext.pendingExceptionOffset]
      RuntimeCalls.exceptionCaught(VMContext(context), word, byReference: false)
      return interrupt(pc, fp, context)
    }
  }

  private enum Catcher {
    case clause(pc: CodePointer, fp: FramePointer, context: ContextPointer)
    case none
    case interrupted
  }

  private static func findCatcher(
    _ pc: CodePointer, _ fp: FramePointer, _ context: ContextPointer
  ) -> Catcher {
    let store = VMContext(context).store
    let word = store[StoreContext.pendingExceptionOffset]
    guard let exception = ExceptionRecord(word: word) else { return .none }
    var passed = 0
    var pc = pc
    var fp = fp
    var context = context
    while true {
      let record = FunctionRecord(
        fp.load(fromByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self))
      if let handler = function(record, at: pc)?.handler(at: pc, tag: exception.tag, context: VMContext(context)) {
        guard store[StoreContext.interruptOffset] == 0 else { return .interrupted }
        let payload = (fp + handler.payload).assumingMemoryBound(to: UInt64.self)
        let count = exception.count
        // Only a clause with a tag takes the payload; the others' room ends where their operands do.
        if handler.takesPayload { payload.update(from: exception.slots, count: count) }
        if handler.pushesReference { payload[handler.takesPayload ? count : 0] = word }
        RuntimeCalls.exceptionCaught(VMContext(context), word, byReference: handler.pushesReference)
        return .clause(pc: handler.target, fp: fp, context: context)
      }
      let returnAddress = fp.load(fromByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
      if returnAddress == exitCode { return .none }
      context = fp.load(fromByteOffset: FrameLayout.callerContextOffset, as: UnsafeMutableRawPointer.self)
      fp = fp.load(fromByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
      pc = returnAddress - 1
      passed += 1
      if passed % LookBudget.unwoundFrames == 0, store[StoreContext.interruptOffset] != 0 { return .interrupted }
    }
  }

  /// The function and wasm offset of the frame at the cursor, which goes on to the next one; nil for a stub's frame.
  static func advance(_ cursor: inout FrameCursor) -> (function: FunctionRecord, offset: Int)? {
    guard let fp = UnsafeMutableRawPointer(bitPattern: cursor.frame),
      let pc = UnsafeRawPointer(bitPattern: cursor.position)
    else {
      cursor.frame = 0
      return nil
    }
    let record = FunctionRecord(
      fp.load(fromByteOffset: FrameLayout.functionOffset, as: UnsafeMutableRawPointer.self))
    let returnAddress = fp.load(fromByteOffset: FrameLayout.returnOffset, as: UnsafeRawPointer.self)
    let caller = fp.load(fromByteOffset: FrameLayout.callerFrameOffset, as: UnsafeMutableRawPointer.self)
    if returnAddress == exitCode {
      cursor.frame = caller.load(fromByteOffset: -activationSize, as: UInt.self)
      cursor.position = caller.load(fromByteOffset: 8 - activationSize, as: UInt.self)
      cursor.context = caller.load(fromByteOffset: 16 - activationSize, as: UInt.self)
    } else {
      cursor.frame = UInt(bitPattern: caller)
      cursor.position = UInt(bitPattern: returnAddress - 1)
    }
    return function(record, at: pc).map { (record, $0.wasmOffset(pc)) }
  }
}
