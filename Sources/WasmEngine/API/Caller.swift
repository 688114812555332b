import WebAssembly

/// Who called a host function. Valid during the call.
public struct Caller: ~Copyable {
  /// Without a reference count of its own: whoever calls keeps the store, and nobody can keep a caller.
  @usableFromInline let storeReference: Unmanaged<Store>
  private let context: VMContext

  init(store: Unmanaged<Store>, context: VMContext) {
    storeReference = store
    self.context = context
  }

  /// The store of the host function.
  @inlinable public var store: Store { storeReference.takeUnretainedValue() }

  /// The calling instance, or nil where the host calls its function itself.
  public var instance: Instance? {
    let word = context.word(VMContext.instanceOffset)
    guard let pointer = UnsafeRawPointer(bitPattern: UInt(word)) else { return nil }
    return Instance(data: Unmanaged<InstanceData>.fromOpaque(pointer).takeUnretainedValue(), store: store)
  }

  /// A memory of the calling instance, by its export name.
  public func memory(_ name: String) throws(UsageError) -> Memory {
    guard let instance else { throw .noExport(name) }
    return try instance.memory(name)
  }

  /// A memory of the calling instance, by its index; exported or not.
  public func memory(at index: Int) -> Memory? { instance?.memory(at: index) }
}
