import Testing

@testable import WebAssembly

/// The rules of modules with several memories: the memory that is accessed decides, not the first one.
@Suite struct MultiMemoryTests {
  /// A binary with an i32 memory, an i64 memory, one passive data segment and one function `[] -> []`.
  private func binary(
    body: [UInt8], dataCount: Bool = true, memories: [UInt8] = [2, 0, 1, 4, 1], exports: [UInt8]? = nil,
    data: [UInt8] = [1, 1, 1, 0x61]
  ) -> [UInt8] {
    func section(_ id: UInt8, _ contents: [UInt8]) -> [UInt8] { [id, UInt8(contents.count)] + contents }
    var bytes: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    bytes += section(1, [1, 0x60, 0, 0])
    bytes += section(3, [1, 0])
    bytes += section(5, memories)
    if let exports { bytes += section(7, exports) }
    if dataCount { bytes += section(12, [1]) }
    bytes += section(10, [1, UInt8(body.count + 2), 0] + body + [0x0B])
    bytes += section(11, data)
    return bytes
  }

  private func error(_ bytes: [UInt8], features: FeatureSet = .all) -> ModuleError? {
    do {
      _ = try ModuleValidator.validate(try ModuleDecoder.decode(bytes, features: features), features: features)
      return nil
    } catch { return error }
  }

  @Test func memoryArgumentFlags() {
    func load(_ flags: [UInt8]) -> ModuleError? { error(binary(body: [0x41, 0, 0x28] + flags + [0, 0x1A])) }
    #expect(load([2]) == nil)
    for flags: [UInt8] in [[0x80, 0x01], [0x82, 0x01], [0xFF, 0x01]] {
      #expect(load(flags)?.begins(.malformed, "malformed memop flags") == true)
    }
    #expect(load([0xC2, 0x00, 0x00]) == nil, "an overlong 0x42 and memory 0")
    for memory: [UInt8] in [[0], [0x80, 0], [0x80, 0x80, 0], [0x80, 0x80, 0x80, 0x80, 0]] {
      #expect(load([0x42] + memory) == nil)
    }
    for flags: [UInt8] in [[0x20], [0x3F], [0x43, 0], [0x7F, 0], [0x60, 0]] {
      #expect(load(flags)?.begins(.invalid, "alignment must not be larger than natural") == true)
    }
    #expect(load([0x42, 2])?.begins(.invalid, "unknown memory 2") == true)
    #expect(load([0x42, 1])?.begins(.invalid, "type mismatch: instruction requires [i64] but stack has [i32]") == true)
  }

  @Test func memoryIndexOfSizeIsAnyInteger() {
    #expect(error(binary(body: [0x3F, 0, 0x1A])) == nil)
    #expect(error(binary(body: [0x3F, 0x80, 0, 0x1A])) == nil)
    #expect(error(binary(body: [0x3F, 1, 0x1A])) == nil)
    #expect(error(binary(body: [0x3F, 2, 0x1A]))?.begins(.invalid, "unknown memory 2") == true)
    #expect(error(binary(body: [0x42, 0, 0x40, 1, 0x1A])) == nil)
    #expect(error(binary(body: [0x41, 0, 0x40, 1, 0x1A]))?.begins(.invalid, "type mismatch") == true)
  }

  @Test func withoutMultiMemoryThereIsNoIndex() {
    var features = FeatureSet.all
    features.remove(.multiMemory)
    let one: [UInt8] = [1, 0, 1]
    #expect(error(binary(body: [0x3F, 0x80, 0, 0x1A], memories: one), features: features)?.kind == .malformed)
    #expect(
      error(binary(body: [0x41, 0, 0x28, 0x42, 0, 0, 0x1A], memories: one), features: features)?
        .begins(.malformed, "malformed memop flags") == true)
    #expect(error(binary(body: [0x3F, 0, 0x1A], memories: one), features: features) == nil)
    #expect(error(binary(body: []), features: features)?.begins(.invalid, "multiple memories") == true)
  }

  @Test func indicesOfSegmentsAndExports() {
    #expect(error(binary(body: [], data: [1, 2, 1, 0x42, 0, 0x0B, 1, 0x61])) == nil)
    #expect(
      error(binary(body: [], data: [1, 2, 1, 0x41, 0, 0x0B, 1, 0x61]))?.begins(.invalid, "type mismatch") == true)
    #expect(
      error(binary(body: [], data: [1, 0, 0x42, 0, 0x0B, 1, 0x61]))?.begins(.invalid, "type mismatch") == true)
    #expect(
      error(binary(body: [], data: [1, 2, 2, 0x41, 0, 0x0B, 1, 0x61]))?.begins(.invalid, "unknown memory 2") == true)
    #expect(
      error(binary(body: [], data: [1, 0x80, 0, 0x41, 0, 0x0B, 1, 0x61])) == nil, "an overlong flag 0")
    #expect(error(binary(body: [], data: [1, 3, 0]))?.begins(.malformed, "malformed data segment kind") == true)
    #expect(error(binary(body: [], exports: [2, 1, 0x61, 2, 1, 1, 0x62, 2, 1])) == nil, "one memory twice")
    #expect(error(binary(body: [], exports: [1, 1, 0x61, 2, 2]))?.begins(.invalid, "unknown memory 2") == true)
  }

  @Test func initImmediatesAreDataThenMemory() {
    let operands: [UInt8] = [0x42, 0, 0x41, 0, 0x41, 0]
    #expect(error(binary(body: operands + [0xFC, 8, 0, 1])) == nil)
    #expect(
      error(binary(body: operands + [0xFC, 8, 1, 0]))?.begins(.invalid, "unknown data segment 1") == true)
    #expect(error(binary(body: operands + [0xFC, 8, 0, 2]))?.begins(.invalid, "unknown memory 2") == true)
    #expect(
      error(binary(body: operands + [0xFC, 8, 0, 0]))?
        .begins(.invalid, "type mismatch: instruction requires [i32 i32 i32] but stack has [i64 i32 i32]") == true)
    #expect(
      error(binary(body: operands + [0xFC, 8, 0, 1], dataCount: false))?
        .begins(.malformed, "data count section required") == true)
    #expect(
      error(binary(body: [0xFC, 9, 0], dataCount: false))?.begins(.malformed, "data count section required") == true)
  }

  @Test func limitsOfMemories() {
    func memory(_ bytes: [UInt8], features: FeatureSet = .all) -> ModuleError? {
      error(binary(body: [], memories: [1] + bytes), features: features)
    }
    #expect(
      memory([0] + Array(repeating: 0x80, count: 11) + [0])?
        .begins(.malformed, "integer representation too long") == true)
    #expect(memory([0x10, 1])?.begins(.malformed, "malformed limits flags") == true)
    #expect(memory([2, 1], features: .standard)?.begins(.malformed, "malformed limits flags") == true)
    #expect(memory([2, 1])?.begins(.invalid, "shared memory must have maximum") == true)
    #expect(memory([3, 1, 2]) == nil)
    #expect(memory([8, 1, 0]) == nil)
    #expect(memory([8, 1, 16]) == nil)
    for log2 in 1..<16 {
      #expect(memory([8, 1, UInt8(log2)])?.begins(.invalid, "invalid custom page size") == true)
    }
    #expect(memory([8, 1, 0x41])?.begins(.malformed, "invalid custom page size") == true)
    #expect(memory([1, 2, 1])?.begins(.invalid, "size minimum must not be greater than maximum") == true)
    #expect(
      memory([0, 0x81, 0x80, 0x04])?.begins(.invalid, "memory size must be at most 65536 pages (4GiB)") == true)
  }

  @Test func limitsOfCountAreAppliedToImportsToo() {
    var sample = SampleModule()
    for _ in 0..<60 {
      sample.memory()
      sample.module.imports.append(
        Import(module: "m", name: "m", type: .memory(MemoryType(limits: Limits(minimum: 0)))))
    }
    #expect(sample.error()?.begins(.limitExceeded, "120 memories") == true)
    var limits = ImplementationLimits()
    limits.memories = 120
    #expect(sample.error(limits: limits) == nil)
  }

  /// Both orders of an i32 and an i64 memory: everything must go by the memory that an instruction names.
  @Test(arguments: [[AddressType.i32, .i64], [.i64, .i32]])
  func everyAccessGoesByItsOwnMemory(order: [AddressType]) {
    for row in Operator.all where row.immediates == .memoryArgument || row.immediates == .memoryArgumentAndLane {
      guard let type = row.type else { continue }
      for (memory, own) in order.enumerated() {
        for given in [AddressType.i32, .i64] {
          for offset in [0, 1 << 32] as [UInt64] {
            var sample = SampleModule()
            for type in order { sample.memory(type) }
            sample.function { writer in
              writer.address(given)
              for operand in type.operands { writer.constant(operand) }
              writer.access(row.opcode, memory: UInt32(memory), alignment: row.width, offset: offset)
              for _ in type.results { writer.plain(.drop) }
            }
            let error = sample.error()
            if own == .i32, offset > 0 {
              #expect(error?.begins(.invalid, "offset out of range") == true, "\(row.name) memory \(memory)")
            } else if own != given {
              #expect(error?.begins(.invalid, "type mismatch") == true, "\(row.name) memory \(memory)")
            } else {
              #expect(error == nil, "\(row.name) memory \(memory)")
            }
          }
        }
      }
    }
  }

  @Test func laneInstructionsOnAnyMemory() {
    for row in Operator.all where row.immediates == .memoryArgumentAndLane {
      for lane: UInt8 in [0, 15 >> row.width, 16 >> row.width, 255] {
        var sample = SampleModule()
        sample.memory()
        sample.memory(.i64)
        sample.function { writer in
          writer.i64()
          writer.constant(.v128)
          writer.access(row.opcode, memory: 1, alignment: row.width, lane: lane)
          if row.type?.results.isEmpty == false { writer.plain(.drop) }
        }
        if lane < 16 >> row.width {
          #expect(sample.error() == nil, "\(row.name) \(lane)")
        } else {
          #expect(sample.error()?.begins(.invalid, "invalid lane index") == true, "\(row.name) \(lane)")
        }
      }
    }
  }

  @Test func copyBetweenAddressTypesTakesTheNarrowerLength() {
    let types: [AddressType] = [.i32, .i64]
    for (destination, destinationType) in types.enumerated() {
      for (source, sourceType) in types.enumerated() {
        for length in types {
          var sample = SampleModule()
          for type in types { sample.memory(type) }
          sample.function { writer in
            writer.address(destinationType)
            writer.address(sourceType)
            writer.address(length)
            writer.plain(.memoryCopy, UInt32(destination), UInt32(source))
          }
          let expected: AddressType = destinationType == .i64 && sourceType == .i64 ? .i64 : .i32
          if length == expected {
            #expect(sample.error() == nil, "\(destinationType) <- \(sourceType), \(length)")
          } else {
            #expect(sample.error()?.begins(.invalid, "type mismatch") == true)
          }
        }
      }
    }
  }

  @Test func fillDiscardAndInitByAddressType() {
    for (memory, type) in [AddressType.i32, .i64].enumerated() {
      for given in [AddressType.i32, .i64] {
        for opcode in [Opcode.memoryFill, .memoryDiscard, .memoryInit] {
          var sample = SampleModule()
          sample.memory(.i32)
          sample.memory(.i64)
          sample.passiveData()
          sample.function { writer in
            writer.address(given)
            if opcode == .memoryFill { writer.i32() }
            if opcode == .memoryInit {
              writer.i32()
              writer.i32()
              writer.plain(opcode, 0, UInt32(memory))
            } else {
              writer.address(given)
              writer.plain(opcode, UInt32(memory))
            }
          }
          #expect((sample.error() == nil) == (type == given), "\(opcode.name) \(memory) \(given)")
        }
      }
    }
  }

  @Test func atomicsNeedTheirNaturalAlignment() {
    for row in Operator.all where row.feature == .threads && row.immediates == .memoryArgument {
      guard let type = row.type else { continue }
      for alignment in 0...4 as ClosedRange<UInt8> {
        var sample = SampleModule()
        sample.memory()
        sample.memory()
        sample.function { writer in
          writer.i32()
          for operand in type.operands { writer.constant(operand) }
          writer.access(row.opcode, memory: 1, alignment: alignment)
          for _ in type.results { writer.plain(.drop) }
        }
        let expected =
          alignment < row.width ? "alignment must be equal to natural" : "alignment must not be larger than natural"
        if alignment == row.width {
          #expect(sample.error() == nil)
        } else {
          #expect(sample.error()?.begins(.invalid, expected) == true, "\(row.name) \(alignment)")
        }
      }
    }
  }

  @Test func firstUseOfSeveralMemories() throws {
    var sample = SampleModule()
    sample.memory()
    sample.memory()
    sample.function { writer in
      writer.i32()
      writer.access(.i32Load)
      writer.plain(.drop)
    }
    #expect(try sample.validated().firstUse(of: .multiMemory) == nil)
    sample.function { writer in
      writer.i32()
      writer.access(.i32Load, memory: 1)
      writer.plain(.drop)
    }
    let offset = try sample.validated().firstUse(of: .multiMemory)
    #expect(offset == sample.module.bodies[1].range.lowerBound + 3)
  }
}
