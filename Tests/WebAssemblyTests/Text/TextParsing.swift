import WebAssembly

/// The module that a text stands for.
func parsed(_ text: String, features: FeatureSet = .all, emitNames: Bool = false) throws(TextError) -> Module {
  try ModuleParser.parse(Array(text.utf8), features: features, emitNames: emitNames).module
}

/// The message of the error in a text, or nil where there is none.
func textError(_ text: String, features: FeatureSet = .all) -> String? {
  do {
    _ = try parsed(text, features: features)
    return nil
  } catch { return error.message }
}

/// The bytes of the body of a module's function, without the count of its local declarations, which must be zero.
func body(_ module: Module, _ index: Int = 0) -> [UInt8] {
  let bytes = module.bytes[module.bodies[index].range]
  return bytes.first == 0 ? Array(bytes.dropFirst()) : Array(bytes)
}

/// The body of the function `(func instructions)` in a module with the given fields.
func instructions(_ text: String, fields: String = "") throws -> [UInt8] {
  body(try parsed("(module \(fields) (func \(text)))"))
}
