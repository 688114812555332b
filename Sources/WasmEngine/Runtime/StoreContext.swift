/// The words of a store that executing code reads and writes: limits, fuel, the interrupt word, and what a trap leaves for
/// the host to read. One for each store, at a fixed address.
struct StoreContext {
  let base: UnsafeMutableRawPointer

  @inline(__always) init(_ base: UnsafeMutableRawPointer) { self.base = base }

  static let size = 512
  /// The lowest address that the interpreter's frames may not reach any more (its value stack grows upwards).
  static let valueStackLimitOffset = 0
  /// Not zero when the execution is to be interrupted (``RuntimeCalls/interrupted(_:)`` says why). Written by other threads; read at loop back edges and calls.
  static let interruptOffset = 8
  /// Fuel that is left; below zero it is used up.
  static let fuelOffset = 16
  /// Where the next activation of the interpreter puts its first frame.
  static let valueStackTopOffset = 24
  /// The lowest address of the native stack that wasm-to-host and host-to-wasm calls may use, with room for the host.
  static let nativeStackLimitOffset = 32
  /// Frame and position of the innermost wasm frame at an exit to the host or a trap.
  static let lastFrameOffset = 40
  static let lastPositionOffset = 48
  /// The innermost activation record (linked), for backtraces over host frames.
  static let lastActivationOffset = 56
  /// What a trap was: kind (``Trap/Kind``'s raw value), memory or table index, effective address, length of the access.
  static let trapKindOffset = 64
  static let trapIndexOffset = 72
  static let trapAddressOffset = 80
  static let trapLengthOffset = 88
  /// The exception that is on its way, as an exnref word.
  static let pendingExceptionOffset = 96
  /// The ``Store`` object, unretained.
  static let objectOffset = 104

  /// The frame pointer of the innermost frame of compiled code at an exit to the runtime.
  static let machineFrameOffset = 112
  /// The table of runtime functions that compiled code calls.
  static let runtimeTableOffset = 120
  /// The stack pointer to come back to when compiled code ends by a trap, of the innermost entry.
  static let machineExitOffset = 128
  /// The stack pointer of the innermost frame of compiled code at a call of the runtime.
  static let machineStackOffset = 136
  /// What compiled code compares the stack pointer with: ``nativeStackLimitOffset``, or all ones while the interrupt word is
  /// set, so that calls stop too (``InterruptWord/refreshLimit(_:)``).
  static let machineStackLimitOffset = 144
  /// The context of the innermost wasm frame at an exit or a trap, where that is one of compiled code.
  static let lastContextOffset = 152
  /// A ``MachineEntryTable`` or null, and the number of its slots less one.
  static let machineEntriesOffset = 160
  static let machineEntryMaskOffset = 168
  /// The page that may not be read while the interrupt word is set; 0 where there is none.
  static let interruptPageOffset = 176
  /// Where compiled code goes on that has caught an exception (``Unwinding``): the instruction, the frame pointer and the
  /// context.
  static let landingPositionOffset = 184
  static let landingFrameOffset = 192
  static let landingContextOffset = 200
  /// Where the native stack was at the outermost call that is under way on it; 0 where none is. Between there and the limit
  /// lies the stack of the same thread.
  static let nativeStackStartOffset = 208
  /// How the innermost call between the host and machine code ended, an ``ExecutionStatus``, where that did not complete;
  /// whoever looks at it makes it 0 again.
  static let statusOffset = 216
  /// How many bytes of the native stack a call from the host may use (``Engine/Configuration/stackSize``).
  static let nativeStackSizeOffset = 224
  /// 1 where compiled code may leave accesses to fault.
  static let takesFaultsOffset = 232
  /// How many stacks the embedder has told of (``Store/onStack(_:_:)``).
  static let givenStackCountOffset = 240
  /// The registers of compiled code that faulted, as the system orders them (``Signals``).
  static let faultRegistersOffset = 256
  /// The interpreter's registers, which in a debug build a handler passes to the loop here.
  static let loopCodeOffset = 488
  static let loopFrameOffset = 496
  static let loopContextOffset = 504

  /// Takes what is at ``statusOffset``.
  @inline(__always) func takeStatus() -> ExecutionStatus {
    let status = self[Self.statusOffset]
    guard status != 0 else { return .completed }
    self[Self.statusOffset] = 0
    return ExecutionStatus(rawValue: status) ?? .trapped
  }

  @inline(__always) subscript(_ offset: Int) -> UInt64 {
    get { base.load(fromByteOffset: offset, as: UInt64.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: offset, as: UInt64.self) }
  }
}

/// How a piece of execution ended, as the C-convention functions between tiers, runtime and host return it.
enum ExecutionStatus: UInt64 {
  case completed = 0
  /// A trap; what it was stands in the ``StoreContext``.
  case trapped = 1
  /// An exception that no handler of this activation caught; it stands in the ``StoreContext``.
  case threw = 2
  /// A host function threw a Swift error, which is parked in the store.
  case hostFailed = 3
  /// A frame of compiled code catches the exception; where it goes on stands in the ``StoreContext``. Only exits of
  /// compiled code return this, to themselves.
  case caught = 4
  /// Nothing was done, since the bounds of the native stack are another thread's, or are reached. Only entries for words
  /// return this.
  case wrongStack = 5
}
