/// A module to which copies of functions are added.
struct Specializer {
  /// A function that was asked for.
  struct Root {
    var index: UInt32
    /// What it is called in messages and new names.
    var name: String
    /// What it was asked for by.
    var request: String
  }

  let old: Module
  let spaces: IndexSpaces
  let names: Names
  let functions: FunctionLookup
  let functionImports: [Import]
  let options: SpecializationOptions
  var stackPointer: UInt32?
  var new: Module
  var newNames: Names
  var surveys: [UInt32: FunctionSurvey] = [:]
  /// By the memories that change: what is known of the addresses of the functions that can be reached.
  var addressSummaries: [[UInt32]: [UInt32: AddressSummary]] = [:]
  let hints: BranchHints
  var newHints: [BranchHints.Function] = []
  var added: [SpecializedModule.Function] = []
  var copyCount = 0
  var shared: Set<UInt32> = []
  private(set) var notes: [String] = []
  private var noted: Set<ExactName> = []
  /// The names of all exports.
  var exportNames: Set<ExactName>
  /// The stack pointer of the copies for a memory.
  var stackPointers: [UInt32: UInt32] = [:]
  var droppedSections: [String] = []

  init(_ module: Module, _ spaces: IndexSpaces, _ options: SpecializationOptions) throws(TransformError) {
    old = module
    new = module
    self.spaces = spaces
    self.options = options
    names = Names(module)
    newNames = names
    functions = FunctionLookup(module, names)
    functionImports = module.imports.filter { $0.type.kind == .function }
    exportNames = Set(module.exports.map { ExactName($0.name) })
    hints = BranchHints(module)
    stackPointer = Self.stackPointer(module, spaces, names, options.stackPointer)
    if stackPointer == nil, options.stackPointer != SpecializationOptions().stackPointer {
      throw TransformError("there is no global '\(name: options.stackPointer)' that is a mutable integer")
    }
  }

  // MARK: Finding

  private static func stackPointer(
    _ module: Module, _ spaces: IndexSpaces, _ names: Names, _ wanted: String
  ) -> UInt32? {
    var imported: [ExactName] = []
    for item in module.imports where item.type.kind == .global { imported.append(ExactName(item.name)) }
    let exact = ExactName(wanted)
    let exported = module.exports.first { $0.kind == .global && ExactName($0.name) == exact }?.index
    let index =
      spaces.globals.indices.first { names.name(of: .global, UInt32($0)).map({ ExactName($0) }) == exact }
      ?? exported.map(Int.init) ?? imported.firstIndex(of: exact) ?? Int(wanted)
    guard let index, spaces.globals.indices.contains(index), spaces.globals[index].isMutable,
      spaces.globals[index].value == .i32 || spaces.globals[index].value == .i64
    else { return nil }
    return UInt32(index)
  }

  /// The memory of a name, that of an export or import, or an index.
  func memory(_ name: String) throws(TransformError) -> UInt32 {
    let count = spaces.memories.count
    if let index = Int(name) {
      guard index >= 0, index < count else {
        throw TransformError("there is no memory \(name: name): the module has \(count)")
      }
      return UInt32(index)
    }
    let exact = ExactName(name)
    for index in 0..<count where names.name(of: .memory, UInt32(index)).map({ ExactName($0) }) == exact {
      return UInt32(index)
    }
    if let export = old.exports.first(where: { $0.kind == .memory && ExactName($0.name) == exact }) {
      return export.index
    }
    var imported: UInt32 = 0
    for item in old.imports where item.type.kind == .memory {
      if ExactName(item.name) == exact { return imported }
      imported += 1
    }
    throw TransformError("there is no memory '\(name: name)'")
  }

  /// The defined function of the name of an export, of the name section, or an index.
  func function(_ name: String) throws(TransformError) -> Root {
    var found = functions.exported(as: name) ?? functions.named(name)
    if found == nil, let index = UInt32(name), Int(index) < spaces.functions.count { found = index }
    guard let found, Int(found) < spaces.functions.count else {
      throw TransformError("there is no function '\(name: name)'")
    }
    guard Int(found) >= spaces.importedFunctionCount else {
      throw TransformError("the function '\(name: name)' is imported: there is no code to copy")
    }
    let ownName =
      UInt32(name) == found ? functions.exportName(of: found) ?? names.name(of: .function, found) ?? name : name
    return Root(index: found, name: ownName, request: name)
  }

  /// What messages call a function.
  func describe(_ function: UInt32) -> String {
    if let name = names.name(of: .function, function) { return "'\(name: name)'" }
    if let name = functions.exportName(of: function) { return "'\(name: name)'" }
    return "function \(function)"
  }

  mutating func note(_ text: String) {
    if noted.insert(ExactName(text)).inserted { notes.append(text) }
  }

  /// Refuses a memory that cannot take another one's place.
  func check(_ from: UInt32, _ to: UInt32) throws(TransformError) {
    let (source, target) = (spaces.memories[Int(from)], spaces.memories[Int(to)])
    guard source.addressType == target.addressType else {
      throw TransformError(
        "memory \(to) cannot take the place of memory \(from): it has \(target.addressType) addresses, and the code has "
          + "\(source.addressType) ones")
    }
  }
}
