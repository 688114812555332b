/// Where a walk over frames stands: the words of the ``StoreContext`` that name the innermost frame, or those that an
/// activation kept of the frame around it.
struct FrameCursor {
  /// A frame of the interpreter, or the frame pointer of a frame of compiled code with ``MachineFrames/mark``; 0 at the end.
  var frame: UInt
  /// Where it stands: interpreter code, or a return address in compiled code.
  var position: UInt
  /// The context of a frame of compiled code.
  var context: UInt
  /// The innermost ``MachineActivation`` that the walk has not left.
  var activation: UInt
  /// The function whose code the last frame's stands in, and the offset of the call that it replaces.
  var inlinedInto: (function: Int, offset: Int)?

  var isAtEnd: Bool { frame == 0 && inlinedInto == nil }

  init(_ store: StoreContext) {
    frame = UInt(store[StoreContext.lastFrameOffset])
    position = UInt(store[StoreContext.lastPositionOffset])
    context = UInt(store[StoreContext.lastContextOffset])
    activation = UInt(store[StoreContext.lastActivationOffset])
  }
}

/// What an entry into compiled code keeps of the frame from which it was entered, in its own frame (``Trampolines``); linked.
struct MachineActivation {
  let frame: UInt64
  let position: UInt64
  let context: UInt64
  let previous: UInt64
}

/// The frames of compiled code, which are walked by frame pointer.
enum MachineFrames {
  /// Marks a frame of compiled code whose position is a return address.
  static let mark: UInt = 1
  /// Marks one whose position is that of the instruction that faulted.
  static let faultMark: UInt = 2

  /// Makes a frame the innermost one.
  static func note(_ store: StoreContext, frame: UInt, position: UInt, context: VMContext, isFault: Bool = false) {
    store[StoreContext.lastFrameOffset] = UInt64(frame | mark | (isFault ? faultMark : 0))
    store[StoreContext.lastPositionOffset] = UInt64(position)
    store[StoreContext.lastContextOffset] = UInt64(UInt(bitPattern: context.base))
  }

  /// The same for the frame that called from the frame at `frame`.
  static func noteCaller(_ store: StoreContext, of frame: UInt, context: VMContext) {
    guard let words = UnsafePointer<UInt>(bitPattern: frame) else { return }
    note(store, frame: words[0], position: words[1], context: context)
  }

  /// The same for compiled code that called the runtime.
  static func noteRuntimeCall(_ context: VMContext) {
    let store = context.store
    // The return address lies below where the stack pointer was.
    guard let stack = UnsafePointer<UInt>(bitPattern: UInt(store[StoreContext.machineStackOffset])) else { return }
    note(
      store, frame: UInt(store[StoreContext.machineFrameOffset]), position: (stack - 1).pointee, context: context)
  }

  /// The function and wasm offset of the frame at the cursor, which goes on to the next one.
  static func advance(_ cursor: inout FrameCursor) -> (function: FunctionRecord, offset: Int)? {
    if let outer = cursor.inlinedInto, let base = UnsafeMutableRawPointer(bitPattern: cursor.context) {
      cursor.inlinedInto = nil
      return (RuntimeCalls.instance(VMContext(base)) { $0.functionRecord(outer.function) }, outer.offset)
    }
    let isFault = cursor.frame & faultMark != 0
    let found = CodeRegistry.shared.function(containing: isFault ? cursor.position : cursor.position &- 1)
    guard let found, let words = UnsafePointer<UInt>(bitPattern: cursor.frame & ~(mark | faultMark)) else {
      // The position is in the code that entered this activation.
      guard let activation = UnsafePointer<MachineActivation>(bitPattern: cursor.activation) else {
        cursor.frame = 0
        return nil
      }
      cursor.frame = UInt(activation.pointee.frame)
      cursor.position = UInt(activation.pointee.position)
      cursor.context = UInt(activation.pointee.context)
      cursor.activation = UInt(activation.pointee.previous)
      return nil
    }
    // Code that calls only inside its instance does not keep its context, which is its callee's.
    let position = isFault ? found.access(cursor.position)?.position : found.site(cursor.position)?.position
    if found.keepsContext { cursor.context = (words - 1).pointee }
    cursor.frame = words[0] | mark
    cursor.position = words[1]
    guard let base = UnsafeMutableRawPointer(bitPattern: cursor.context),
      VMContext(base).word(VMContext.instanceOffset) != 0
    else { return nil }
    let inlined = position.flatMap { found.inlined($0) }
    if let inlined { cursor.inlinedInto = (Int(found.index), Int(inlined.call)) }
    let record = RuntimeCalls.instance(VMContext(base)) { $0.functionRecord(Int(inlined?.function ?? found.index)) }
    return (record, Int(inlined?.position ?? position ?? 0))
  }
}
