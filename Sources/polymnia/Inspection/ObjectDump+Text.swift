import WebAssembly

extension ObjectDump {
  /// The table of all sections, and the memories.
  func writeOverview(to output: inout OutputFile) {
    output.write("\(quoted: file): \(module.bytes.count) bytes, \(sections.count) sections\n")
    output.write("  start     contents        size  entries  section\n")
    for section in sections {
      let count = section.count.map { "\($0)" } ?? ""
      output.write(
        "  \(Self.hexadecimal(section.start))  \(Self.hexadecimal(section.range.lowerBound))  "
          + Self.padded("\(section.range.count)", to: 10, left: true) + "  "
          + Self.padded(count, to: 7, left: true) + "  \(section.title)\n")
    }
    for (index, type) in spaces.memories.enumerated() {
      let name = names.name(of: .memory, UInt32(clamping: index)).map { " $\(name: $0)" } ?? ""
      let imported = index < spaces.importedMemoryCount ? ", imported" : ""
      output.write("memory \(index)" + name + ": \(type)\(imported)\n")
    }
  }

  /// The contents of a section: bodies and segments with their places, everything else as bytes.
  func write(_ section: Section, to output: inout OutputFile) {
    output.write(
      "\(section.title): \(section.range.count) bytes at \(Self.hexadecimal(section.range.lowerBound))\n")
    switch section.id {
    case .code:
      for (number, body) in module.bodies.enumerated() {
        output.write(
          "  \(Self.hexadecimal(body.range.lowerBound))  "
            + Self.padded("\(body.range.count)", to: 10, left: true) + "  function \(functionTitle(number))\n")
      }
    case .data:
      for (number, segment) in module.data.enumerated() {
        var place = "passive"
        if case .active(let memory, _) = segment.mode {
          place = "memory \(memory)\(names.name(of: .memory, memory).map { " $\(name: $0)" } ?? "")"
        }
        let name = names.name(of: .data, UInt32(clamping: number)).map { " $\(name: $0)" } ?? ""
        output.write("segment \(number)" + name + ": \(place), \(segment.range.count) bytes\n")
        writeBytes(segment.range, to: &output)
      }
    default: writeBytes(section.range, to: &output)
    }
  }

  /// Sixteen bytes a line, with their place and what they are in ASCII.
  private func writeBytes(_ range: Range<Int>, to output: inout OutputFile) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + 16, range.upperBound)
      var hexadecimal = ""
      var text = ""
      for byte in module.bytes[start..<end] {
        hexadecimal += byte < 16 ? " 0" : " "
        hexadecimal += String(byte, radix: 16)
        text.unicodeScalars.append(byte >= 0x20 && byte < 0x7F ? Unicode.Scalar(byte) : ".")
      }
      output.write("  \(Self.hexadecimal(start)) \(Self.padded(hexadecimal, to: 48))  \(text)\n")
      start = end
    }
  }

  /// A body: each instruction with its place in the module and in the body, its bytes, and its text.
  func writeFunction(
    _ number: Int, _ listing: inout FunctionListing, to output: inout OutputFile
  ) throws(ModuleError) {
    let body = module.bodies[number].range
    try listing.list(function: number) { header in
      output.write(
        "function \(functionTitle(number)): \(header.type), \(body.count) bytes at \(Self.hexadecimal(body.lowerBound))\n"
      )
      if !header.locals.isEmpty {
        output.write("  locals: \(header.locals.map { "\($0.count) \($0.type)" }.joined(separator: ", "))\n")
      }
    } line: { line in
      var bytes = ""
      // The first ones; a long table would push the text away.
      for byte in module.bytes[line.offset..<line.offset + min(line.byteCount, 8)] {
        bytes += byte < 16 ? " 0" : " "
        bytes += String(byte, radix: 16)
      }
      if line.byteCount > 8 { bytes += " …" }
      let place = "+0x" + String(line.offset - body.lowerBound, radix: 16)
      output.write(
        "  \(Self.hexadecimal(line.offset))  \(Self.padded(place, to: 7)) \(Self.padded(bytes, to: 26))  "
          + String(repeating: "  ", count: min(line.depth, 40)) + line.text + "\n")
    }
  }
}
