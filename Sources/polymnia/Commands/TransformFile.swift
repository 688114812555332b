import WasmEngine
import WebAssembly

/// The way through a command that makes a module out of another one: read and validated before, validated again after.
struct TransformFile {
  let file: ModuleFile
  let validated: ValidatedModule
  private let features: FeatureSet

  /// Reads and validates a module.
  ///
  /// - Throws: a ``CommandFailure`` that names the file and the place in it.
  init(path: String, features: FeatureSet) throws {
    self.features = features
    file = try ModuleFile(path: path, features: features)
    var configuration = Engine.Configuration()
    configuration.features = features
    do throws(ModuleError) {
      validated = try Engine(configuration).validate(file.module)
    } catch {
      throw file.failure(error)
    }
  }

  func failure(_ error: TransformError) -> CommandFailure { CommandFailure(file.name, error.message) }

  /// Writes the new module, if it is valid.
  ///
  /// - Parameter what: what messages call it.
  func write(_ module: Module, _ what: String, to path: String) throws {
    try Self.write(module, what, of: file.name, features: features, to: path)
  }

  /// The same when the file that it was made of has been let go of already. The module is, as soon as it is encoded.
  static func write(
    _ module: consuming Module, _ what: String, of name: String, features: FeatureSet, to path: String
  ) throws {
    let bytes = ModuleEncoder.encode(module)
    _ = consume module
    var configuration = Engine.Configuration()
    configuration.features = features
    do throws(ModuleError) {
      _ = try Engine(configuration).validate(try ModuleDecoder.decode(bytes, features: features))
    } catch {
      throw CommandFailure(name, "the \(what) module is not valid, and was not written: \(error.description)")
    }
    try write(bytes, to: path)
  }

  /// Writes the module as it was read; one from text in the binary format.
  func writeUnchanged(to path: String) throws {
    try Self.write(file.positions == nil ? file.module.bytes : ModuleEncoder.encode(file.module), to: path)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    var output = try OutputFile.create(path)
    output.write(bytes)
    try output.flush()
  }

  func warnOfDropped(_ sections: [String]) { Self.warnOfDropped(sections, of: file.name) }

  static func warnOfDropped(_ sections: [String], of file: String) {
    guard !sections.isEmpty else { return }
    let names = sections.map { "'\($0)'" }.joined(separator: ", ")
    warn(
      sections.count == 1
        ? "dropped the custom section \(names): it describes the old code"
        : "dropped the custom sections \(names): they describe the old code", of: file)
  }

  func warn(_ message: String) { Self.warn(message, of: file.name) }

  static func warn(_ message: String, of file: String) { printError("polymnia: warning: \(file): \(message)") }

  /// The memory that a name of the text format, of an export, or a number means.
  func memoryIndex(of name: String) -> UInt32? {
    let module = validated.module
    let names = Names(module)
    let count = UInt32(validated.spaces.memories.count)
    if let index = (0..<count).first(where: { names.name(of: .memory, $0) == name }) { return index }
    if let export = module.exports.first(where: { $0.kind == .memory && $0.name == name }) { return export.index }
    guard let index = UInt32(name), index < count else { return nil }
    return index
  }
}
