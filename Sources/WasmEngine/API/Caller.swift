import WebAssembly

/// Who called a host function. Valid during the call.
public struct Caller: ~Copyable {
  public let store: Store
  private let context: VMContext

  init(store: Store, context: VMContext) {
    self.store = store
    self.context = context
  }

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
