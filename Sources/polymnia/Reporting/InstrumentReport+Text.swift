import WebAssembly

extension InstrumentReport {
  /// For people.
  ///
  /// - Parameter top: how many lines a table has at most.
  func text(top: Int) -> String {
    var output = "\(name: file): \(kinds.joined(separator: ", "))\n"
    if data.flags.contains(.incomplete) {
      output += "the undo log is not complete: there was no more memory for it\n"
    }
    if data.flags.contains(.profile) {
      let total = functions.reduce(0) { $0 &+ $1.count }
      output += "functions: \(functions.count) of \(data.functionCount) entered, \(total) times\n"
      output += table(functions, top) { "\($0.count)  \(function($0.index))" }
      output += "calls: \(calls.count) of \(data.callCount) places, \(calls.reduce(0) { $0 &+ $1.count }) times\n"
      output += table(calls, top) { "\($0.count)  \(call($0))" }
    }
    if data.flags.contains(.coverage) { output += coverageText(top) }
    if data.flags.contains(.trace) {
      output += "accesses: \(data.accessCount) recorded, the last \(keptAccesses) kept\n"
      if traceIsCut {
        output += "the trace is cut: what came before is neither in the accesses nor in the memories below\n"
      }
      output += table(accesses, top) { "\($0.count)  \($0.byteCount) bytes  \(access($0))" }
      if !hasModule { output += "what accessed which memory needs --module\n" }
    }
    if !copies.isEmpty {
      output += "copies: \(copies.reduce(0) { $0 + $1.count })\n"
      output += table(copies, top) {
        "\($0.count)  \($0.byteCount) bytes  from memory \(memory($0.copy.source)) to memory \(memory($0.copy.destination))"
      }
    }
    if data.flags.contains(.log) { output += "undo log: \(logRecords) records, \(marks) of them marks\n" }
    for memory in memories { output += text(memory) }
    return output
  }

  /// What the module was instrumented for, in words.
  var kinds: [String] {
    var kinds: [String] = []
    if data.flags.contains(.log) { kinds.append("undo log") }
    if data.flags.contains(.pages) { kinds.append("written pages") }
    if data.flags.contains(.trace) { kinds.append("trace") }
    if data.flags.contains(.profile) { kinds.append("profile") }
    if data.flags.contains(.coverage) { kinds.append("coverage") }
    return kinds
  }

  private func coverageText(_ top: Int) -> String {
    let percent = Self.percent(reachedBlocks, Int(data.blockCount))
    var output = "blocks: \(reachedBlocks) of \(data.blockCount) reached, \(percent) %"
    guard hasModule else { return output + "\nwhich blocks needs --module\n" }
    output += ", in \(coveredFunctions.reached) of \(coveredFunctions.count) functions\n"
    // Those that lack most first: it is them that one looks for.
    let partly = coverage.filter { $0.reached > 0 }.sorted {
      ($0.blocks - $0.reached, $1.function) > ($1.blocks - $1.reached, $0.function)
    }
    output += table(partly, top) { "\($0.reached) of \($0.blocks)  \(function($0.function))" }
    let unreached = coverage.filter { $0.reached == 0 }
    guard !unreached.isEmpty else { return output }
    output += "not reached: \(Self.count(unreached.count, "function"))\n"
    return output + table(unreached, top) { function($0.function) }
  }

  private func text(_ memory: Memory) -> String {
    var parts: [String] = []
    if data.flags.contains(.trace), hasModule {
      parts.append("\(Self.count(memory.loads, "load")) of \(memory.loadedBytes) bytes")
      parts.append("\(Self.count(memory.stores, "store")) of \(memory.storedBytes) bytes")
    }
    if data.flags.contains(.log) {
      parts.append("\(Self.count(memory.logRecords, "record")) of \(memory.loggedBytes) bytes")
    }
    if !memory.pages.isEmpty {
      parts.append(
        "\(Self.count(memory.pages.count, "page")) of \(1 << Int(pageSizeLog2)) bytes \(verb)"
          + (memory.pagesAreCut ? ", and more that are not told" : "")
      )
    }
    return parts.isEmpty ? "" : "memory \(self.memory(memory.index)): \(parts.joined(separator: "; "))\n"
  }

  private var verb: String { data.flags.contains(.trace) && hasModule ? "touched" : "written" }

  private func table<Row>(_ rows: [Row], _ top: Int, _ line: (Row) -> String) -> String {
    var output = rows.prefix(top).map { "  \(line($0))\n" }.joined()
    if rows.count > top { output += "  and \(rows.count - top) more\n" }
    return output
  }

  private static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  static func percent(_ part: Int, _ whole: Int) -> Double {
    whole == 0 ? 100 : (Double(part) / Double(whole) * 1000).rounded() / 10
  }

  // MARK: Names

  func function(_ index: UInt32) -> String { name(index).map { "\(index) $\(name: $0)" } ?? "\(index)" }
  func memory(_ index: UInt32) -> String { memoryName(index).map { "\(index) $\(name: $0)" } ?? "\(index)" }

  private func position(_ site: InstrumentSites.Site) -> String {
    "in \(function(site.function)) at +0x\(String(site.offset, radix: 16))"
  }

  func call(_ place: Place) -> String {
    guard let site = place.site else { return "call \(place.number)" }
    let isDirect = site.opcode == .call || site.opcode == .returnCall
    return "\(position(site)): \(site.opcode.name)\(isDirect ? " " + function(site.index) : "")"
  }

  func access(_ place: Place) -> String {
    guard let site = place.site else { return "access \(place.number)" }
    let source = site.opcode == .memoryCopy ? " from \(memory(site.index2))" : ""
    return "\(position(site)): \(site.opcode.name) \(memory(site.index))\(source)"
  }
}
