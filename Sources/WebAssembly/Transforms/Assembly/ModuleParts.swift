/// A module that is put together from one or several others: its declarations in index spaces of its own, its bodies and
/// data still where they were.
///
/// It is what transforms that add, merge or remove declarations hand to ``ModuleAssembly``, which writes every body once,
/// with its last indices.
struct ModuleParts {
  /// A module that bodies, data, names and custom sections are taken from.
  struct Source {
    let module: Module
    /// What the source's indices are here.
    let remapping: IndexRemapping
    /// What tells its names from those of other sources.
    let name: String
  }

  /// Constant expressions refer to its `bytes`; bodies and data segments to the bytes of their source. What active segments
  /// and the start function do is said by ``effects``: `start` is nil, and the order of segments means nothing.
  var declarations: Module
  var sources: [Source]
  /// The source of each body.
  var bodySources: [UInt32]
  /// The source of each data segment.
  var dataSources: [UInt32]
  /// What happens at instantiation, in order.
  var effects: [Effect]

  /// A step of instantiation that others can see or that can fail (Core 3.0, 4.7.3).
  enum Effect: Hashable, Sendable {
    /// An active element segment is written to its table and dropped.
    case element(UInt32)
    /// An active data segment is written to its memory and dropped.
    case data(UInt32)
    /// Every element of a table gets a value.
    case fill(table: UInt32, value: ConstantExpression)
    /// Traps where a memory or table has fewer pages or elements than a module imports it with.
    case check(SizeCheck)
    /// A start function is called.
    case call(UInt32)
  }

  struct SizeCheck: Hashable, Sendable {
    /// A memory, else a table.
    var isMemory: Bool
    var index: UInt32
    var minimum: UInt64
    /// What is wrong where it fails: the name of the function that traps.
    var message: String
  }

  /// All of one module, as it is.
  init(_ module: Module) {
    declarations = module
    sources = [Source(module: module, remapping: IndexRemapping(), name: "")]
    bodySources = [UInt32](repeating: 0, count: module.bodies.count)
    dataSources = [UInt32](repeating: 0, count: module.data.count)
    effects = Self.effects(of: module)
    declarations.start = nil
  }

  init(
    declarations: Module, sources: [Source], bodySources: [UInt32], dataSources: [UInt32], effects: [Effect]
  ) {
    self.declarations = declarations
    self.sources = sources
    self.bodySources = bodySources
    self.dataSources = dataSources
    self.effects = effects
  }

  /// What the instantiation of a module does, in order: element segments, data segments, the start function.
  static func effects(of module: Module) -> [Effect] {
    var effects: [Effect] = []
    for (index, segment) in module.elements.enumerated() {
      if case .active = segment.mode { effects.append(.element(UInt32(index))) }
    }
    for (index, segment) in module.data.enumerated() {
      if case .active = segment.mode { effects.append(.data(UInt32(index))) }
    }
    if let start = module.start { effects.append(.call(start)) }
    return effects
  }
}
