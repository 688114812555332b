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
    let bytes = ModuleEncoder.encode(module)
    var configuration = Engine.Configuration()
    configuration.features = features
    do throws(ModuleError) {
      _ = try Engine(configuration).validate(try ModuleDecoder.decode(bytes, features: features))
    } catch {
      throw CommandFailure(file.name, "the \(what) module is not valid, and was not written: \(error.description)")
    }
    try Self.write(bytes, to: path)
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

  func warnOfDropped(_ sections: [String]) {
    guard !sections.isEmpty else { return }
    let names = sections.map { "'\($0)'" }.joined(separator: ", ")
    warn(
      sections.count == 1
        ? "dropped the custom section \(names): it describes the old code"
        : "dropped the custom sections \(names): they describe the old code")
  }

  func warn(_ message: String) { printError("polymnia: warning: \(file.name): \(message)") }
}
