extension Specializer {
  /// How often a body is looked at, because what is known of its parameters or of what it calls has changed, before it
  /// counts as too entangled.
  private static let mostReadings = 32

  /// What constants come to the addresses that functions access. The copies of the functions are called from outside by
  /// the roots alone; what else they are given comes from each other.
  mutating func addresses(
    in functions: [UInt32], roots: [UInt32], memories: [UInt32]
  ) throws(TransformError) -> [UInt32: AddressSummary] {
    let changing = memories.indices.map { UInt32($0) }.filter { memories[Int($0)] != $0 }
    if let known = addressSummaries[changing] { return known }
    do throws(ModuleError) {
      let summaries = try settle(functions, roots: roots, changing: changing)
      addressSummaries[changing] = summaries
      return summaries
    } catch {
      throw TransformError(error)
    }
  }

  private func settle(
    _ functions: [UInt32], roots: [UInt32], changing: [UInt32]
  ) throws(ModuleError) -> [UInt32: AddressSummary] {
    let isCompiled = stackPointer != nil ? true : try hasStackPointer()
    let statics = try StaticData(old, spaces, isCompiled: isCompiled)
    let arithmetic = AddressArithmetic { number in changing.contains { statics.isNear(number, of: $0) } }
    let globals = try globalValues(statics)
    var signatures = AddressSignatures()
    var callers: [UInt32: [UInt32]] = [:]
    for function in functions {
      let type = old.types[Int(spaces.functions[Int(function)])].functionType
      signatures.parameters[function] = Array(repeating: .none, count: type?.parameters.count ?? 0)
      signatures.results[function] = Array(repeating: .none, count: type?.results.count ?? 0)
      for callee in surveys[function]?.callees ?? [] { callers[callee, default: []].append(function) }
    }
    for root in roots {
      guard let list = signatures.parameters[root] else { continue }
      signatures.parameters[root] = Array(repeating: .unknown, count: list.count)
    }
    var summaries: [UInt32: AddressSummary] = [:]
    var readings: [UInt32: Int] = [:]
    var pending = Array(functions.reversed())
    var isPending = Set(functions)
    while let function = pending.popLast() {
      isPending.remove(function)
      readings[function, default: 0] += 1
      guard readings[function, default: 0] <= Self.mostReadings else {
        summaries[function] = AddressSummary(isUnsettled: true)
        continue
      }
      var flow = AddressFlow(
        function, of: old, spaces, statics, arithmetic, globals: globals, stackPointer: stackPointer,
        signatures: signatures)
      signatures = AddressSignatures()
      try flow.settle()
      signatures = flow.signatures
      summaries[function] = flow.summary
      var again = signatures.changed
      signatures.changed = []
      if flow.hasNewResults { again.formUnion(callers[function] ?? []) }
      for other in again.sorted() where isPending.insert(other).inserted { pending.append(other) }
    }
    return summaries
  }

  /// Whether a global looks like a compiler's stack pointer, in a module that has lost its names.
  private func hasStackPointer() throws(ModuleError) -> Bool {
    guard let memory = spaces.memories.first else { return false }
    let type = memory.addressType.valueType
    for global in old.globals where global.type.isMutable && global.type.value == type {
      guard let value = try ConstantValues.value(of: global.initializer, in: old.bytes) else { continue }
      if value >= StaticData.compilerBase, value & 15 == 0 { return true }
    }
    return false
  }

  /// What each global holds.
  private func globalValues(_ statics: StaticData) throws(ModuleError) -> [AddressValue] {
    let constants = try ConstantValues(old, spaces)
    var values: [AddressValue] = []
    for index in spaces.globals.indices {
      if UInt32(index) == stackPointer {
        values.append(.stack)
      } else if statics.addressGlobals.contains(UInt32(index)) {
        values.append(AddressValue(kind: .index, isSymbol: true))
      } else if index < spaces.importedGlobalCount {
        values.append(.unknown)
      } else {
        let initializer = old.globals[index - spaces.importedGlobalCount].initializer
        let value = try constants.value(of: initializer)
        values.append(
          AddressValue(
            kind: spaces.globals[index].isMutable || value == nil ? .unknown : .constant, constant: value ?? 0))
      }
    }
    return values
  }

  /// Refuses a function that is to be copied where it accesses static data and nothing is said of that, and where it cannot
  /// be told what it accesses.
  func checkAddresses(
    of function: UInt32, _ summary: AddressSummary, memories: [UInt32]
  ) throws(TransformError) {
    if options.staticData == .move { return }
    if summary.isUnsettled, !options.assumesRelocatable {
      throw TransformError(
        "\(describe(function)) is too entangled to tell which of its accesses are those of static data",
        remedy: .unclearAddresses)
    }
    let accesses = summary.accesses.filter { memories[Int($0.memory)] != $0.memory }
    if options.staticData == .refused, let access = accesses.first(where: \.isCertain) {
      throw TransformError(
        "\(describe(function)) accesses static data at address \(access.address) of memory \(access.memory) (at offset "
          + "\(hexadecimal(access.offset)))", remedy: .staticData)
    }
    if options.assumesRelocatable { return }
    if let access = accesses.first(where: { !$0.isCertain }) {
      throw TransformError(
        "\(describe(function)) accesses an address that may be one of static data in memory \(access.memory), or may not "
          + "(at offset \(hexadecimal(access.offset)))", remedy: .unclearAddresses)
    }
    if let offset = summary.escape {
      throw TransformError(
        "\(describe(function)) stores what may be the address of static data (at offset \(hexadecimal(offset))): it cannot "
          + "be told where it is used", remedy: .unclearAddresses)
    }
  }
}
