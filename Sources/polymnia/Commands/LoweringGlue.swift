/// What `polymnia lower --glue` writes: accessors for the memories that a lowered module exports. They find everything
/// by the exports' names, so that one text serves every module.
enum LoweringGlue {
  static let javaScript = """
    // Access to one of the memories of a module that `polymnia lower` has made. Base and size are read anew for every
    // call: growth can change both. A view that was handed out is not valid after growth.
    export class LoweredMemory {
      constructor(instance, name) {
        const { exports } = instance;
        this.memory = exports["lowered-memory"];
        this.baseGlobal = exports[name + ".base"];
        this.sizeGlobal = exports[name + ".size"];
        this.growFunction = exports[name + ".grow"];
        if (!this.memory || !this.baseGlobal) throw new Error(`no lowered memory ${name}`);
      }
      // In bytes, within the combined memory.
      get base() { return Number(this.baseGlobal.value); }
      // In bytes.
      get size() { return Number(this.sizeGlobal.value); }
      // The bytes of this memory, and of no other.
      get bytes() { return new Uint8Array(this.memory.buffer, this.base, this.size); }
      get view() { return new DataView(this.memory.buffer, this.base, this.size); }
      // By pages; the number of pages before, or -1.
      grow(pages) { return this.growFunction(pages); }
    }

    """

  static let swift = """
    import WasmEngine

    /// Access to one of the memories of a module that `polymnia lower` has made. Base and size are read anew for every
    /// call: growth can change both.
    public struct LoweredMemory {
      let memory: Memory
      let baseGlobal: Global
      let sizeGlobal: Global
      let growFunction: Function

      public init(_ instance: Instance, _ name: String) throws {
        memory = try instance.memory("lowered-memory")
        baseGlobal = try instance.global(name + ".base")
        sizeGlobal = try instance.global(name + ".size")
        growFunction = try instance.function(name + ".grow")
      }

      /// In bytes, within the combined memory.
      public var base: UInt64 { Self.number(baseGlobal.value) }
      /// In bytes.
      public var byteCount: UInt64 { Self.number(sizeGlobal.value) }

      /// - Throws: where the range is not within this memory.
      public func read(_ count: Int, at address: UInt64) throws -> [UInt8] {
        try memory.read(count, at: try place(of: UInt64(count), at: address))
      }

      /// - Throws: where the range is not within this memory.
      public func write(_ bytes: [UInt8], at address: UInt64) throws {
        try memory.write(bytes, at: try place(of: UInt64(bytes.count), at: address))
      }

      /// By pages; the result is that of memory.grow.
      public func grow(by pages: Value) throws -> Value { try growFunction.call([pages])[0] }

      private func place(of count: UInt64, at address: UInt64) throws -> UInt64 {
        let size = byteCount
        guard count <= size, address <= size - count else { throw OutOfBounds() }
        return base + address
      }

      struct OutOfBounds: Error {}

      private static func number(_ value: Value) -> UInt64 {
        switch value {
        case .i32(let bits): UInt64(UInt32(bitPattern: bits))
        case .i64(let bits): UInt64(bitPattern: bits)
        default: 0
        }
      }
    }

    """
}
