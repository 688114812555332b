import WebAssembly

/// A tag (Core 3.0, 4.2.11). Its identity in guest state is the address of the object.
final class TagInstance {
  /// The canonical id of its type.
  let typeID: UInt32
  /// What keeps the id.
  private let types: RegisteredTypes

  init(typeID: UInt32, of types: RegisteredTypes) {
    self.typeID = typeID
    self.types = types
  }

  var identity: UInt64 { UInt64(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())) }

  /// The tag of an identity that stands in a context or an exception of a store that is alive.
  static func of(_ identity: UInt64) -> TagInstance {
    Unmanaged<TagInstance>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(identity))!).takeUnretainedValue()
  }
}

/// A global (Core 3.0, 4.2.10).
final class GlobalInstance {
  /// With canonical type indices.
  let type: GlobalType
  /// The cell of 16 bytes that holds the value: in the context of the instance that defines the global, or its own.
  let cell: UnsafeMutablePointer<UInt64>
  private let ownsCell: Bool

  /// A global whose value stands in a context.
  init(_ type: GlobalType, cell: UnsafeMutableRawPointer) {
    self.type = type
    self.cell = cell.assumingMemoryBound(to: UInt64.self)
    ownsCell = false
  }

  /// A global of the host's.
  init(_ type: GlobalType) {
    self.type = type
    let cell = UnsafeMutableRawPointer.allocate(byteCount: VMContext.globalSize, alignment: 16)
    cell.initializeMemory(as: UInt64.self, repeating: 0, count: 2)
    self.cell = cell.assumingMemoryBound(to: UInt64.self)
    ownsCell = true
  }

  deinit {
    if ownsCell { UnsafeMutableRawPointer(cell).deallocate() }
  }
}

/// A function of the host: what its record's index leads to.
final class HostFunction {
  let type: FunctionType
  private let body: HostBody
  private let wordBody: HostWordBody
  /// Whether machine code calls it with words in registers.
  let takesWords: Bool
  let record: FunctionRecord
  /// What keeps the canonical id in the record.
  private let types: RegisteredTypes
  /// The store, which keeps its functions as long as it lives.
  private let store: Unmanaged<Store>

  init(_ type: FunctionType, registered types: RegisteredTypes, store: Store, index: Int, body: HostFunctionBody) {
    self.type = type
    self.types = types
    switch body {
    case .slots(let body):
      self.body = body
      wordBody = { _, _, _, _, _ in 0 }
      takesWords = false
    case .words(let body):
      let parameterCount = type.parameters.count
      let hasResult = !type.results.isEmpty
      self.body = { caller, slots in
        func word(_ index: Int) -> UInt64 { index < parameterCount ? slots[index] : 0 }
        let result = try body(caller, word(0), word(1), word(2), word(3))
        if hasResult { slots[0] = result }
      }
      wordBody = body
      takesWords = true
    }
    self.store = Unmanaged.passUnretained(store)
    // Behind the record stands this object, so that a call finds it without a search.
    let size = FunctionRecord.size + MemoryLayout<UnsafeRawPointer>.size
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    record = FunctionRecord(memory)
    record.context = store.hostContext
    record.typeID = types.ids[0]
    record.index = UInt32(index)
    record.interpreterCode = Tier.hostStub(type)
    memory.storeBytes(
      of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: FunctionRecord.size, as: UnsafeMutableRawPointer.self
    )
  }

  deinit { record.base.deallocate() }

  /// Calls the host function of a record.
  @inline(__always)
  static func enter(
    _ record: FunctionRecord, caller: VMContext, slots: UnsafeMutablePointer<UInt64>
  ) -> ExecutionStatus {
    withFunction(of: record) { function throws in
      try function.body(Caller(store: function.store, context: caller), slots)
    }
  }

  /// The same for one over words.
  @inline(__always)
  static func enter(
    _ record: FunctionRecord, caller: VMContext, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64,
    result: inout UInt64
  ) -> ExecutionStatus {
    withFunction(of: record) { function throws in
      result = try function.wordBody(Caller(store: function.store, context: caller), a, b, c, d)
    }
  }

  @inline(__always)
  private static func withFunction(
    of record: FunctionRecord, _ body: (HostFunction) throws -> Void
  ) -> ExecutionStatus {
    let object = record.base.load(fromByteOffset: FunctionRecord.size, as: UnsafeRawPointer.self)
    return Unmanaged<HostFunction>.fromOpaque(object)._withUnsafeGuaranteedRef { function in
      do {
        try body(function)
        return .completed
      } catch {
        return function.store._withUnsafeGuaranteedRef { $0.hostFailure(error) }
      }
    }
  }
}

/// What a host function does: arguments in the slots, results out.
public typealias HostBody = (borrowing Caller, UnsafeMutablePointer<UInt64>) throws -> Void

/// What a host function of up to four parameters and at most one result does that are one word each.
public typealias HostWordBody = (borrowing Caller, UInt64, UInt64, UInt64, UInt64) throws -> UInt64

/// The two ways in which a host function can be given.
enum HostFunctionBody {
  case slots(HostBody)
  case words(HostWordBody)
}
