import WasmEngine
import WebAssembly

/// The way through a command that makes a module out of another one: read and validated before, validated again after.
struct TransformFile {
  let file: ModuleFile
  let validated: ValidatedModule

  /// Reads and validates a module.
  ///
  /// - Throws: a ``CommandFailure`` that names the file and the place in it.
  init(path: String, features: FeatureSet) throws {
    file = try ModuleFile(path: path, features: features)
    do throws(ModuleError) {
      validated = try Self.validate(file.module, features: features)
    } catch {
      throw file.failure(error)
    }
  }

  /// Validates a module on all processors, and shows how far it is.
  static func validate(_ module: Module, features: FeatureSet) throws(ModuleError) -> ValidatedModule {
    var configuration = Engine.Configuration()
    configuration.features = features
    let line = ProgressLine("validating", total: 100)
    defer { line.finish() }
    return try Engine(configuration).validate(module) { done, total in line.update(done * 100 / max(total, 1)) }
  }

  func failure(_ error: TransformError) -> CommandFailure { CommandFailure(file.name, error.message) }

  /// Writes a new module, if it is valid: in pieces, so that it is not there twice. What it was made of is best let go of
  /// before.
  ///
  /// - Parameters:
  ///   - what: what messages call it.
  ///   - name: the name of the file that it was made of.
  static func write(
    _ module: Module, _ what: String, of name: String, features: FeatureSet, to path: String
  ) throws {
    do throws(ModuleError) {
      _ = try validate(module, features: features)
    } catch {
      throw CommandFailure(name, "the \(what) module is not valid, and was not written: \(error.description)")
    }
    var output = try OutputFile.create(path)
    ModuleEncoder.encode(module) { output.write($0) }
    try output.finish()
  }

  /// Writes the module as it was read; one from text in the binary format.
  func writeUnchanged(to path: String) throws {
    var output = try OutputFile.create(path)
    if file.positions == nil {
      output.write(file.module.bytes)
    } else {
      ModuleEncoder.encode(file.module) { output.write($0) }
    }
    try output.finish()
  }

  static func warnOfDropped(_ sections: [String], of file: String) {
    guard !sections.isEmpty else { return }
    let names = sections.map { "'\(name: $0)'" }.joined(separator: ", ")
    warn(
      sections.count == 1
        ? "dropped the custom section \(names): it describes the old code"
        : "dropped the custom sections \(names): they describe the old code", of: file)
  }

  func warn(_ message: String) { Self.warn(message, of: file.name) }

  static func warn(_ message: String, of file: String) { printError("polymnia: warning: \(name: file): \(message)") }

  /// The memory that a name of the text format, of an export, or a number means.
  func memoryIndex(of name: String) -> UInt32? {
    let module = validated.module
    let names = Names(module)
    let count = UInt32(clamping: validated.spaces.memories.count)
    let exact = ExactName(name)
    if let index = (0..<count).first(where: { names.name(of: .memory, $0).map({ ExactName($0) }) == exact }) {
      return index
    }
    if let export = module.exports.first(where: { $0.kind == .memory && ExactName($0.name) == exact }) {
      return export.index
    }
    guard let index = UInt32(name), index < count else { return nil }
    return index
  }
}
