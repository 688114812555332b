import WebAssembly

/// Changes real modules a little: bit flips, bytes that mean something, truncations, and splices of one module into
/// another. Sections and bodies are found first, so that many mutants keep a sound outline and get past the decoder.
struct Mutator {
  private let corpus: Corpus
  private var random: RandomSource

  private init(corpus: Corpus, random: RandomSource) {
    self.corpus = corpus
    self.random = random
  }

  /// The mutant of a number, which depends on nothing but the seed and the corpus. Every third is a text.
  static func mutant(_ number: Int, seed: UInt64, of corpus: Corpus) -> Mutant {
    var mutator = Mutator(corpus: corpus, random: RandomSource(seed: seed, number: number))
    return number % 3 == 2
      ? Mutant(bytes: mutator.text(), isText: true) : Mutant(bytes: mutator.binary(), isText: false)
  }

  /// A mutant of a binary module of the corpus.
  private mutating func binary() -> [UInt8] {
    var bytes = random.pick(corpus.binaries)
    // Most mutants get one change: each further one makes it likelier that nothing past the decoder is reached.
    let changes = random.chance(70) ? 1 : 1 + random.below(4)
    for _ in 0..<changes {
      switch random.below(24) {
      case 0: truncate(&bytes)
      case 1: flip(&bytes, in: 0..<bytes.count)
      case 2: spliceBytes(&bytes)
      case 3, 4: spliceSection(&bytes)
      case 5...7: spliceBody(&bytes)
      case 8...11: replaceImmediate(&bytes)
      case 12...15: replaceOperator(&bytes)
      default: mutateBody(&bytes)
      }
    }
    return bytes
  }

  /// A mutant of a text module of the corpus.
  private mutating func text() -> [UInt8] {
    var bytes = random.pick(corpus.texts)
    let changes = random.chance(70) ? 1 : 1 + random.below(3)
    for _ in 0..<changes where !bytes.isEmpty {
      switch random.below(16) {
      case 0: truncate(&bytes)
      case 1: flip(&bytes, in: 0..<bytes.count)
      case 2: swapTokens(&bytes)
      case 3: duplicateToken(&bytes)
      case 4: deleteToken(&bytes)
      case 5, 6: spliceText(&bytes)
      case 7...11: replaceNumber(&bytes)
      default: replaceKeyword(&bytes)
      }
    }
    return bytes
  }

  // MARK: Bytes

  private mutating func truncate(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    bytes.removeSubrange(random.below(bytes.count)...)
  }

  private mutating func flip(_ bytes: inout [UInt8], in range: Range<Int>) {
    guard !range.isEmpty else { return }
    bytes[range.lowerBound + random.below(range.count)] ^= 1 << UInt8(random.below(8))
  }

  private mutating func spliceBytes(_ bytes: inout [UInt8]) {
    let other = random.pick(corpus.binaries)
    guard !bytes.isEmpty, !other.isEmpty else { return }
    let from = random.below(other.count)
    let count = min(1 + random.below(32), other.count - from)
    let at = random.below(bytes.count)
    bytes.replaceSubrange(at..<min(bytes.count, at + count), with: other[from..<from + count])
  }

  // MARK: Sections and bodies

  private func outline(_ bytes: [UInt8]) -> Module? { try? ModuleDecoder.decode(bytes) }

  /// Replaces a section by the same section of another module, size and all.
  private mutating func spliceSection(_ bytes: inout [UInt8]) {
    let other = random.pick(corpus.binaries)
    guard let module = outline(bytes), let donor = outline(other), !module.sections.isEmpty else { return }
    let section = random.pick(module.sections)
    guard let replacement = donor.sections.first(where: { $0.id == section.id }) else { return }
    rewrite(&bytes, section: section, with: Array(other[replacement.range]))
  }

  /// Writes a module anew with one section's contents replaced, so that all sizes are right.
  private func rewrite(_ bytes: inout [UInt8], section: SectionRange, with contents: [UInt8]) {
    guard let module = outline(bytes) else { return }
    var writer = ByteWriter()
    writer.bytes = Array(bytes.prefix(8))
    for other in module.sections {
      writer.byte(other.id.rawValue)
      let range = other.range == section.range ? contents[...] : bytes[other.range]
      writer.u32(UInt32(range.count))
      writer.bytes.append(contentsOf: range)
    }
    bytes = writer.bytes
  }

  /// Replaces a body by one of another module or of the same, size and all.
  private mutating func spliceBody(_ bytes: inout [UInt8]) {
    let other = random.chance(50) ? bytes : random.pick(corpus.binaries)
    guard let module = outline(bytes), let donor = outline(other), !module.bodies.isEmpty, !donor.bodies.isEmpty
    else { return }
    let index = random.below(module.bodies.count)
    replaceBody(&bytes, module, index, with: other[random.pick(donor.bodies).range])
  }

  private func replaceBody(_ bytes: inout [UInt8], _ module: Module, _ index: Int, with body: ArraySlice<UInt8>) {
    guard let code = module.sections.first(where: { $0.id == .code }) else { return }
    var writer = ByteWriter()
    writer.u32(UInt32(module.bodies.count))
    for (position, old) in module.bodies.enumerated() {
      let contents = position == index ? body : bytes[old.range]
      writer.u32(UInt32(contents.count))
      writer.bytes.append(contentsOf: contents)
    }
    rewrite(&bytes, section: code, with: writer.bytes)
  }

  /// Changes an immediate of an instruction to a neighbouring or an extreme value.
  private mutating func replaceImmediate(_ bytes: inout [UInt8]) {
    guard let module = outline(bytes), !module.bodies.isEmpty else { return }
    let index = random.below(module.bodies.count)
    let body = module.bodies[index]
    var reader = InstructionReader(bytes, range: body.range)
    guard let locals = try? reader.locals() else { return }
    var writer = InstructionWriter()
    writer.locals(locals)
    var instructions: [(start: Int, end: Int, Instruction)] = []
    while !reader.isAtEnd {
      let start = reader.position
      guard let instruction = try? reader.next() else { return }
      instructions.append((start, reader.position, instruction))
    }
    guard !instructions.isEmpty else { return }
    let chosen = random.below(instructions.count)
    for (position, (start, end, instruction)) in instructions.enumerated() {
      let immediates = instruction.opcode.row.immediates
      guard position == chosen, ![.labels, .valueTypes, .tryTable, .none].contains(immediates) else {
        writer.output.bytes.append(contentsOf: bytes[start..<end])
        continue
      }
      var changed = instruction
      switch random.below(5) {
      case 0: changed.index = UInt32(random.below(8))
      case 1: changed.index2 = UInt32(random.below(8))
      case 2: changed.value = random.pick([0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF, UInt64.max, 1 << 63])
      case 3: changed.lane = UInt8(random.below(40))
      default: changed.alignment = UInt8(random.below(6))
      }
      // A block type or a heap type must stay one that can be written.
      if immediates == .blockType || immediates == .heapType || immediates == .castLabel {
        changed.value = instruction.value
      }
      writer.write(changed)
    }
    replaceBody(&bytes, module, index, with: writer.bytes[...])
  }

  /// Replaces an operator without immediates by another of the same type, so that what was valid stays so.
  private mutating func replaceOperator(_ bytes: inout [UInt8]) {
    guard let module = outline(bytes), !module.bodies.isEmpty else { return }
    var reader = InstructionReader(bytes, range: random.pick(module.bodies).range)
    guard (try? reader.locals()) != nil else { return }
    var places: [(range: Range<Int>, row: Operator)] = []
    while !reader.isAtEnd {
      let start = reader.position
      guard let instruction = try? reader.next() else { return }
      let row = instruction.opcode.row
      if row.immediates == .none, row.type != nil { places.append((start..<reader.position, row)) }
    }
    guard !places.isEmpty else { return }
    let (range, row) = random.pick(places)
    let candidates = Operator.all.filter {
      $0.immediates == .none && $0.type?.operands == row.type?.operands && $0.type?.results == row.type?.results
    }
    var writer = InstructionWriter()
    writer.write(Instruction(random.pick(candidates).opcode))
    guard let index = module.bodies.firstIndex(where: { $0.range.contains(range.lowerBound) }) else { return }
    let body = module.bodies[index].range
    replaceBody(
      &bytes, module, index,
      with: bytes[body.lowerBound..<range.lowerBound] + writer.bytes + bytes[range.upperBound..<body.upperBound])
  }

  /// Deletes, doubles, swaps or inserts whole instructions of a body, or flips a bit within it.
  private mutating func mutateBody(_ bytes: inout [UInt8]) {
    guard let module = outline(bytes), !module.bodies.isEmpty else { return }
    let index = random.below(module.bodies.count)
    let body = module.bodies[index]
    if random.chance(25) { return flip(&bytes, in: body.range) }
    var reader = InstructionReader(bytes, range: body.range)
    guard let locals = try? reader.locals() else { return }
    var pieces: [ArraySlice<UInt8>] = []
    while !reader.isAtEnd {
      let start = reader.position
      guard (try? reader.next()) != nil else { return }
      pieces.append(bytes[start..<reader.position])
    }
    guard pieces.count > 1 else { return }
    let at = random.below(pieces.count - 1)
    switch random.below(5) {
    case 0: pieces.remove(at: at)
    case 1: pieces.insert(pieces[at], at: at)
    case 2: pieces.swapAt(at, random.below(pieces.count - 1))
    default: insertInstruction(&pieces, at: at)
    }
    var writer = InstructionWriter()
    writer.locals(locals)
    for piece in pieces { writer.output.bytes.append(contentsOf: piece) }
    replaceBody(&bytes, module, index, with: writer.bytes[...])
  }

  /// Inserts an instruction, with constants before it and drops after it so that it often fits where it stands.
  private mutating func insertInstruction(_ pieces: inout [ArraySlice<UInt8>], at: Int) {
    let row = random.pick(Operator.all)
    guard ![.labels, .valueTypes, .tryTable, .blockType].contains(row.immediates) else { return }
    var writer = InstructionWriter()
    if let type = row.type {
      if row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane {
        writer.write(Instruction(.i32Const, index: 0, value: random.pick([0, 4, 0xFFFF, 0xFFFF_FFFC])))
      }
      for operand in type.operands {
        switch operand {
        case .i32: writer.write(Instruction(.i32Const, index: 0, value: random.next() & 0xFFFF_FFFF))
        case .i64: writer.write(Instruction(.i64Const, index: 0, value: random.next()))
        case .f32: writer.write(Instruction(.f32Const, index: 0, value: random.next() & 0xFFFF_FFFF))
        case .f64: writer.write(Instruction(.f64Const, index: 0, value: random.next()))
        default: writer.write(Instruction(.v128Const, index: 0, value: random.next(), value2: random.next()))
        }
      }
      var instruction = Instruction(row.opcode, index: 0, value: random.next())
      if row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane {
        instruction.index = UInt32(random.below(2))
        instruction.value = UInt64(random.below(70_000))
        instruction.alignment = row.feature == .threads ? row.width : UInt8(random.below(Int(row.width) + 1))
      }
      writer.write(instruction)
      for _ in type.results { writer.write(Instruction(.drop)) }
    } else {
      writer.write(Instruction(row.opcode, index: UInt32(random.below(4)), index2: UInt32(random.below(4))))
    }
    pieces.insert(writer.bytes[...], at: at)
  }

  // MARK: Text

  /// The range of a token at a random place.
  private mutating func token(_ bytes: [UInt8]) -> Range<Int> {
    tokenRange(bytes, around: random.below(bytes.count))
  }

  private func tokenRange(_ bytes: [UInt8], around position: Int) -> Range<Int> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x28 || byte == 0x29 }
    var start = position
    var end = position
    while start > 0, !isSpace(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, !isSpace(bytes[end]) { end += 1 }
    return start..<end
  }

  private mutating func swapTokens(_ bytes: inout [UInt8]) {
    let a = token(bytes)
    let b = token(bytes)
    guard a.upperBound <= b.lowerBound else { return }
    let first = Array(bytes[a])
    let second = Array(bytes[b])
    bytes.replaceSubrange(b, with: first)
    bytes.replaceSubrange(a, with: second)
  }

  private mutating func duplicateToken(_ bytes: inout [UInt8]) {
    let range = token(bytes)
    bytes.insert(contentsOf: [0x20] + bytes[range], at: range.upperBound)
  }

  private mutating func deleteToken(_ bytes: inout [UInt8]) {
    bytes.removeSubrange(token(bytes))
  }

  private mutating func spliceText(_ bytes: inout [UInt8]) {
    let other = random.pick(corpus.texts)
    guard !other.isEmpty else { return }
    let source = token(other)
    let target = token(bytes)
    bytes.replaceSubrange(target, with: other[source])
  }

  private static let numbers = [
    "0", "1", "-1", "2", "3", "7", "63", "64", "255", "65535", "65536", "0x7fffffff", "0x80000000", "0xffffffff",
    "0x7fffffffffffffff", "0xffffffffffffffff", "0x10000000000000000", "1e400", "nan", "nan:0x1", "inf", "-0",
    "0x1.fffffffffffffp-1023", "1_000", "0x",
  ].map { Array($0.utf8) }

  /// Replaces a number, such as the first one after a random place.
  private mutating func replaceNumber(_ bytes: inout [UInt8]) {
    let from = random.below(bytes.count)
    guard let digit = bytes[from...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
    bytes.replaceSubrange(tokenRange(bytes, around: digit), with: random.pick(Self.numbers))
  }

  /// Replaces an instruction's keyword by one of the same type.
  private mutating func replaceKeyword(_ bytes: inout [UInt8]) {
    for _ in 0..<8 {
      let range = token(bytes)
      let word = String(decoding: bytes[range], as: UTF8.self)
      guard let row = Operator.all.first(where: { $0.name == word }), row.type != nil else { continue }
      let candidates = Operator.all.filter {
        $0.immediates == row.immediates && $0.type?.operands == row.type?.operands
          && $0.type?.results == row.type?.results
      }
      bytes.replaceSubrange(range, with: Array(random.pick(candidates).name.utf8))
      return
    }
  }
}
