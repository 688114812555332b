import WebAssembly

/// What `lower` tells of the layout that it chose.
enum LoweringReport {
  static func text(_ lowered: LoweredModule) -> String {
    guard !lowered.regions.isEmpty || !lowered.remotes.isEmpty else {
      return "nothing to lower: the module has at most one memory"
    }
    let count = lowered.regions.reduce(0) { $0 + 1 + $1.aliases.count }
    var lines = ["\(count) \(count == 1 ? "memory" : "memories") in one"]
    if let memory = lowered.memory {
      let maximum = memory.limits.maximum.map { " to \($0)" } ?? ""
      let shared = memory.isShared ? ", shared" : ""
      lines[0] += " of \(memory.limits.minimum)\(maximum) pages, \(memory.addressType) addresses\(shared)"
    }
    for region in lowered.regions {
      let numbers = ([region.memory] + region.aliases).map { "\($0)" }.joined(separator: ", ")
      var line = "  memory \(numbers)\(region.name.map { " $\(name: $0)" } ?? "")"
      line += ": base \(region.base), room \(region.capacity), grows \(growth(region.growth))"
      if region.moves { line += ", moves" }
      if region.needsNoChecks { line += ", needs no checks" }
      if region.importedAs != nil { line += ", no longer imported" }
      if !region.exports.isEmpty { line += ", exported as \(names: region.exports)" }
      lines.append(line)
    }
    for remote in lowered.remotes {
      let label = remote.name.map { " $\(name: $0)" } ?? ""
      lines.append(
        "  memory \(remote.memory)\(label): reached through \(quoted: remote.module) \(quoted: remote.importName + ".…"): "
          + "\(names: remote.functions)")
    }
    return lines.joined(separator: "\n")
  }

  private static func growth(_ growth: LoweredModule.Growth) -> String {
    switch growth {
    case .never: "never"
    case .reserved: "within its room"
    case .atEnd: "at the end"
    case .relocating: "by moving what lies above"
    }
  }

  static func json(_ lowered: LoweredModule) -> JSON {
    .object([
      ("memory", .optional(lowered.memory.map { "\($0)" })),
      ("regions", .array(lowered.regions.map(region))),
      (
        "remotes",
        .array(
          lowered.remotes.map { remote in
            .object([
              ("memory", .integer(remote.memory)), ("name", .optional(remote.name)),
              ("module", .string(remote.module)), ("import", .string(remote.importName)),
              ("functions", .array(remote.functions.map { .string($0) })),
            ])
          })
      ),
      ("droppedSections", .array(lowered.droppedSections.map { .string($0) })),
    ])
  }

  private static func region(_ region: LoweredModule.Region) -> JSON {
    .object([
      ("memories", .array(([region.memory] + region.aliases).map { .integer($0) })),
      ("name", .optional(region.name)), ("base", .unsigned(region.base)), ("room", .unsigned(region.capacity)),
      ("bytes", .unsigned(region.byteCount)), ("growth", .string(region.growth.rawValue)),
      ("moves", .boolean(region.moves)), ("checked", .boolean(!region.needsNoChecks)),
      ("importedAs", .optional(region.importedAs)),
      ("exports", .array(region.exports.map { .string($0) })),
    ])
  }
}
