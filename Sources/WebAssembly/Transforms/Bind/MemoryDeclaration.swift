/// A memory that ``MemoryBinding`` is asked to add, or to know by a name.
///
/// Its text is `MEMORY=ATTRIBUTE,…`, as in `heap=export,min=1,max=100` or `1=import:env.heap,i64`.
public struct MemoryDeclaration: Hashable, Sendable {
  /// A number, or the name by which imports refer to it.
  public var reference: String
  /// A further name, under which it also stands in the name section.
  public var name: String?
  /// In pages. One page, or 64 KiB of smaller ones, where it is nil; nothing for an import.
  public var minimum: UInt64?
  public var maximum: UInt64?
  public var addressType = AddressType.i32
  public var isShared = false
  /// The logarithm of the page size: 16 or 0.
  public var pageSizeLog2: UInt8 = 16
  /// The names under which it is exported.
  public var exports: [String] = []
  /// Where it comes from, if it is an import.
  public var importedFrom: ImportName?

  /// The two names of an import.
  public struct ImportName: Hashable, Sendable {
    public var module: String
    public var name: String

    public init(module: String, name: String) {
      self.module = module
      self.name = name
    }
  }

  public init(reference: String) { self.reference = reference }

  /// Reads a declaration from its text.
  public init(parsing text: String) throws(TransformError) {
    let parts = text.parts(between: "=", most: 2)
    self.init(reference: parts[0])
    guard !reference.isEmpty, reference != "*",
      !reference.unicodeScalars.contains(where: { " ,@".unicodeScalars.contains($0) })
    else { throw TransformError("memory '\(name: text)': expected NAME=ATTRIBUTE,… with a number or a name") }
    guard parts.count == 2 else { return }
    for attribute in parts[1].parts(between: ",") {
      guard try read(attribute) else {
        throw TransformError(
          "memory '\(name: text)': '\(name: attribute)' is not understood; there are export, export:NAME, import:MODULE.NAME, "
            + "min=PAGES, max=PAGES, i32, i64, shared, pagesize=1 and name=NAME")
      }
    }
  }

  private mutating func read(_ attribute: String) throws(TransformError) -> Bool {
    func rest(_ prefix: String) -> String? {
      attribute.utf8.starts(with: prefix.utf8) && attribute.utf8.count > prefix.utf8.count
        ? String(attribute.utf8.dropFirst(prefix.utf8.count)) : nil
    }
    switch attribute {
    case "i32": addressType = .i32
    case "i64": addressType = .i64
    case "shared": isShared = true
    case "pagesize=1": pageSizeLog2 = 0
    case "pagesize=65536": pageSizeLog2 = 16
    case "export":
      guard case .name(let name) = MemoryReference(reference) else {
        throw TransformError(
          "memory '\(name: reference)': a memory with a number needs a name to be exported: export:NAME")
      }
      exports.append(name)
    default:
      if let pages = rest("min=") {
        guard let pages = UInt64(pages) else { return false }
        minimum = pages
      } else if let pages = rest("max=") {
        guard let pages = UInt64(pages) else { return false }
        maximum = pages
      } else if let name = rest("export:") {
        exports.append(name)
      } else if let name = rest("name=") {
        self.name = name
      } else if let (module, name) = rest("import:")?.cut(at: ".") {
        importedFrom = ImportName(module: module, name: name)
      } else {
        return false
      }
    }
    return true
  }

  /// The type of the memory.
  func type() throws(TransformError) -> MemoryType {
    let usual: UInt64 = importedFrom != nil ? 0 : pageSizeLog2 == 16 ? 1 : 65536
    let limits = Limits(minimum: minimum ?? min(usual, maximum ?? usual), maximum: maximum)
    if let maximum, maximum < limits.minimum {
      throw TransformError(
        "memory '\(name: reference)': its minimum of \(limits.minimum) is above its maximum of \(maximum)")
    }
    if isShared, maximum == nil {
      throw TransformError("memory '\(name: reference)': a shared memory needs a maximum: max=PAGES")
    }
    return MemoryType(limits: limits, addressType: addressType, isShared: isShared, pageSizeLog2: pageSizeLog2)
  }

  /// Whether it says nothing but names: all that can be said of a memory that is there already.
  var isOnlyNames: Bool {
    var other = MemoryDeclaration(reference: reference)
    other.name = name
    other.exports = exports
    return self == other
  }
}

extension MemoryDeclaration {
  /// The custom section in which a program can carry declarations, a line each.
  public static let sectionName = MemoryBinding.moduleName

  /// The declarations that a module carries in its custom sections.
  static func declared(in module: Module) throws(TransformError) -> [MemoryDeclaration] {
    var declarations: [MemoryDeclaration] = []
    var places: [ExactName: Int] = [:]
    for section in module.customSections where section.name == sectionName {
      for line in module.bytes[section.range].split(whereSeparator: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) {
        guard let text = String(validating: line, as: UTF8.self) else {
          throw TransformError("the custom section '\(sectionName)' is not text")
        }
        let declaration: MemoryDeclaration
        do throws(TransformError) {
          declaration = try MemoryDeclaration(parsing: text)
        } catch {
          throw TransformError("the custom section '\(sectionName)': \(error)")
        }
        // Each object file that includes a header brings what the header declares.
        if let place = places.updateValue(declarations.count, forKey: ExactName(declaration.reference)) {
          guard declarations[place] == declaration else {
            throw TransformError(
              "the custom section '\(sectionName)' declares memory '\(name: declaration.reference)' in two ways")
          }
          places[ExactName(declaration.reference)] = place
          continue
        }
        declarations.append(declaration)
      }
    }
    return declarations
  }
}
