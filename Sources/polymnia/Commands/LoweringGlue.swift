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
      // In bytes, within the combined memory; the global is an i32 without sign, or an i64.
      get base() {
        const value = this.baseGlobal.value;
        return typeof value === "bigint" ? Number(value) : value >>> 0;
      }
      // In bytes.
      get size() { return Number(this.sizeGlobal.value); }
      // The bytes of this memory, and of no other.
      get bytes() { return new Uint8Array(this.memory.buffer, this.base, this.size); }
      get view() { return new DataView(this.memory.buffer, this.base, this.size); }
      // By pages; the number of pages before, or -1.
      grow(pages) { return this.growFunction(pages); }
    }

    // What an access that trapped was in the module before it was lowered: the index of its memory, and address and length
    // in bytes as BigInts. Undefined where nothing was noted since the last call: then the trap was another one, or one of
    // the memory that lies last, which the engine itself checks.
    export function loweredFault({ exports }) {
      const memory = exports["lowered-fault.memory"];
      if (!memory || memory.value < 0) return undefined;
      const number = (name) => BigInt.asUintN(64, exports["lowered-fault." + name].value);
      const fault = { memory: memory.value, address: number("address"), length: number("length") };
      memory.value = -1;
      return fault;
    }

    // What `polymnia lower --imports accessors` makes of the import NAME of a memory: functions that reach `memory`, to be
    // spread into the imports: { host: { ...memoryAccessors("heap", memory) } }.
    // `is64` for a memory with 64-bit addresses, `pageSize` where it is not 65536.
    export function memoryAccessors(name, memory, { is64 = false, pageSize = 65536 } = {}) {
      let view = new DataView(memory.buffer);
      const data = () => (view.buffer === memory.buffer ? view : (view = new DataView(memory.buffer)));
      const at = is64 ? Number : (address) => address >>> 0;
      const pages = is64 ? BigInt : (count) => count | 0;
      const grow = (count) => {
        try { return memory.grow(is64 ? count : count >>> 0); } catch { return is64 ? -1n : -1; }
      };
      return {
        [name + ".size"]: () => pages(data().byteLength / pageSize),
        [name + ".grow"]: grow,
        [name + ".load8"]: (address) => data().getUint8(at(address)),
        [name + ".load16"]: (address) => data().getUint16(at(address), true),
        [name + ".load32"]: (address) => data().getInt32(at(address), true),
        [name + ".load64"]: (address) => data().getBigInt64(at(address), true),
        [name + ".store8"]: (address, value) => data().setInt8(at(address), value),
        [name + ".store16"]: (address, value) => data().setInt16(at(address), value, true),
        [name + ".store32"]: (address, value) => data().setInt32(at(address), value, true),
        [name + ".store64"]: (address, value) => data().setBigInt64(at(address), value, true),
      };
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

    /// What an access that trapped was in the module before it was lowered: the index of its memory, address and length.
    /// nil where nothing was noted since the last call: then the trap was another one, or one of the memory that lies last,
    /// which the engine itself checks.
    public func loweredFault(_ instance: Instance) throws -> Trap.MemoryFault? {
      let memory = try instance.global("lowered-fault.memory")
      guard case .i32(let index) = memory.value, index >= 0,
        case .i64(let address) = try instance.global("lowered-fault.address").value,
        case .i64(let length) = try instance.global("lowered-fault.length").value
      else { return nil }
      try memory.set(.i32(-1))
      return Trap.MemoryFault(
        memoryIndex: Int(index), address: UInt64(bitPattern: address), length: UInt64(bitPattern: length))
    }

    /// What `polymnia lower --imports accessors` makes of the import `name` of a memory: defines the functions that reach
    /// `memory`.
    public func defineAccessors(of memory: Memory, in linker: Linker, _ module: String, _ name: String) throws {
      let is64 = memory.type.addressType == .i64
      let address: ValueType = is64 ? .i64 : .i32
      func number(_ value: Value) -> UInt64 {
        switch value {
        case .i32(let bits): UInt64(UInt32(bitPattern: bits))
        case .i64(let bits): UInt64(bitPattern: bits)
        default: 0
        }
      }
      func value(_ number: UInt64, _ type: ValueType) -> Value {
        type == .i64 ? .i64(Int64(bitPattern: number)) : .i32(Int32(truncatingIfNeeded: number))
      }
      func define(
        _ suffix: String, _ parameters: [ValueType], _ results: [ValueType], _ body: @escaping ([Value]) throws -> [Value]
      ) throws {
        try linker.define(
          module, name + "." + suffix, type: FunctionType(parameters: parameters, results: results)
        ) { _, arguments in try body(arguments) }
      }
      func access<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ type: Word.Type) throws {
        let word: ValueType = Word.bitWidth == 64 ? .i64 : .i32
        try define("load\\(Word.bitWidth)", [address], [word]) {
          [value(UInt64(try memory.load(Word.self, at: number($0[0]))), word)]
        }
        try define("store\\(Word.bitWidth)", [address, word], []) {
          try memory.store(Word(truncatingIfNeeded: number($0[1])), at: number($0[0]))
          return []
        }
      }
      try define("size", [], [address]) { _ in [value(memory.pageCount, address)] }
      try define("grow", [address], [address]) { [value((try? memory.grow(by: number($0[0]))) ?? .max, address)] }
      try access(UInt8.self)
      try access(UInt16.self)
      try access(UInt32.self)
      try access(UInt64.self)
    }

    """
}
