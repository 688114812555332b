import ArgumentParser
import WasmEngine
import WebAssembly

/// `polymnia-fuzz lower`
struct LowerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lower",
    abstract: "Make modules with several memories and compare them with what lowering makes of them.",
    discussion: """
      Two in three modules are sequences of single accesses at the edges, the others are programs as `generate` makes them. \
      Each runs on both tiers, the lowered one with several memories switched off; results, kinds of trap, sizes and \
      contents of all memories must be the same. With --emit the modules, lowered, and what comes of their calls are \
      written for other engines.

      Exit status: 0 if no module made a difference, else 1.
      """)

  @OptionGroup var campaign: CampaignOptions

  @Option(help: ArgumentHelp("Write lowered modules and their calls instead of comparing.", valueName: "folder"))
  var emit: String?

  /// What a worker counts.
  enum Field: Int {
    case modules = 2
    case programs, imported, relocating, wide, trapping, refused, stopped, different
  }

  func run() throws {
    if let emit {
      try LoweringEmission(folder: emit).write(campaign.count, seed: campaign.seed, first: campaign.first)
    } else if campaign.isWorker {
      campaign.work(check)
    } else {
      let result = try GenerationCampaign(
        campaign, command: ["lower"], finds: Field.different.rawValue, reportCrash: report
      )
      .run()
      guard summary(result.totals, result.crashes) else { throw ExitCode(1) }
    }
  }

  /// A module, how to lower it, and what to call.
  static func subject(
    _ number: Int, seed: UInt64
  ) throws -> (bytes: [UInt8], options: LoweringOptions, calls: [LoweringTrial.Call]?) {
    if number % 3 < 2 {
      let sequence = LoweringSequence(seed: seed, number: number)
      let module = try ModuleParser.parse(Array(sequence.text.utf8), features: .all).module
      return (ModuleEncoder.encode(module), sequence.options, sequence.calls)
    }
    var generator = ProgramGenerator(seed: seed, number: number)
    var program = generator.make(leastMemories: 2, isPlain: true)
    var random = RandomSource(seed: seed, number: number)
    for index in program.memories.indices where program.memories[index].maximum == nil {
      // What can be had beyond a maximum is another matter.
      let memory = program.memories[index]
      let most = memory.is64 ? Int.max : 1 << (32 - memory.pageSizeLog2) - (memory.pageSizeLog2 == 0 ? 1 : 0)
      program.memories[index].maximum = min(memory.minimum + random.below(5), most)
    }
    // The same memory has the same limits.
    for index in program.memories.indices {
      guard let name = program.memories[index].importName else { continue }
      let first = program.memories.first { $0.importName.map { ExactName($0) } == ExactName(name) }
      program.memories[index].maximum = first?.maximum
    }
    var options = LoweringOptions()
    options.reservesMaxima = random.chance(50)
    options.imports = random.chance(50) ? .own : .accessors
    return (program.bytes, options, nil)
  }

  private func check(_ number: Int, _ board: CountBoard) {
    board[Field.modules] += 1
    do {
      let (bytes, options, calls) = try Self.subject(number, seed: campaign.seed)
      let module = try ModuleDecoder.decode(bytes)
      if calls == nil { board[Field.programs] += 1 }
      if module.imports.contains(where: { $0.type.kind == .memory }) { board[Field.imported] += 1 }
      if let lowered = try? MemoryLowering.lower(ModuleValidator.validate(module), options: options) {
        if lowered.regions.contains(where: \.moves) { board[Field.relocating] += 1 }
        if lowered.memory?.addressType == .i64 { board[Field.wide] += 1 }
      }
      for tier in [ExecutionTier.interpreter, .compiler] {
        let trial = LoweringTrial(options: options, tier: tier, bounds: number % 4 < 2 ? .guarded : .checked)
        switch trial.run(module, calls: calls, seed: campaign.seed, isDeep: number % 8 == 0) {
        case .same(let traps):
          if traps > 0, tier == .compiler { board[Field.trapping] += 1 }
        case .refused(let why):
          board[Field.refused] += 1
          if tier == .interpreter { print("module \(number): refused: \(why)") }
        case .stopped: board[Field.stopped] += 1
        case .different(let what):
          board[Field.different] += 1
          report(number, "\(tier.rawValue): \(what)")
          return
        }
      }
    } catch {
      board[Field.different] += 1
      report(number, "\(error)")
    }
  }

  private func report(_ number: Int, _ what: String) {
    let path = "\(campaign.finds)/lowered-\(campaign.seed)-\(number).wasm"
    if let subject = try? Self.subject(number, seed: campaign.seed) { GenerateCommand.write(subject.bytes, to: path) }
    print("module \(number) of seed \(campaign.seed) (\(path)): \(what)")
  }

  private func summary(_ totals: [UInt64], _ crashes: Int) -> Bool {
    func total(_ field: Field) -> UInt64 { totals[field.rawValue] }
    print("modules: \(total(.modules)), of them programs: \(total(.programs))")
    print("with imported memories: \(total(.imported))")
    print("with memories that move: \(total(.relocating))")
    print("with 64-bit addresses: \(total(.wide))")
    print("with a trap: \(total(.trapping))")
    print("refused: \(total(.refused)), stopped: \(total(.stopped)) (on either tier)")
    print("differences: \(total(.different))")
    print("crashes and hangs: \(crashes)")
    return crashes == 0 && total(.different) == 0
  }
}
