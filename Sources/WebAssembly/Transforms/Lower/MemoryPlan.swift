/// What becomes of each memory of a module: which ones are the same, which lie in the combined memory and where, and which
/// stay outside.
struct MemoryPlan {
  /// A function of the host for a memory that stays outside.
  struct AccessorImport {
    var remote: Int
    var accessor: MemoryAccessor
    var module: String
    var name: String
    var type: FunctionType
  }

  /// By memory: the first one that is imported under the same names, else itself.
  private(set) var own: [Int]
  private(set) var memoryImports: [Import]
  /// By memory: what an imported one that becomes the module's own is exported as.
  private(set) var importNames: [Int: String] = [:]
  private(set) var layout: MemoryLayout
  private let use: MemoryUse

  init(_ module: Module, _ spaces: IndexSpaces, _ options: LoweringOptions) throws(ModuleError) {
    memoryImports = module.imports.filter { $0.type.kind == .memory }
    let count = spaces.memories.count
    use = try MemoryUse(module, memoryCount: count)
    guard count > 1 else {
      own = Array(0..<count)
      layout = MemoryLayout(only: spaces.memories.first ?? MemoryType(limits: Limits(minimum: 0)))
      return
    }
    var types = spaces.memories
    var exported = [Bool](repeating: false, count: count)
    for export in module.exports where export.kind == .memory { exported[Int(export.index)] = true }
    own = Array(0..<count)
    let isRemote = options.imports == .accessors
    var use = use
    var reservations = options.reservations
    if isRemote {
      for memory in 0..<spaces.importedMemoryCount {
        try Self.checkRemote(memory, memoryImports[memory], isExported: exported[memory], atomic: use.atomics[memory])
      }
    } else {
      try Self.merge(memoryImports, &own, &types, &exported, &use, &reservations)
    }
    let first = isRemote ? spaces.importedMemoryCount : 0
    try Self.checkWaits(types[first...].contains(where: \.isShared), types, use, from: first)

    var candidates: [MemoryLayout.Place] = []
    for memory in first..<count where own[memory] == memory {
      let isImported = memory < memoryImports.count
      if isImported { importNames[memory] = memoryImports[memory].module + "." + memoryImports[memory].name }
      candidates.append(
        try MemoryLayout.candidate(
          memory, types[memory], grows: use.grows[memory], isExported: exported[memory] || isImported,
          reservation: reservations[memory]))
    }
    if isRemote && spaces.importedMemoryCount > 0 {
      let largest = use.largestSegment[..<first].max() ?? 0
      var type = MemoryType(limits: Limits(minimum: 1, maximum: 1))
      type.limits.minimum = max(1, MemoryLayout.Place.roundedUp(UInt64(largest)) >> MemoryLayout.pageSizeLog2)
      type.limits.maximum = type.limits.minimum
      candidates.append(
        try MemoryLayout.candidate(count, type, grows: false, isExported: false, reservation: nil))
    }
    let head =
      candidates.firstIndex { $0.memory < count && exported[$0.memory] } ?? candidates.firstIndex(where: \.isExported)
    layout = try MemoryLayout(candidates, head: head, weights: use.weights, reserves: options.reservesMaxima)
    layout.remotes = (0..<first).map { memory in
      var place = MemoryLayout.Place(memory: memory, type: types[memory])
      place.accessors = Array(repeating: nil, count: MemoryAccessor.allCases.count)
      return place
    }
    layout.placeOfMemory = (0..<count).map { memory in
      memory < first
        ? layout.places.count + memory : layout.places.firstIndex { $0.memory == own[memory] } ?? 0
    }
  }

  /// Imports under the same names are the same memory, of which each import says something.
  private static func merge(
    _ imports: [Import], _ own: inout [Int], _ types: inout [MemoryType], _ exported: inout [Bool],
    _ use: inout MemoryUse, _ reservations: inout [Int: UInt64]
  ) throws(ModuleError) {
    for memory in imports.indices {
      let item = imports[memory]
      if types[memory].isShared {
        throw MemoryLayout.refusal(
          "the imported shared memory \(quoted: item.module) \(quoted: item.name) cannot become the module's own, since others "
            + "share it")
      }
      let names = (ExactName(item.module), ExactName(item.name))
      guard let first = imports[..<memory].firstIndex(where: { (ExactName($0.module), ExactName($0.name)) == names })
      else { continue }
      own[memory] = first
      guard types[first].addressType == types[memory].addressType,
        types[first].pageSizeLog2 == types[memory].pageSizeLog2
      else {
        throw MemoryLayout.refusal(
          "the imports \(first) and \(memory) of the memory \(quoted: item.module) \(quoted: item.name) differ in type, so that no "
            + "memory fits both")
      }
      types[first].limits.minimum = max(types[first].limits.minimum, types[memory].limits.minimum)
      if let maximum = types[memory].limits.maximum {
        types[first].limits.maximum = min(types[first].limits.maximum ?? maximum, maximum)
      }
      if let maximum = types[first].limits.maximum, maximum < types[first].limits.minimum {
        throw MemoryLayout.refusal(
          "the imports \(first) and \(memory) of the memory \(quoted: item.module) \(quoted: item.name) have limits that no memory "
            + "fits")
      }
      exported[first] = exported[first] || exported[memory]
      use.grows[first] = use.grows[first] || use.grows[memory]
      use.weights[first] += use.weights[memory]
      use.waits[first] = use.waits[first] || use.waits[memory]
      if let reservation = reservations[memory] { reservations[first] = reservation }
    }
  }

  private static func checkRemote(
    _ memory: Int, _ item: Import, isExported: Bool, atomic: Int?
  ) throws(ModuleError) {
    let description = "the imported memory \(memory) \(quoted: item.module) \(quoted: item.name)"
    if isExported {
      throw MemoryLayout.refusal("\(description) is exported, which cannot be where it is reached through accessors")
    }
    if let atomic {
      throw MemoryLayout.refusal(
        "\(description) is accessed by atomic instructions, for which there are no accessors", at: atomic)
    }
  }

  /// To wait traps on a memory that is not shared, but not once it is part of one that is.
  private static func checkWaits(
    _ isShared: Bool, _ types: [MemoryType], _ use: MemoryUse, from first: Int
  ) throws(ModuleError) {
    for memory in first..<types.count where isShared && !types[memory].isShared && use.waits[memory] {
      throw MemoryLayout.refusal(
        "an instruction that waits on memory \(memory), which is not shared, cannot be lowered where others are shared: it "
          + "would wait instead of trapping")
    }
  }

  /// The functions that remote memories need. Their indices follow those of the imported functions.
  func accessorImports(after first: UInt32) -> [AccessorImport] {
    layout.remotes.enumerated().flatMap { number, place in
      let item = memoryImports[place.memory]
      return use.accessors[place.memory].sorted { $0.rawValue < $1.rawValue }.map { accessor in
        AccessorImport(
          remote: number, accessor: accessor, module: item.module, name: item.name + "." + accessor.name,
          type: accessor.type(place.type.addressType.valueType))
      }
    }
  }
}
