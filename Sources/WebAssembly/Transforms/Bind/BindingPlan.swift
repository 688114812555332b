/// The memories of the new module: which there are, what imports call them, and where they lie.
struct BindingPlan {
  /// A memory, by the number that imports use for it.
  struct Place {
    /// The index in the old module.
    var oldIndex: Int?
    var name: String?
    var type: MemoryType
    var importedFrom: MemoryDeclaration.ImportName?
    var exports: [String] = []
    /// The index in the new module.
    var index: UInt32 = 0
  }

  private(set) var places: [Place] = []
  private var numbers: [ExactName: Int] = [:]
  private let existingCount: Int

  /// - Parameter references: the memories that imports refer to, in order.
  init(
    _ module: Module, _ spaces: IndexSpaces, _ names: Names, declarations: [MemoryDeclaration],
    references: [MemoryReference]
  ) throws(TransformError) {
    existingCount = spaces.memories.count
    existing(module, spaces, names)
    var new: [Int: MemoryDeclaration] = [:]
    var named: [MemoryDeclaration] = []
    for declaration in declarations {
      let number: Int? =
        switch MemoryReference(declaration.reference) {
        case .number(let number): Int(number)
        case .name(let name): numbers[ExactName(name)]
        case .any: nil
        }
      guard let number else {
        named.append(declaration)
        continue
      }
      if number < existingCount {
        try annotate(number, declaration)
      } else {
        guard new.updateValue(declaration, forKey: try Self.checked(number)) == nil else {
          throw TransformError("memory '\(name: declaration.reference)' is declared twice")
        }
        if let name = declaration.name { try give(name, number) }
      }
    }
    for case .number(let number) in references where new[Int(number)] == nil && number >= existingCount {
      new[try Self.checked(Int(number))] = MemoryDeclaration(reference: "\(number)")
    }
    // Names take the numbers that are left.
    var next = existingCount
    func free() -> Int {
      while new[next] != nil { next += 1 }
      return next
    }
    var known = Set(named.map { ExactName($0.reference) } + named.compactMap { $0.name.map { ExactName($0) } })
    for case .name(let name) in references where numbers[ExactName(name)] == nil {
      if known.insert(ExactName(name)).inserted { named.append(MemoryDeclaration(reference: name)) }
    }
    for declaration in named {
      if numbers[ExactName(declaration.reference)] != nil {
        throw TransformError("memory '\(name: declaration.reference)' is declared twice")
      }
      let number = try Self.checked(free())
      new[number] = declaration
      try give(declaration.reference, number)
      if let name = declaration.name { try give(name, number) }
    }
    try add(new)
    try checkExports(module)
    order(spaces)
  }

  private static func checked(_ number: Int) throws(TransformError) -> Int {
    let limit = ImplementationLimits().memories
    guard number < limit else { throw TransformError("memory \(number): a module has at most \(limit) memories") }
    return number
  }

  private mutating func give(_ name: String, _ number: Int) throws(TransformError) {
    if let other = numbers[ExactName(name)], other != number {
      throw TransformError("the name '\(name: name)' is that of memory \(other), and is given to memory \(number)")
    }
    numbers[ExactName(name)] = number
  }

  private mutating func existing(_ module: Module, _ spaces: IndexSpaces, _ names: Names) {
    var exports: [(String, Int)] = []
    for export in module.exports where export.kind == .memory { exports.append((export.name, Int(export.index))) }
    var imported = 0
    for item in module.imports where item.type.kind == .memory {
      exports.append((item.name, imported))
      imported += 1
    }
    for index in 0..<existingCount {
      let name = names.name(of: .memory, UInt32(index))
      places.append(Place(oldIndex: index, name: name, type: spaces.memories[index]))
      if let name, numbers[ExactName(name)] == nil { numbers[ExactName(name)] = index }
    }
    for (name, index) in exports where numbers[ExactName(name)] == nil { numbers[ExactName(name)] = index }
  }

  /// Names a memory that is there already.
  private mutating func annotate(_ number: Int, _ declaration: MemoryDeclaration) throws(TransformError) {
    guard declaration.isOnlyNames else {
      throw TransformError(
        "memory '\(name: declaration.reference)' is the module's own memory \(number): only export and name can be given"
      )
    }
    if let name = declaration.name {
      try give(name, number)
      places[number].name = name
    }
    places[number].exports = declaration.exports
  }

  private mutating func add(_ new: [Int: MemoryDeclaration]) throws(TransformError) {
    guard let last = new.keys.max() else { return }
    for number in existingCount...last {
      guard let declaration = new[number] else {
        // Nothing refers to it, but those behind it have their numbers.
        places.append(Place(type: MemoryType(limits: Limits(minimum: 0, maximum: 0))))
        continue
      }
      var name = declaration.name
      if name == nil, case .name(let reference) = MemoryReference(declaration.reference) { name = reference }
      places.append(
        Place(
          name: name, type: try declaration.type(), importedFrom: declaration.importedFrom,
          exports: declaration.exports))
    }
  }

  private func checkExports(_ module: Module) throws(TransformError) {
    var taken = Set(module.exports.map { ExactName($0.name) })
    for place in places {
      for name in place.exports where !taken.insert(ExactName(name)).inserted {
        throw TransformError("there is an export \(quoted: name) already; export the memory as another: export:NAME")
      }
    }
  }

  /// Gives indices: imports come first, and what the module has comes before what is new.
  private mutating func order(_ spaces: IndexSpaces) {
    var next: UInt32 = 0
    func isImported(_ place: Place) -> Bool {
      place.oldIndex.map { $0 < spaces.importedMemoryCount } ?? (place.importedFrom != nil)
    }
    for wanted in [true, false] {
      for number in places.indices where isImported(places[number]) == wanted {
        places[number].index = next
        next += 1
      }
    }
  }

  /// The number of the memory that a reference means.
  func number(_ reference: MemoryReference) -> Int? {
    switch reference {
    case .number(let number): Int(number) < places.count ? Int(number) : nil
    case .name(let name): numbers[ExactName(name)]
    case .any: nil
    }
  }

  /// New indices for the memories that the old module has, or nil where they stay.
  var remapping: [UInt32]? {
    let indices = places.prefix(existingCount).map(\.index)
    return indices.enumerated().allSatisfy { $0 == $1 } ? nil : indices
  }
}
