extension ModuleLowering {
  /// A memory that was exported or imported is exported as `NAME.base`, `NAME.size` and `NAME.grow`, and so is the
  /// combined memory. The one that begins at 0 keeps its name for it: its addresses are those of the combined memory.
  mutating func exports() throws(ModuleError) {
    guard layout.isCombined else {
      new.exports = old.exports
      return
    }
    var exports: [Export] = []
    var taken = Set(old.exports.map { ExactName($0.name) })
    var hasMemory = false
    for export in old.exports {
      guard export.kind == .memory else {
        var copy = export
        if export.kind == .function { copy.index = remapping.function(export.index) }
        exports.append(copy)
        continue
      }
      hasMemory = true
      let place = accesses.code.place(export.index)
      if place.base == 0 && place.hasConstantBase && layout.placeOfMemory[place.memory] == 0 {
        exports.append(Export(name: export.name, kind: .memory, index: 0))
      }
      exports += try parts(of: place, as: export.name, &taken)
    }
    for place in layout.places {
      guard let name = plan.importNames[place.memory] else { continue }
      hasMemory = true
      exports += try parts(of: place, as: name, &taken)
    }
    if hasMemory {
      try Self.take(LoweredModule.exportName, &taken)
      exports.append(Export(name: LoweredModule.exportName, kind: .memory, index: 0))
    }
    let fault = accesses.code.fault
    for (name, index) in [
      (LoweredLayout.faultMemory, fault.memory), (LoweredLayout.faultAddress, fault.address),
      (LoweredLayout.faultLength, fault.length),
    ] {
      try Self.take(name, &taken)
      exports.append(Export(name: name, kind: .global, index: index))
    }
    new.exports = exports
  }

  private mutating func parts(
    of place: MemoryLayout.Place, as name: String, _ taken: inout Set<ExactName>
  ) throws(ModuleError) -> [Export] {
    let base = place.baseGlobal ?? constantGlobal(place.base, accesses.code.addressType, "memory\(place.memory).base")
    let size = place.sizeGlobal ?? constantGlobal(place.minimumByteCount, .i64, "memory\(place.memory).size")
    let grow = accesses.routines.index(.grow(UInt32(place.memory)))
    var exports: [Export] = []
    for (suffix, kind, index) in [
      (".base", ExternalKind.global, base), (".size", .global, size), (".grow", .function, grow),
    ] {
      try Self.take(name + suffix, &taken)
      exports.append(Export(name: name + suffix, kind: kind, index: index))
    }
    return exports
  }

  /// A global that never changes, the same one for all exports of a memory.
  private mutating func constantGlobal(_ value: UInt64, _ type: ValueType, _ name: String) -> UInt32 {
    globalNames.first { ExactName($0.name) == ExactName(name) }?.index
      ?? addGlobal(value, type, isMutable: false, name: name)
  }

  private static func take(_ name: String, _ taken: inout Set<ExactName>) throws(ModuleError) {
    guard taken.insert(ExactName(name)).inserted else {
      throw MemoryLayout.refusal("the export \(quoted: name) is needed for a memory, but exists already")
    }
  }

  // MARK: Report

  var regions: [LoweredModule.Region] {
    guard layout.isCombined else { return [] }
    return layout.places.enumerated().filter { $0.element.memory < spaces.memories.count }.map { number, place in
      let growth: LoweredModule.Growth =
        if !place.isGrowable { .never } else if place.isFixed { .reserved } else {
          number == layout.places.count - 1 ? .atEnd : .relocating
        }
      let aliases = plan.own.indices.filter { plan.own[$0] == place.memory && $0 != place.memory }
      let exports = old.exports.filter { $0.kind == .memory && plan.own[Int($0.index)] == place.memory }.map(\.name)
      let imported = plan.importNames[place.memory]
      return LoweredModule.Region(
        memory: place.memory, aliases: aliases, name: names.name(of: .memory, UInt32(place.memory)),
        importedAs: imported, base: place.base, byteCount: place.minimumByteCount, capacity: place.capacity,
        growth: growth,
        moves: !place.hasConstantBase, needsNoChecks: place.isNative, baseGlobal: place.baseGlobal,
        sizeGlobal: place.sizeGlobal,
        exports: exports + (imported.map { [$0] } ?? []))
    }
  }

  var remotes: [LoweredModule.Remote] {
    layout.remotes.enumerated().map { number, place in
      let item = plan.memoryImports[place.memory]
      return LoweredModule.Remote(
        memory: place.memory, name: names.name(of: .memory, UInt32(place.memory)), type: place.type,
        module: item.module,
        importName: item.name, functions: accessorImports.filter { $0.remote == number }.map(\.accessor.name))
    }
  }
}
