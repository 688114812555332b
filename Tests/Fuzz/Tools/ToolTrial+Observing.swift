import WebAssembly

/// The tools that observe: instrument and report, strip, add-memory, objdump.
extension ToolTrial {
  /// - Parameter kinds: what is observed.
  static func instrument(
    _ validated: ValidatedModule, _ kinds: InstrumentLayout.Flags, _ trial: inout ToolTrial
  ) throws -> Product? {
    var options = InstrumentOptions()
    options.stores = kinds.contains(.log) ? .log : kinds.contains(.pages) ? .pages : nil
    options.logsFromStart = trial.random.chance(30)
    options.savesGlobals = trial.random.chance(70)
    options.pageSizeLog2 = UInt8(3 + trial.random.below(20))
    options.tracesMemory = kinds.contains(.trace)
    options.traceCapacity = 1 << UInt32(trial.random.below(12))
    options.countsCalls = kinds.contains(.profile)
    options.covers = kinds.contains(.coverage)
    let count = validated.spaces.memories.count
    if count > 0, trial.random.chance(20) { options.memories = [UInt32(trial.random.below(count))] }
    do throws(TransformError) {
      return Product(module: try Instrumentation.instrument(validated, options: options).module)
    } catch {
      return nil
    }
  }

  static func strip(_ validated: ValidatedModule, _ trial: inout ToolTrial) throws -> Product? {
    let names = validated.module.customSections.map { ExactName($0.name) }
    let selection = trial.random.pick([SectionStripping.Selection.all, .debug, .names, .none])
    var stripping = SectionStripping(selection)
    if !names.isEmpty {
      if trial.random.chance(50) { stripping.removed.insert(trial.random.pick(names)) }
      if trial.random.chance(50) { stripping.kept.insert(trial.random.pick(names)) }
    }
    // It wants a module of a binary, which the command makes of a text too.
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(validated.module))
    return Product(module: try ModuleDecoder.decode(stripping.strip(module).bytes), keepsOrder: true)
  }

  static func addMemories(_ validated: ValidatedModule, _ trial: inout ToolTrial) throws -> Product? {
    let attributes = [
      "export", "export:x", "import:host.heap", "min=0", "min=3", "max=4", "max=1", "i64", "shared,max=9", "pagesize=1",
      "name=other",
    ]
    do throws(TransformError) {
      var declarations: [MemoryDeclaration] = []
      for number in 0...trial.random.below(3) {
        var text = trial.random.chance(70) ? "new\(number)=" : "\(trial.random.below(5))="
        text += (0...trial.random.below(3)).map { _ in trial.random.pick(attributes) }.joined(separator: ",")
        declarations.append(try MemoryDeclaration(parsing: text))
      }
      return Product(module: try MemoryAddition.add(declarations, to: validated).module)
    } catch {
      return nil
    }
  }

  /// Every function is listed, each line where the one before ended; then the command shows the module whole.
  static func dump(_ validated: ValidatedModule, _ trial: inout ToolTrial) throws -> Outcome {
    let bytes = ModuleEncoder.encode(validated.module)
    let module = try ModuleDecoder.decode(bytes)
    var listing = FunctionListing(module)
    var next = 0
    var gaps = 0
    for (number, body) in module.bodies.enumerated() {
      try listing.list(function: number) {
        next = $0.instructions
      } line: { line in
        if line.offset != next { gaps += 1 }
        next = line.offset + line.byteCount
      }
      if next != body.range.upperBound { gaps += 1 }
    }
    if gaps > 0 { return .wrong("\(gaps) instructions are not where the one before ends") }
    guard let command = trial.command else { return .written }
    let file = try command.file("module", bytes)
    let options = trial.random.pick([["--disassemble"], ["--json"], ["--section", "code"], ["--section", "data"], []])
    return command.run(["objdump", file] + options)
  }

  /// Damaged data of a module that was instrumented: the library reads all of it, the command reports it with the module
  /// and without, in one of its forms.
  static func report(_ validated: ValidatedModule, _ trial: inout ToolTrial) throws -> Outcome {
    let kinds = InstrumentLayout.Flags(rawValue: 0)
      .union(trial.random.pick([.log, .pages, []])).union(trial.random.pick([.trace, []]))
      .union(trial.random.pick([.profile, []])).union(trial.random.pick([.coverage, []]))
    guard let product = try instrument(validated, kinds, &trial) else { return .refused }
    let bytes = ModuleEncoder.encode(product.module)
    let module = try ModuleDecoder.decode(bytes)
    _ = try InstrumentSites(module)
    guard let header = module.data.last?.range else { return .wrong("there is no header") }
    var data = Array(module.bytes[header])
    trial.random.fill(&data, upTo: data.count + trial.random.below(6000))
    var isRead = true
    do throws(InstrumentDataError) {
      let read = try InstrumentData(data)
      read.forEachAccess { _ in }
      try read.forEachLogRecord { _ in }
    } catch {
      isRead = false
    }
    guard let command = trial.command else { return isRead ? .written : .refused }
    var words = ["report", try command.file("data", data)]
    if trial.random.chance(70) { words += ["--module", try command.file("module", bytes)] }
    words += trial.random.pick([["--json"], ["--html", command.path("page")], ["--top", "3"], []])
    let outcome = command.run(words)
    if case .written = outcome, !isRead { return .wrong("what the library refuses the command reports") }
    return outcome
  }
}

extension RandomSource {
  /// Damages a header, and puts counters, records and anything else behind it.
  fileprivate mutating func fill(_ data: inout [UInt8], upTo count: Int) {
    for _ in 0..<below(4) where data.count > 12 {
      data[chance(90) ? 12 + below(data.count - 12) : below(12)] = chance(50) ? UInt8(below(256)) : UInt8(below(4))
    }
    while data.count < count {
      switch below(4) {
      case 0: data.append(UInt8(below(256)))
      case 1: data += [1, 0, 0, 0, 0, 0, 0, 0]
      default: data.append(0)
      }
    }
  }
}
