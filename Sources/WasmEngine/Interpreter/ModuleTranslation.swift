import WebAssembly

/// The translation of a module's functions: what it needs to know of the module, and the translators that are free to be
/// used again.
final class ModuleTranslation: Sendable {
  let facts: ModuleFacts
  private let idle = Lock<[RegisterTranslator]>([])

  init(_ facts: ModuleFacts) { self.facts = facts }

  private static let mostIdleBytes = 1 << 20

  /// What the translators hold that wait to be used again, for tests.
  var idleBytes: Int { idle.withLock { $0.reduce(0) { $0 + $1.heldBytes } } }

  /// Translates a defined function, counted with imports.
  ///
  /// - Throws: ``ModuleError`` of the kind `unsupported` for an instruction that the interpreter does not have.
  func translate(_ index: Int) throws(ModuleError) -> TranslatedFunction {
    var translator = idle.withLock { $0.popLast() } ?? RegisterTranslator(facts)
    defer {
      // One that has met a large function holds as much room as that needed.
      if translator.heldBytes <= Self.mostIdleBytes { idle.withLock { $0.append(translator) } }
    }
    return try translator.translate(index)
  }
}

/// What the translator needs to know of a module, laid out densely once.
struct ModuleFacts: Sendable {
  /// The numbers of parameters and results of a function type, and of the slots that they take.
  struct Signature {
    /// Where the types of the parameters begin in ``types``; those of the results follow them.
    var first = 0
    var parameterCount = 0
    var resultCount = 0
    var parameterSlots = 0
    var resultSlots = 0

    /// The distance in bytes from the first argument to the frame pointer of a function of this type.
    var frameDistance: Int { max(parameterSlots, resultSlots) * FrameLayout.slotSize + FrameLayout.linkSize }
  }

  let module: Module
  let spaces: IndexSpaces
  let layout: ContextLayout
  /// The canonical id of each type index.
  let typeIDs: [UInt32]
  let signatures: [Signature]
  /// The parameters and results of all signatures. Before them, one entry for each kind of type that a block can have.
  let types: [ValueType]
  let metersFuel: Bool

  init(_ module: Module, spaces: IndexSpaces, layout: ContextLayout, typeIDs: [UInt32], metersFuel: Bool) {
    self.module = module
    self.spaces = spaces
    self.layout = layout
    self.typeIDs = typeIDs
    self.metersFuel = metersFuel
    var types: [ValueType] = [.i64, .v128]
    signatures = module.types.map { type in
      guard let type = type.functionType else { return Signature() }
      let first = types.count
      types += type.parameters
      types += type.results
      return Signature(
        first: first, parameterCount: type.parameters.count, resultCount: type.results.count,
        parameterSlots: Self.slots(type.parameters), resultSlots: Self.slots(type.results))
    }
    self.types = types
  }

  /// The number of slots that values of some types take.
  static func slots(_ types: [ValueType]) -> Int {
    types.reduce(0) { $0 + ($1.isVector ? 2 : 1) }
  }

  /// The signature of a function, counted with imports.
  func signature(_ function: Int) -> Signature { signatures[Int(spaces.functions[function])] }
}
