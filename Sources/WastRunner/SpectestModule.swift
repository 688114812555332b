import WasmEngine
import WebAssembly

/// The host module `spectest`, which the official scripts import from. Printing functions print nothing.
enum SpectestModule {
  static let name = "spectest"

  /// What the module exports, made anew in a store.
  static func exports(in store: Store, features: FeatureSet) throws(UsageError) -> [(
    name: String, value: ExternalValue
  )] {
    var exports: [(String, ExternalValue)] = []
    for (name, parameters) in functions {
      let function = try Function(in: store, type: FunctionType(parameters: parameters)) { _, _ in [] }
      exports.append((name, .function(function)))
    }
    let globals: [(String, Value)] = [
      ("global_i32", .i32(666)), ("global_i64", .i64(666)), ("global_f32", .f32(666.6)), ("global_f64", .f64(666.6)),
    ]
    for (name, value) in globals {
      exports.append(
        (name, .global(try Global(in: store, type: GlobalType(value: value.type, isMutable: false), value: value))))
    }
    let limits = Limits(minimum: 10, maximum: 20)
    for (name, addressType) in [("table", AddressType.i32), ("table64", .i64)] {
      let type = TableType(element: .function, limits: limits, addressType: addressType)
      exports.append((name, .table(try Table(in: store, type: type, filledWith: .funcref(nil)))))
    }
    var memory = MemoryType(limits: Limits(minimum: 1, maximum: 2))
    exports.append(("memory", .memory(try Memory(in: store, type: memory))))
    if features.contains(.threads) {
      memory.isShared = true
      exports.append(("shared_memory", .memory(try Memory(in: store, type: memory))))
    }
    return exports
  }

  private static let functions: [(String, [ValueType])] = [
    ("print", []), ("print_i32", [.i32]), ("print_i64", [.i64]), ("print_f32", [.f32]), ("print_f64", [.f64]),
    ("print_i32_f32", [.i32, .f32]), ("print_f64_f64", [.f64, .f64]),
  ]
}
