import WebAssembly

extension ObjectDump {
  /// Sections and memories, and the instructions of some functions. Members are only ever added.
  func json(functions: [Int]) throws(ModuleError) -> JSON {
    var listing = FunctionListing(module)
    var bodies: [JSON] = []
    for number in functions { bodies.append(try json(number, &listing)) }
    return .object([
      ("file", .string(file)),
      ("size", .integer(module.bytes.count)),
      ("sections", .array(sections.map(json))),
      (
        "memories",
        .array(
          spaces.memories.enumerated().map { index, type in
            .object([
              ("index", .integer(index)), ("name", .optional(names.name(of: .memory, UInt32(clamping: index)))),
              ("type", .string("\(type)")), ("imported", .boolean(index < spaces.importedMemoryCount)),
            ])
          })
      ),
      ("functions", .array(bodies)),
    ])
  }

  private func json(_ section: Section) -> JSON {
    .object([
      ("name", .string(section.name)), ("custom", .boolean(section.isCustom)), ("start", .integer(section.start)),
      ("offset", .integer(section.range.lowerBound)), ("size", .integer(section.range.count)),
      ("entries", section.count.map { .integer($0) } ?? .null),
    ])
  }

  private func json(_ number: Int, _ listing: inout FunctionListing) throws(ModuleError) -> JSON {
    let body = module.bodies[number].range
    let index = spaces.importedFunctionCount + number
    var type = ""
    var locals: [JSON] = []
    var lines: [JSON] = []
    try listing.list(function: number) { header in
      type = header.type
      locals = header.locals.map { .string("\($0.count) \($0.type)") }
    } line: { line in
      lines.append(
        .object([
          ("offset", .integer(line.offset)), ("size", .integer(line.byteCount)), ("depth", .integer(line.depth)),
          ("text", .string(line.text)), ("memories", .array(line.memories.map { .integer(Int($0)) })),
        ]))
    }
    return .object([
      ("index", .integer(index)), ("name", .optional(names.name(of: .function, UInt32(clamping: index)))),
      ("type", .string(type)), ("offset", .integer(body.lowerBound)), ("size", .integer(body.count)),
      ("locals", .array(locals)), ("instructions", .array(lines)),
    ])
  }
}
