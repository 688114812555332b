@testable import WebAssembly

/// A module of the given sections.
func binary(_ sections: [UInt8]...) -> [UInt8] {
  [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0] + sections.flatMap { $0 }
}

/// A section with its size, which must be below 16384.
func section(_ id: SectionID, _ contents: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  writer.byte(id.rawValue)
  writer.span(contents[...])
  return writer.bytes
}

/// A custom section.
func customSection(_ name: String, _ contents: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  writer.name(name)
  return section(.custom, writer.bytes + contents)
}

/// The sections of a module with one function of type `[] -> []`, whose instructions are given with their `end`.
func function(_ instructions: [UInt8], memories: [UInt8] = [], dataCount: [UInt8] = []) -> [UInt8] {
  var body = ByteWriter()
  body.span(([0] + instructions)[...])
  return binary(
    section(.type, [1, 0x60, 0, 0]), section(.function, [1, 0]), memories.isEmpty ? [] : section(.memory, memories),
    dataCount.isEmpty ? [] : section(.dataCount, dataCount), section(.code, [1] + body.bytes))
}

/// What is malformed in a module, its bodies included, or nil.
func malformation(
  _ bytes: [UInt8], features: FeatureSet = .all, limits: ImplementationLimits = ImplementationLimits()
) -> String? {
  do {
    let module = try ModuleDecoder.decode(bytes, features: features, limits: limits)
    return BodyScanner.firstMalformation(in: module, features: features, limits: limits)?.message
  } catch { return error.message }
}

/// The first instruction of a module's function.
func firstInstruction(_ bytes: [UInt8], function: Int = 0) throws(ModuleError) -> Instruction {
  let module = try ModuleDecoder.decode(bytes)
  var reader = InstructionReader(module.bytes, range: module.bodies[function].range)
  _ = try reader.locals()
  return try reader.next()
}
