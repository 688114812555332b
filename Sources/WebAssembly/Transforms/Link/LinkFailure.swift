/// Why modules cannot be linked into one: which module, which item, and what is wrong with it.
public struct LinkFailure: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// An import from a linked module that does not export it, or that comes later.
    case unknownImport
    /// An import whose type the export does not have.
    case incompatibleImportType
    /// Two modules of the same name.
    case duplicateModule
    /// An export that was asked for, but does not exist.
    case unknownExport
    /// Two exports of the same name.
    case duplicateExport
    /// Something that one module cannot express.
    case unsupported
  }

  public var kind: Kind
  /// The name under which the module was linked in which the problem is.
  public var module: String
  /// The item: two names of an import, or the name of an export; nil where it is the module as a whole.
  public var item: String?
  /// What is wrong; for imports beginning with the words of the official scripts.
  public var message: String

  init(_ kind: Kind, in module: String, _ item: String?, _ message: String) {
    self.kind = kind
    self.module = module
    self.item = item
    self.message = message
  }
}

extension LinkFailure: CustomStringConvertible {
  public var description: String { "module \(quoted: module): \(message)" }
}
