// The custom section `name` from a text's identifiers (Core 3.0, 7.4.1).

extension TextParser {
  /// A list of names by index.
  private typealias NameMap = [(index: UInt32, symbol: UInt32)]

  /// Writes the section if anything has a name.
  mutating func writeNames() {
    var output = ByteWriter()
    if moduleName != 0 { subsection(0, &output) { $0.write(moduleName, &$1) } }
    nameMap(1, .function, &output)
    indirectMap(2, localNames, &output)
    indirectMap(3, labelNames, &output)
    nameMap(4, .type, &output)
    nameMap(5, .table, &output)
    nameMap(6, .memory, &output)
    nameMap(7, .global, &output)
    nameMap(8, .element, &output)
    nameMap(9, .data, &output)
    indirectMap(10, fieldNames, &output)
    nameMap(11, .tag, &output)
    if output.bytes.isEmpty { return }
    let start = writer.output.bytes.count
    writer.output.bytes.append(contentsOf: output.bytes)
    customs.append(
      PlacedCustomSection(
        name: "name", range: start..<writer.output.bytes.count,
        rank: PlacedCustomSection.rank(.data, isAfter: true)))
  }

  private func write(_ symbol: UInt32, _ output: inout ByteWriter) {
    let name = symbols.name(symbol)
    output.u32(UInt32(name.count))
    output.bytes.append(contentsOf: name)
  }

  private func write(_ map: NameMap, _ output: inout ByteWriter) {
    output.u32(UInt32(map.count))
    for (index, symbol) in map {
      output.u32(index)
      write(symbol, &output)
    }
  }

  private func subsection(_ id: UInt8, _ output: inout ByteWriter, _ body: (TextParser, inout ByteWriter) -> Void) {
    var contents = ByteWriter()
    body(self, &contents)
    output.byte(id)
    output.u32(UInt32(contents.bytes.count))
    output.bytes.append(contentsOf: contents.bytes)
  }

  private func nameMap(_ id: UInt8, _ space: Space, _ output: inout ByteWriter) {
    let names = scopes[space.rawValue].names
    if !names.isEmpty { subsection(id, &output) { $0.write(names, &$1) } }
  }

  private func indirectMap(
    _ id: UInt8, _ maps: [(owner: UInt32, names: NameMap)], _ output: inout ByteWriter
  ) {
    if maps.isEmpty { return }
    subsection(id, &output) { parser, output in
      output.u32(UInt32(maps.count))
      for (owner, names) in maps {
        output.u32(owner)
        parser.write(names, &output)
      }
    }
  }
}
