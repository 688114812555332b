import ArgumentParser
import WasmEngine
import WebAssembly

/// `polymnia-fuzz link`
struct LinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "link",
    abstract: "Link mutants of real modules, and compare them with themselves.",
    discussion: """
      Each mutant that is valid is linked with another one and with a module that imports and exports all that it exports, \
      with dead code and without it; what comes out must be valid. Linked with the latter alone it must do what it does \
      unlinked.

      Exit status: 0 if nothing was found and a tenth of the mutants were valid, else 1.
      """)

  @OptionGroup var campaign: CampaignOptions

  /// What a worker counts.
  enum Field: Int {
    case mutants = 2
    case valid, linked, pruned, executed, refused, different
  }

  func run() throws {
    if campaign.isWorker {
      let corpus = Corpus(scripts: "../shared/testsuite", package: ".")
      campaign.work { check($0, $1, corpus) }
    } else {
      let result = try GenerationCampaign(
        campaign, command: ["link"], finds: Field.different.rawValue, reportCrash: { report($0, $1) }
      )
      .run()
      guard summary(result.totals, result.crashes) else { throw ExitCode(1) }
    }
  }

  private func check(_ number: Int, _ board: CountBoard, _ corpus: Corpus) {
    board[Field.mutants] += 1
    guard let module = valid(number, corpus) else { return }
    board[Field.valid] += 1
    do {
      let user = try passingOn(module.module)
      var inputs = [LinkInput(name: "mutant a", module: module), LinkInput(name: "user", module: user)]
      var options = LinkOptions()
      options.removesDeadCode = false
      let linked = try ModuleLinker.link(inputs, options: options)
      let kept = try validate(linked.module, "with dead code")
      // The host would supply two of what is one import now.
      if linked.mergedImports == 0 { try compare(module, kept, number, board, "linked") }
      options.removesDeadCode = true
      let pruned = try validate(ModuleLinker.link(inputs, options: options).module, "without dead code")
      board[Field.linked] += 1
      let removed = try DeadCodeRemoval.remove(from: module)
      let alone = try validate(removed.module, "dead code removed")
      board[Field.pruned] += 1
      if linked.mergedImports == 0 && removed.removed.imports == 0 && removed.removed.memories == 0 {
        try compare(module, alone, number, board, "dead code removed")
        try compare(module, pruned, number, board, "linked without dead code")
      }
      guard let other = valid(number + 1, corpus) else { return }
      inputs.insert(LinkInput(name: "mutant b", module: other), at: number % 2)
      options.defaultExports = .all
      options.removesDeadCode = number % 4 < 2
      _ = try validate(ModuleLinker.link(inputs, options: options).module, "with another")
    } catch let failure as LinkFailure where failure.kind == .unsupported {
      // Initial values of tables that one module cannot have.
      board[Field.refused] += 1
    } catch is TooLarge {
      board[Field.refused] += 1
    } catch {
      board[Field.different] += 1
      report(number, "\(error)")
    }
  }

  private func valid(_ number: Int, _ corpus: Corpus) -> ValidatedModule? {
    let mutant = Mutator.mutant(number, seed: campaign.seed, of: corpus)
    let bytes =
      mutant.isText
      ? (try? ModuleParser.parse(mutant.bytes).module).map { ModuleEncoder.encode($0) } : mutant.bytes
    guard let bytes, let module = try? ModuleDecoder.decode(bytes) else { return nil }
    return try? ModuleValidator.validate(module)
  }

  /// Modules that exceed a limit only together.
  private struct TooLarge: Error {}

  private func validate(_ module: Module, _ what: String) throws -> ValidatedModule {
    do throws(ModuleError) {
      let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(module))
      try decoded.checkCustomSections()
      return try ModuleValidator.validate(decoded)
    } catch {
      if error.kind == .limitExceeded { throw TooLarge() }
      throw Mismatch("\(what): \(error)")
    }
  }

  /// A module that imports all that another one exports, and exports it again.
  private func passingOn(_ module: Module) throws -> ValidatedModule {
    let spaces = IndexSpaces(module)
    var user = Module()
    user.types = module.types
    user.recursionGroups = module.recursionGroups
    var counts = [UInt32](repeating: 0, count: ExternalKind.allCases.count)
    for export in module.exports {
      let index = Int(export.index)
      let type: ImportType =
        switch export.kind {
        case .function: .function(spaces.functions[index])
        case .table: .table(spaces.tables[index])
        case .memory: .memory(spaces.memories[index])
        case .global: .global(spaces.globals[index])
        case .tag: .tag(spaces.tags[index])
        }
      user.imports.append(Import(module: "mutant a", name: export.name, type: type))
      user.exports.append(
        Export(name: export.name, kind: export.kind, index: counts[Int(export.kind.rawValue)]))
      counts[Int(export.kind.rawValue)] += 1
    }
    return try ModuleValidator.validate(user)
  }

  private func compare(
    _ module: ValidatedModule, _ linked: ValidatedModule, _ number: Int, _ board: CountBoard, _ what: String
  ) throws {
    let execution = Execution(
      tier: number % 2 == 0 ? .interpreter : .compiler, bounds: .guarded, metersFuel: number % 2 == 0,
      seed: UInt64(number), board: nil)
    guard let first = execution.run(module) else { return }
    guard let second = execution.run(linked) else { throw Mismatch("\(what): no longer runs") }
    if first.isStopped || second.isStopped || first.isExhausted || second.isExhausted { return }
    guard first.events.count == second.events.count else {
      throw Mismatch("\(what): \(first.events.count) events before, \(second.events.count) after")
    }
    for (one, other) in zip(first.events, second.events) where one.loose != other.loose {
      throw Mismatch("\(what): \(one.loose); \(other.loose)")
    }
    board[Field.executed] += 1
  }

  private func report(_ number: Int, _ what: String) {
    print("mutant \(number) of seed \(campaign.seed): \(what)")
  }

  private func summary(_ totals: [UInt64], _ crashes: Int) -> Bool {
    func total(_ field: Field) -> UInt64 { totals[field.rawValue] }
    print("mutants: \(total(.mutants)), of them valid: \(total(.valid))")
    print("linked: \(total(.linked)), dead code removed: \(total(.pruned)), runs compared: \(total(.executed))")
    print("refused: \(total(.refused))")
    print("differences: \(total(.different))")
    print("crashes and hangs: \(crashes)")
    return crashes == 0 && total(.different) == 0 && total(.valid) * 10 >= total(.mutants)
  }
}
