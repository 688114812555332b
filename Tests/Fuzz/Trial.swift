import WasmEngine
import WebAssembly

/// A mutant: bytes that may be a module in one of the two formats.
struct Mutant {
  var bytes: [UInt8]
  var isText: Bool
}

/// Two ways to the same thing came to different ends.
struct Mismatch: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Takes mutants through decoder, validator, printer, encoder and both kinds of bounds, and counts how far they come.
struct Trial {
  let board: Board

  /// - Throws: ``Mismatch``.
  func run(_ mutant: Mutant, number: Int) throws {
    board.add(.mutants)
    board.phase = .decode
    guard let module = try decode(mutant) else { return }
    board.add(.decoded)
    board.phase = .print
    let text = try? ModulePrinter.text(module)
    board.phase = .validate
    guard let validated = validate(module) else { return }
    board.add(.validated)
    board.phase = .roundTrip
    guard let text else { throw Mismatch("a valid module is not printed") }
    try checkRoundTrips(module, text)
    board.add(.printed)
    try checkExecution(validated, number)
    board.phase = .idle
  }

  private func decode(_ mutant: Mutant) throws -> Module? {
    guard mutant.isText else { return try? ModuleDecoder.decode(mutant.bytes) }
    board.add(.text)
    guard let parsed = try? ModuleParser.parse(mutant.bytes).module else { return nil }
    do throws(ModuleError) {
      return try ModuleDecoder.decode(ModuleEncoder.encode(parsed))
    } catch {
      if error.kind == .limitExceeded { return nil }
      throw Mismatch("the binary of a text is not decoded: \(error)")
    }
  }

  private func validate(_ module: Module) -> ValidatedModule? {
    guard let validator = try? ModuleValidator(module) else { return nil }
    if validator.functionCount > 0 { board.add(.reachedFunctions) }
    guard let summaries = try? validator.validateFunctions(0..<validator.functionCount) else { return nil }
    return try? validator.finish([summaries])
  }

  // MARK: Formats

  private func checkRoundTrips(_ module: Module, _ text: String) throws {
    let encoded = ModuleEncoder.encode(module)
    let decoded = try expect("what was encoded is decoded") { try ModuleDecoder.decode(encoded) }
    try checkEqual(encoded, ModuleEncoder.encode(decoded), "encoding of what was encoded")
    // The first text stands for a binary in shortest form, which the mutant need not be.
    let first = try expect("the printed text is parsed") { try ModuleParser.parse(Array(text.utf8)).module }
    let bytes = ModuleEncoder.encode(first)
    let second = try expect("the binary of the printed text is decoded") { try ModuleDecoder.decode(bytes) }
    let again = try expect("the binary of the printed text is printed") { try ModulePrinter.text(second) }
    try checkEqual(Array(text.utf8), Array(again.utf8), "text of the text's binary")
    let third = try expect("the second text is parsed") { try ModuleParser.parse(Array(again.utf8)).module }
    try checkEqual(bytes, ModuleEncoder.encode(third), "binary of the second text")
  }

  private func expect<Result>(_ what: String, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      throw Mismatch("not so: \(what): \(error)")
    }
  }

  private func checkEqual(_ expected: [UInt8], _ actual: [UInt8], _ what: String) throws {
    guard expected != actual else { return }
    let common = zip(expected, actual).prefix { $0 == $1 }.count
    throw Mismatch(
      "the \(what) differs from byte \(common) on; \(expected.count) bytes before, \(actual.count) bytes after")
  }

  // MARK: Execution

  private func checkExecution(_ validated: ValidatedModule, _ number: Int) throws {
    // Every fourth runs without fuel at first, since that is other code.
    let guarded = Execution(bounds: .guarded, metersFuel: number % 4 != 0, seed: UInt64(number), board: board)
    guard let first = guarded.run(validated) else { return }
    let checked = Execution(bounds: .checked, metersFuel: true, seed: UInt64(number), board: nil)
    guard let second = checked.run(validated) else { throw Mismatch("compiled only in guarded bounds") }
    board.phase = .compare
    if try agree(first, second, "guarded bounds", "checked bounds", isExact: true) { board.add(.agreed) }
    #if arch(x86_64)
      board.phase = .machineCode
      let compiled = Execution(
        tier: .compiler, bounds: number % 2 == 0 ? .guarded : .checked, metersFuel: false,
        seed: UInt64(number), board: nil)
      // All of what is valid is compiled, called or not, and what the compiler finds wrong with its own work is a find.
      guard let third = compiled.run(validated) else { throw Mismatch("only the interpreter takes it") }
      if let fault = third.compilerFaults.first { throw Mismatch("compiler: \(fault)") }
      if first.isExhausted || third.isExhausted { return }
      if try agree(first, third, "interpreter", "machine code", isExact: false) { board.add(.tiersAgreed) }
    #endif
  }

  /// Whether two executions are the same; false if one was stopped.
  private func agree(
    _ first: Execution.Record, _ second: Execution.Record, _ firstName: String, _ secondName: String, isExact: Bool
  ) throws -> Bool {
    if first.isStopped || second.isStopped { return false }
    for (one, other) in zip(first.events, second.events) {
      let (one, other) = isExact ? (one.exact, other.exact) : (one.loose, other.loose)
      if one != other { throw Mismatch("\(firstName): \(one); \(secondName): \(other)") }
    }
    guard first.events.count == second.events.count else {
      throw Mismatch("\(first.events.count) events in \(firstName), \(second.events.count) in \(secondName)")
    }
    return true
  }
}
