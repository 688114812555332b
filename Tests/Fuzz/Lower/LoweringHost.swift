import WasmEngine
import WebAssembly

/// What a module is given by its host, as it is or lowered: functions that answer with numbers, memories by their names, or
/// the functions that reach such a memory.
final class LoweringHost {
  private let store: Store
  /// The types of the memories that are reached through functions.
  private let remotes: [LoweredModule.Remote]
  private(set) var memories: [ExactName: Memory] = [:]

  init(_ store: Store, remotes: [LoweredModule.Remote]) {
    self.store = store
    self.remotes = remotes
  }

  func value(of item: CompiledModule.ImportDescription) throws -> ExternalValue {
    switch item.type {
    case .memory(let type): return .memory(try memory(item.name, type))
    case .function(let type):
      for remote in remotes where remote.module == item.module {
        for function in remote.functions where ExactName(item.name) == ExactName("\(remote.importName).\(function)") {
          _ = try memory(remote.importName, remote.type)
          // A handle of a memory in the closure would keep the store for ever.
          return .function(
            try Function(in: store, type: type) { [weak self] _, arguments in
              guard let memory = self?.memories[ExactName(remote.importName)] else {
                throw Mismatch("the host is gone")
              }
              return try Self.access(memory, function, arguments)
            })
        }
      }
      return .function(try Function(in: store, type: type) { _, arguments in Differential.answer(arguments, type) })
    default: throw Mismatch("an import of another kind")
    }
  }

  private func memory(_ name: String, _ type: MemoryType) throws -> Memory {
    let memory = try memories[ExactName(name)] ?? Memory(in: store, type: type)
    memories[ExactName(name)] = memory
    return memory
  }

  private static func access(_ memory: Memory, _ function: String, _ arguments: [Value]) throws -> [Value] {
    let address = arguments.first.map(number) ?? 0
    let is64 = memory.type.addressType == .i64
    switch function {
    case "size": return [value(memory.pageCount, is64)]
    case "grow": return [value((try? memory.grow(by: address)) ?? .max, is64)]
    case "load8": return [.i32(Int32(try memory.load(UInt8.self, at: address)))]
    case "load16": return [.i32(Int32(try memory.load(UInt16.self, at: address)))]
    case "load32": return [.i32(try memory.load(Int32.self, at: address))]
    case "load64": return [.i64(try memory.load(Int64.self, at: address))]
    case "store8": try memory.store(UInt8(truncatingIfNeeded: number(arguments[1])), at: address)
    case "store16": try memory.store(UInt16(truncatingIfNeeded: number(arguments[1])), at: address)
    case "store32": try memory.store(UInt32(truncatingIfNeeded: number(arguments[1])), at: address)
    case "store64": try memory.store(number(arguments[1]), at: address)
    default: throw Mismatch("no accessor \(function)")
    }
    return []
  }

  private static func value(_ number: UInt64, _ is64: Bool) -> Value {
    is64 ? .i64(Int64(bitPattern: number)) : .i32(Int32(truncatingIfNeeded: number))
  }

  private static func number(_ value: Value) -> UInt64 {
    switch value {
    case .i32(let bits): UInt64(UInt32(bitPattern: bits))
    case .i64(let bits): UInt64(bitPattern: bits)
    default: 0
    }
  }
}
