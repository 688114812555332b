import Testing

@testable import WebAssembly

/// The rules for the binary format of modules with several memories.
@Suite struct MultiMemoryFormatTests {
  private func error(_ instructions: [UInt8]) -> String? { malformation(function(instructions + [0x0B])) }

  @Test func sixBitsOfTheFlagsAreAlignmentAndTheSeventhSaysThatAMemoryFollows() throws {
    let plain = try firstInstruction(function([0x28, 0x02, 0x10, 0x0B]))
    #expect(plain.index == 0 && plain.alignment == 2 && plain.memoryOffset == 16)
    let indexed = try firstInstruction(function([0x28, 0x42, 0x07, 0x10, 0x0B]))
    #expect(indexed.index == 7 && indexed.alignment == 2 && indexed.memoryOffset == 16)
    let highest = try firstInstruction(function([0x28, 0x7F, 0x07, 0x10, 0x0B]))
    #expect(highest.index == 7 && highest.alignment == 63)
    #expect(error([0x28, 0x80, 0x01, 0x00]) == "malformed memop flags")
    #expect(error([0x28, 0x82, 0x01, 0x00]) == "malformed memop flags")
    #expect(error([0x28, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00]) == "malformed memop flags")
  }

  @Test func everyAccessReadsFlagsMemoryOffsetAndLane() throws {
    for row in Operator.all where [.memoryArgument, .memoryArgumentAndLane].contains(row.immediates) {
      var writer = InstructionWriter()
      writer.opcode(row.opcode)
      let hasLane = row.immediates == .memoryArgumentAndLane
      let immediates: [UInt8] = [0x40 | row.width, 5, 0x80, 1] + (hasLane ? [9] : [])
      let instruction = try firstInstruction(function(writer.bytes + immediates + [0x0B]))
      #expect(instruction.opcode == row.opcode)
      #expect(instruction.index == 5)
      #expect(instruction.alignment == row.width)
      #expect(instruction.memoryOffset == 128)
      if hasLane { #expect(instruction.lane == 9) }
      #expect(error(writer.bytes + immediates) == nil)
    }
  }

  @Test func flagsMayBeOverlong() throws {
    let instruction = try firstInstruction(function([0x28, 0xC2, 0x00, 0x03, 0x00, 0x0B]))
    #expect(instruction.index == 3 && instruction.alignment == 2)
    #expect(error([0x28, 0xC2, 0x80, 0x80, 0x80, 0x00, 0x03, 0x00]) == nil)
    #expect(error([0x28, 0xC2, 0x80, 0x80, 0x80, 0x80, 0x00, 0x03, 0x00]) == "integer representation too long")
  }

  @Test func memoryIndicesMayBeOverlong() throws {
    let load = try firstInstruction(function([0x28, 0x42, 0x83, 0x80, 0x80, 0x80, 0x00, 0x00, 0x0B]))
    #expect(load.index == 3)
    let size = try firstInstruction(function([0x3F, 0x80, 0x00, 0x0B]))
    #expect(size.opcode == .memorySize && size.index == 0)
    #expect(error([0x3F, 0x83, 0x80, 0x80, 0x80, 0x80, 0x00]) == "integer representation too long")
    #expect(error([0x3F, 0x83, 0x80, 0x80, 0x80, 0x10]) == "integer too large")
  }

  @Test func withoutSeveralMemoriesTheIndexIsAZeroByte() {
    var features = FeatureSet.all
    features.remove(.multiMemory)
    func error(_ instructions: [UInt8]) -> String? {
      malformation(function(instructions + [0x0B], dataCount: [0]), features: features)
    }
    #expect(error([0x3F, 0x00]) == nil)
    #expect(error([0x3F, 0x01]) == "zero byte expected")
    #expect(error([0x3F, 0x80, 0x00]) == "zero byte expected")
    #expect(error([0x40, 0x01]) == "zero byte expected")
    #expect(error([0xFC, 8, 0, 1]) == "zero byte expected")
    #expect(error([0xFC, 10, 0, 1]) == "zero byte expected")
    #expect(error([0xFC, 11, 1]) == "zero byte expected")
    #expect(error([0x28, 0x42, 0, 0]) == "malformed memop flags")
  }

  @Test func bulkInstructionsNameTheSegmentOrTheDestinationFirst() throws {
    let initialize = try firstInstruction(function([0xFC, 8, 0x84, 0x00, 0x85, 0x00, 0x0B], dataCount: [0]))
    #expect(initialize.opcode == .memoryInit && initialize.index == 4 && initialize.index2 == 5)
    let copy = try firstInstruction(function([0xFC, 10, 2, 3, 0x0B]))
    #expect(copy.opcode == .memoryCopy && copy.index == 2 && copy.index2 == 3)
    let fill = try firstInstruction(function([0xFC, 11, 6, 0x0B]))
    #expect(fill.opcode == .memoryFill && fill.index == 6)
    let grow = try firstInstruction(function([0x40, 9, 0x0B]))
    #expect(grow.opcode == .memoryGrow && grow.index == 9)
    let discard = try firstInstruction(function([0xFC, 0x12, 9, 0x0B]))
    #expect(discard.opcode == .memoryDiscard && discard.index == 9)
  }

  @Test func offsetsHave64Bits() throws {
    let highest: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
    #expect(try firstInstruction(function([0x28, 2] + highest + [0x0B])).memoryOffset == .max)
    #expect(try firstInstruction(function([0x28, 0x42, 1] + highest + [0x0B])).memoryOffset == .max)
    #expect(error([0x28, 2] + highest.dropLast() + [0x02]) == "integer too large")
    #expect(error([0x28, 2] + highest.dropLast() + [0x81, 0x00]) == "integer representation too long")
  }

  @Test func dataSegmentsHaveThreeKinds() throws {
    let offset: [UInt8] = [0x41, 0, 0x0B]
    func decode(_ contents: [UInt8]) throws(ModuleError) -> DataSegment {
      try ModuleDecoder.decode(binary(section(.data, [1] + contents))).data[0]
    }
    func memory(_ contents: [UInt8]) throws(ModuleError) -> UInt32? {
      if case .active(let memory, _) = try decode(contents).mode { memory } else { nil }
    }
    #expect(try memory([0] + offset + [1, 0x61]) == 0)
    #expect(try memory([0x80, 0x00] + offset + [1, 0x61]) == 0)
    #expect(try decode([1, 1, 0x61]).mode == .passive)
    #expect(try memory([2, 5] + offset + [1, 0x61]) == 5)
    #expect(try memory([0x82, 0x00, 0x85, 0x00] + offset + [1, 0x61]) == 5)
    #expect(malformation(binary(section(.data, [1, 3, 0]))) == "malformed data segment kind")
  }
}

/// What is malformed, and so not a matter of validation, in modules with several memories.
@Suite struct MultiMemoryDecodeTests {
  @Test func odditiesOfAlignmentAndIndexAreForTheValidator() throws {
    for flags: [UInt8] in [[0x20], [0x43, 0], [0x7F, 0], [0x42, 99]] {
      #expect(malformation(function([0x28] + flags + [0, 0x0B])) == nil)
    }
    #expect(malformation(function([0x3F, 99, 0x1A, 0x0B])) == nil)
    #expect(malformation(binary(section(.export, [1, 1, 0x6D, 2, 99]))) == nil)
    #expect(malformation(binary(section(.data, [1, 2, 99, 0x41, 0, 0x0B, 0]))) == nil)
  }

  @Test func twoMemorySectionsAreOneTooMany() {
    let memory = section(.memory, [1, 0, 1])
    #expect(malformation(binary(memory, memory)) == "unexpected content after last section")
    #expect(malformation(binary(section(.memory, [2, 0, 1, 4, 1]))) == nil)
  }

  @Test func limitsAre64BitIntegers() throws {
    let overlong: [UInt8] = [0x81] + [UInt8](repeating: 0x80, count: 8) + [0x00]
    let module = try ModuleDecoder.decode(binary(section(.memory, [1, 0] + overlong)))
    #expect(module.memories[0].limits.minimum == 1)
    let tooLong: [UInt8] = [0x81] + [UInt8](repeating: 0x80, count: 10) + [0x00]
    #expect(malformation(binary(section(.memory, [1, 0] + tooLong))) == "integer representation too long")
    let highest: [UInt8] = [UInt8](repeating: 0xFF, count: 9) + [0x01]
    #expect(
      try ModuleDecoder.decode(binary(section(.memory, [1, 4] + highest))).memories[0].limits.minimum == .max)
  }

  @Test func initNeedsTheDataCount() {
    let instructions: [UInt8] = [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 8, 0, 1, 0x0B]
    #expect(malformation(function(instructions)) == "data count section required")
    #expect(malformation(function(instructions, dataCount: [0])) == nil)
  }

  @Test func flagsOfLimitsBelongToFeatures() throws {
    var features = FeatureSet.all
    func error(_ flags: UInt8, _ contents: [UInt8] = [1]) -> String? {
      malformation(binary(section(.memory, [1, flags] + contents)), features: features)
    }
    #expect(error(0x02) == nil)
    #expect(error(0x08, [1, 0]) == nil)
    #expect(error(0x0F, [1, 1, 0]) == nil)
    #expect(error(0x10) == "malformed limits flags")
    features.remove(.customPageSizes)
    #expect(error(0x08, [1, 0]) == "malformed limits flags")
    features.remove(.threads)
    #expect(error(0x02) == "malformed limits flags")
    features.remove(.memory64)
    #expect(error(0x04) == "malformed limits flags")
    #expect(error(0x80, [0, 0, 0]) == "malformed limits flags")
    #expect(error(0x81, [0, 0, 0]) == "malformed limits flags")
  }

  @Test func pageSizesArePowersOfTwo() throws {
    let module = try ModuleDecoder.decode(binary(section(.memory, [2, 8, 1, 0, 12, 1, 16])))
    #expect(module.memories.map(\.pageSizeLog2) == [0, 16])
    #expect(module.memories.map(\.addressType) == [.i32, .i64])
    // Which of them are supported is a matter of validation.
    #expect(try ModuleDecoder.decode(binary(section(.memory, [1, 8, 1, 15]))).memories[0].pageSize == 32768)
    #expect(malformation(binary(section(.memory, [1, 8, 1, 0x41]))) == "invalid custom page size")
  }

  @Test func aModuleMixesAddressTypesSharednessAndPageSizes() throws {
    let bytes = binary(
      section(.import, [1, 1, 0x61, 1, 0x62, 2, 7, 1, 2]), section(.memory, [3, 0, 1, 4, 2, 0x0D, 3, 4, 0]))
    let module = try ModuleDecoder.decode(bytes)
    let spaces = IndexSpaces(module)
    #expect(spaces.memories.map(\.addressType) == [.i64, .i32, .i64, .i64])
    #expect(spaces.memories.map(\.isShared) == [true, false, false, false])
    #expect(spaces.memories.map(\.pageSizeLog2) == [16, 16, 16, 0])
    #expect(ModuleEncoder.encode(module) == bytes)
  }

  @Test func theCapCountsImportsAndDefinitions() {
    var limits = ImplementationLimits()
    func error(imported: Int, defined: Int) -> ModuleError? {
      var imports = ByteWriter()
      imports.u32(UInt32(imported))
      for _ in 0..<imported { imports.bytes += [0, 0, 2, 0, 0] }
      var definitions = ByteWriter()
      definitions.u32(UInt32(defined))
      for _ in 0..<defined { definitions.bytes += [0, 0] }
      do {
        _ = try ModuleDecoder.decode(
          binary(section(.import, imports.bytes), section(.memory, definitions.bytes)), limits: limits)
        return nil
      } catch { return error }
    }
    #expect(error(imported: 40, defined: 60) == nil)
    #expect(error(imported: 41, defined: 60)?.kind == .limitExceeded)
    #expect(error(imported: 101, defined: 0)?.kind == .limitExceeded)
    limits.memories = 200
    #expect(error(imported: 100, defined: 100) == nil)
  }
}
