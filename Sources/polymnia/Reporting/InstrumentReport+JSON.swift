import WebAssembly

extension InstrumentReport {
  /// For programs, and for the page. Members are only ever added.
  ///
  /// - Parameter top: how many rows a list of places has at most; nil for all.
  func json(top: Int? = nil) -> JSON {
    func rows<Row>(_ rows: [Row], _ row: (Row) -> JSON) -> JSON { .array(rows.prefix(top ?? rows.count).map(row)) }
    return .object([
      ("file", .string(file)),
      ("kinds", .array(kinds.map { .string($0) })),
      ("incomplete", .boolean(data.flags.contains(.incomplete))),
      ("pageSize", .integer(1 << Int(pageSizeLog2))),
      ("functionCount", .integer(Int(data.functionCount))),
      (
        "functions",
        rows(functions) {
          .object([
            ("index", .integer(Int($0.index))), ("name", .optional(name($0.index))), ("count", .unsigned($0.count)),
          ])
        }
      ),
      ("callCount", .integer(Int(data.callCount))),
      ("calls", rows(calls) { place($0, call($0)) }),
      ("blockCount", .integer(Int(data.blockCount))),
      ("reachedBlocks", .integer(reachedBlocks)),
      (
        "coverage",
        rows(coverage) {
          .object([
            ("function", .integer(Int($0.function))), ("name", .optional(name($0.function))),
            ("blocks", .integer($0.blocks)), ("reached", .integer($0.reached)),
          ])
        }
      ),
      ("accessCount", .unsigned(data.accessCount)),
      ("keptAccesses", .integer(keptAccesses)),
      ("traceIsCut", .boolean(traceIsCut)),
      ("accesses", rows(accesses) { place($0, access($0)) }),
      (
        "copies",
        rows(copies) {
          .object([
            ("destination", .integer(Int($0.copy.destination))), ("source", .integer(Int($0.copy.source))),
            ("count", .unsigned($0.count)), ("bytes", .unsigned($0.byteCount)),
          ])
        }
      ),
      ("logRecords", .integer(logRecords)),
      ("marks", .integer(marks)),
      ("memories", .array(memories.map(json))),
      // How long the lists are before they are cut to the rows that are wanted.
      (
        "rows",
        .object([
          ("functions", .integer(functions.count)), ("calls", .integer(calls.count)),
          ("coverage", .integer(coverage.count)), ("accesses", .integer(accesses.count)),
          ("copies", .integer(copies.count)),
        ])
      ),
    ])
  }

  private func place(_ place: Place, _ text: String) -> JSON {
    .object([
      ("number", .integer(place.number)),
      ("function", .optional(place.site.map { UInt64($0.function) })),
      ("offset", .optional(place.site.map { UInt64($0.offset) })),
      ("instruction", .optional(place.site?.opcode.name)),
      ("text", .string(text)), ("count", .unsigned(place.count)), ("bytes", .unsigned(place.byteCount)),
    ])
  }

  private func json(_ memory: Memory) -> JSON {
    .object([
      ("index", .integer(Int(memory.index))), ("name", .optional(memoryName(memory.index))),
      ("loads", .unsigned(memory.loads)), ("loadedBytes", .unsigned(memory.loadedBytes)),
      ("stores", .unsigned(memory.stores)), ("storedBytes", .unsigned(memory.storedBytes)),
      ("logRecords", .unsigned(memory.logRecords)), ("loggedBytes", .unsigned(memory.loggedBytes)),
      ("pagesAreCut", .boolean(memory.pagesAreCut)),
      // Number, reads, writes.
      (
        "pages",
        .array(memory.pages.map { .array([.unsigned($0.number), .unsigned($0.reads), .unsigned($0.writes)]) })
      ),
    ])
  }
}
