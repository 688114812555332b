// A parsed module takes the layout of its binary, so that places in it are the same numbers whichever way it came.

extension TextParser {
  /// The module as its binary has it, once all fields have been read.
  mutating func finish() throws(TextError) -> ParsedModule {
    module.bytes = writer.output.bytes
    // The limits on what the text declares are for validation, which gives its own words.
    var binary: Module
    do throws(ModuleError) {
      binary = try ModuleDecoder.decode(ModuleEncoder.encode(module), limits: .largest)
    } catch {
      throw self.error("\(error)", at: 0)
    }
    // Where a section begins is no place in the text.
    binary.sections = []
    positions.move(from: module.instructionRanges, to: binary.instructionRanges)
    return ParsedModule(module: binary, positions: positions)
  }
}

extension Module {
  /// Where instructions stand, in the order of the binary.
  fileprivate var instructionRanges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(globals.count + bodies.count + data.count)
    for table in tables { if let initializer = table.initializer { ranges.append(initializer.range) } }
    for global in globals { ranges.append(global.initializer.range) }
    for segment in elements {
      if case .active(_, let offset) = segment.mode { ranges.append(offset.range) }
      if case .expressions(let expressions) = segment.items { ranges += expressions.map(\.range) }
    }
    for body in bodies { ranges.append(body.range) }
    for segment in data { if case .active(_, let offset) = segment.mode { ranges.append(offset.range) } }
    return ranges
  }
}

extension TextPositions {
  /// Moves the instructions of each range to another, and puts them in the order of those.
  fileprivate mutating func move(from old: [Range<Int>], to new: [Range<Int>]) {
    let (oldOffsets, oldSources) = (offsets, sources)
    offsets.removeAll(keepingCapacity: true)
    sources.removeAll(keepingCapacity: true)
    for (old, new) in zip(old, new) {
      var index = Self.firstIndex(in: oldOffsets, from: old.lowerBound)
      while index < oldOffsets.count, Int(oldOffsets[index]) < old.upperBound {
        offsets.append(UInt32(Int(oldOffsets[index]) - old.lowerBound + new.lowerBound))
        sources.append(oldSources[index])
        index += 1
      }
    }
  }

  private static func firstIndex(in offsets: [UInt32], from offset: Int) -> Int {
    var low = 0
    var high = offsets.count
    while low < high {
      let middle = (low + high) / 2
      if Int(offsets[middle]) < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
