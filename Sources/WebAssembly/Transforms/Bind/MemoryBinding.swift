/// Turns calls of functions that are imported from the module `multi_memory` into the memory instructions that their names
/// say: how a program in C, C++, Rust or Swift, whose compiler knows one memory, reaches the others.
///
/// `i32.load@1` is a load from memory 1, `memory.copy@heap,0` a copy into the memory that is called `heap`, `i32.load@*` a
/// load from the memory whose index is the first operand. The memories are added or imported; the imports are gone.
public enum MemoryBinding {
  /// The module from which the functions are imported.
  public static let moduleName = "multi_memory"

  /// Whether a module has anything to bind.
  public static func isNeeded(by module: Module) -> Bool {
    module.imports.contains { $0.module == moduleName } || module.customSections.contains { $0.name == moduleName }
  }

  /// The names, at most ten, of C++ functions that take pointers with an `address_space`. LLVM has made all accesses
  /// through such pointers accesses of memory 0, without a word; their names are the only trace.
  public static func addressSpaceNames(in module: Module) -> [String] {
    AddressSpaceNames.find(Names(module), exports: module.exports)
  }

  /// - Parameter progress: is told, now and then, how many bytes have been written.
  /// - Throws: a ``TransformError`` that names the import that cannot be bound, with the type that it must have, or the
  ///   memory that cannot be added.
  public static func bind(
    _ validated: ValidatedModule, options: BindingOptions = BindingOptions(), progress: (Int) -> Void = { _ in }
  ) throws(TransformError) -> BoundModule {
    var binder = try ModuleBinder(validated.module, validated.spaces, options)
    do throws(ModuleError) {
      return try binder.run(progress)
    } catch {
      throw TransformError(error)
    }
  }
}

/// One module on its way.
private struct ModuleBinder {
  let old: Module
  let spaces: IndexSpaces
  let names: Names
  let plan: BindingPlan
  var calls: CallBinding
  /// The functions that stand for imports, in order of their indices: the number of the import among the bound ones.
  var standIns: [Int] = []
  var remapping = IndexRemapping()
  var forwardingCount = 0

  init(_ module: Module, _ spaces: IndexSpaces, _ options: BindingOptions) throws(TransformError) {
    old = module
    self.spaces = spaces
    names = Names(module)
    let bound = try Self.boundImports(module)
    let given = Set(options.memories.map { ExactName($0.reference) })
    let declarations =
      try MemoryDeclaration.declared(in: module).filter { !given.contains(ExactName($0.reference)) } + options.memories
    plan = try BindingPlan(
      module, spaces, names, declarations: declarations, references: bound.flatMap(\.name.memories))
    var operations: [BoundOperation] = []
    for item in bound {
      guard let type = module.types[Int(item.type)].functionType else {
        throw Self.failure(item.text, "expected a function")
      }
      let operation: BoundOperation
      do throws(TransformError) {
        operation = try BoundOperation(item.name, plan, actual: type)
      } catch {
        throw Self.failure(item.text, error.message)
      }
      guard operation.type == type else {
        throw Self.failure(item.text, "expected the type \(operation.type), found \(type)")
      }
      operations.append(operation)
    }
    var targets = [Int32](repeating: -1, count: spaces.functions.count)
    for (number, item) in bound.enumerated() { targets[item.function] = Int32(number) }
    calls = CallBinding(imports: bound, operations: operations, targets: targets)
  }

  private static func failure(_ import: String, _ message: String) -> TransformError {
    TransformError("the import \"\(MemoryBinding.moduleName)\" \(quoted: `import`): \(message)")
  }

  private static func boundImports(_ module: Module) throws(TransformError) -> [CallBinding.Import] {
    var bound: [CallBinding.Import] = []
    var function = 0
    for item in module.imports {
      if item.module == MemoryBinding.moduleName {
        guard case .function(let type) = item.type else {
          throw failure(item.name, "expected a function, found a \(item.type.kind)")
        }
        do throws(TransformError) {
          bound.append(
            CallBinding.Import(text: item.name, name: try BindingName(item.name), function: function, type: type))
        } catch {
          throw failure(item.name, error.message)
        }
      }
      if item.type.kind == .function { function += 1 }
    }
    return bound
  }

  mutating func run(_ progress: (Int) -> Void) throws(ModuleError) -> BoundModule {
    try findStandIns()
    forwardingCount = try ForwardingFunctions.find(old, spaces, targets: &calls.targets)
    remapFunctions()
    remapping.memories = plan.remapping
    calls.remapping = remapping
    var copy = ModuleCopy(old, spaces, remapping: remapping, transform: calls)
    try copy.declarations()
    imports(&copy)
    let hints = try copy.bodies(&calls, progress)
    for number in standIns {
      copy.append(type: calls.imports[number].type, body: calls.operations[number].body())
    }
    try copy.data()
    copy.customSections(hints, names: newNames()) { section in
      switch section.name {
      case MemoryDeclaration.sectionName: []
      case TargetFeatures.sectionName:
        plan.places.count > 1 ? TargetFeatures.adding("multimemory", to: section, of: old) : nil
      default: nil
      }
    }
    return BoundModule(
      module: copy.finish(), memories: memories, imports: boundImports, inlinedFunctionCount: forwardingCount,
      droppedSections: copy.droppedSections)
  }

  // MARK: Functions

  /// Finds the imports that are used other than by a call. A `ref.func` in a body can only name what is named outside of
  /// bodies too (Core 3.0, 3.4.13: C.refs).
  private mutating func findStandIns() throws(ModuleError) {
    var isNeeded = [Bool](repeating: false, count: calls.imports.count)
    for (number, operation) in calls.operations.enumerated() where !operation.isInline { isNeeded[number] = true }
    func note(_ function: UInt32) {
      let number = calls.targets[Int(function)]
      if number >= 0 { isNeeded[Int(number)] = true }
    }
    func note(_ expression: ConstantExpression?) throws(ModuleError) {
      guard let expression else { return }
      var reader = InstructionReader(old.bytes, range: expression.range)
      while !reader.isAtEnd {
        let instruction = try reader.next()
        if instruction.opcode == .refFunc { note(instruction.index) }
      }
    }
    for export in old.exports where export.kind == .function { note(export.index) }
    for global in old.globals { try note(global.initializer) }
    for table in old.tables { try note(table.initializer) }
    for element in old.elements {
      switch element.items {
      case .functions(let functions): functions.forEach(note)
      case .expressions(let expressions): for expression in expressions { try note(expression) }
      }
    }
    if let start = old.start { note(start) }
    standIns = isNeeded.indices.filter { isNeeded[$0] }
  }

  private mutating func remapFunctions() {
    guard !calls.imports.isEmpty else { return }
    var map: [UInt32] = []
    map.reserveCapacity(spaces.functions.count)
    var next: UInt32 = 0
    var bound = 0
    for function in spaces.functions.indices {
      if bound < calls.imports.count, calls.imports[bound].function == function {
        map.append(Names.dropped)
        bound += 1
      } else {
        map.append(next)
        next += 1
      }
    }
    for number in standIns {
      map[calls.imports[number].function] = next
      next += 1
    }
    remapping.functions = map
  }

  // MARK: Declarations

  private func imports(_ copy: inout ModuleCopy) {
    var memories = plan.places.filter { $0.oldIndex == nil && $0.importedFrom != nil }[...]
    copy.new.imports = old.imports.filter { $0.module != MemoryBinding.moduleName }
    for place in memories {
      guard let origin = place.importedFrom else { continue }
      copy.new.imports.append(Import(module: origin.module, name: origin.name, type: .memory(place.type)))
    }
    memories = plan.places.filter { $0.oldIndex == nil && $0.importedFrom == nil }[...]
    copy.new.memories = old.memories + memories.map(\.type)
    for place in plan.places {
      for name in place.exports {
        copy.new.exports.append(Export(name: name, kind: .memory, index: place.index))
      }
    }
  }

  private func newNames() -> Names {
    var names = names.remapped(remapping)
    for number in standIns {
      let item = calls.imports[number]
      let name = self.names.name(of: .function, UInt32(item.function)) ?? item.text
      names.setName(name, of: .function, remapping.function(UInt32(item.function)))
    }
    for place in plan.places {
      if let name = place.name { names.setName(name, of: .memory, place.index) }
    }
    return names
  }

  // MARK: Report

  private var memories: [BoundModule.Memory] {
    var counts = [Int](repeating: 0, count: plan.places.count)
    for (number, item) in calls.imports.enumerated() where calls.operations[number].isInline {
      for memory in Set(item.name.memories.compactMap(plan.number)) { counts[memory] += calls.counts[number] }
    }
    return plan.places.enumerated().map { number, place in
      BoundModule.Memory(
        number: number, index: Int(place.index), name: place.name, type: place.type, isNew: place.oldIndex == nil,
        importedFrom: place.importedFrom, exports: place.exports, instructionCount: counts[number])
    }
  }

  private var boundImports: [BoundModule.BoundImport] {
    calls.imports.enumerated().map { number, item in
      let name = names.name(of: .function, UInt32(item.function)) ?? item.text
      return BoundModule.BoundImport(
        name: item.text, callCount: calls.counts[number], functionName: standIns.contains(number) ? name : nil)
    }
  }
}

/// Puts instructions in the place of calls.
struct CallBinding: BodyTransform {
  struct Import {
    var text: String
    var name: BindingName
    var function: Int
    /// A type index.
    var type: UInt32
  }

  let imports: [Import]
  let operations: [BoundOperation]
  /// By function: the number of the bound import that a call of it is one of, or -1.
  var targets: [Int32]
  /// The calls of each bound import.
  var counts: [Int]
  var remapping = IndexRemapping()

  init(imports: [Import], operations: [BoundOperation], targets: [Int32]) {
    self.imports = imports
    self.operations = operations
    self.targets = targets
    counts = [Int](repeating: 0, count: imports.count)
  }

  func wants(_ row: Operator) -> Bool { row.opcode == .call || row.opcode == .returnCall }

  mutating func rewrite(_ instruction: Instruction, into output: inout BodyOutput) throws(ModuleError) {
    let target = targets[Int(instruction.index)]
    guard target >= 0 else {
      return output.write(instruction.opcode, remapping.function(instruction.index))
    }
    counts[Int(target)] += 1
    let operation = operations[Int(target)]
    guard operation.isInline else {
      return output.write(instruction.opcode, remapping.function(UInt32(imports[Int(target)].function)))
    }
    operation.write(into: &output.writer)
    if instruction.opcode == .returnCall { output.write(.return) }
  }
}
