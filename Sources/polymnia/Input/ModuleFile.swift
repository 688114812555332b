import WebAssembly

/// A module that was given on the command line, decoded or parsed but not validated.
struct ModuleFile {
  /// What messages call the file.
  let name: String
  let module: Module
  /// Where the instructions of a module from text stand; nil for a binary.
  let positions: TextPositions?
  /// The size of the file in bytes.
  let size: Int

  /// Reads a module in whichever format it is.
  ///
  /// - Throws: a ``CommandFailure`` that names the file and the place in it.
  init(path: String, features: FeatureSet, emitNames: Bool = true) throws {
    try self.init(try InputFile(path: path), features: features, emitNames: emitNames)
  }

  init(_ file: consuming InputFile, features: FeatureSet, emitNames: Bool = true) throws {
    name = file.name
    size = file.bytes.count
    if file.isBinary {
      positions = nil
      do throws(ModuleError) {
        module = try ModuleDecoder.decode(file.bytes, features: features)
      } catch {
        throw CommandFailure(file.name, error.description)
      }
    } else {
      do throws(TextError) {
        let parsed = try ModuleParser.parse(file.bytes, features: features, emitNames: emitNames)
        module = parsed.module
        positions = parsed.positions
      } catch {
        throw CommandFailure(file.name, error)
      }
    }
  }

  /// An error that a later phase found in this module, with its place in the file.
  func failure(_ error: ModuleError) -> CommandFailure {
    guard let positions else { return CommandFailure(name, error.description) }
    let function = error.function.map { " (in function \($0))" } ?? ""
    guard let placed = positions.error(error.summary + function, atOffset: error.offset) else {
      return CommandFailure(name, error.summary + function)
    }
    return CommandFailure(name, placed)
  }
}

extension CommandFailure {
  /// An error in a text: its place, then the line with a caret below the column.
  init(_ file: String, _ error: TextError) {
    let caret = String(repeating: " ", count: error.caret) + "^"
    self.init("\(file):\(error.line):\(error.column)", "\(error.message)\n  \(error.sourceLine)\n  \(caret)")
  }
}
