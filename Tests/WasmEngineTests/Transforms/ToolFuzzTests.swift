import Foundation
import Testing
import WasmEngine
import WebAssembly

@testable import polymnia_fuzz

/// Damaged modules and data through the tools: none crashes, and what is written is valid.
@Suite struct ToolFuzzTests {
  /// The number of modules; from the environment where it is set, for longer runs.
  static let count = Int(Environment.value("POLYMNIA_TOOL_MODULES") ?? "") ?? 300

  @Test func mutatedModulesStayValidOrAreRefused() throws {
    var valid = 0
    var random = RandomSource(seed: 77)
    var bytes: [UInt8] = []
    for number in 0..<Self.count {
      if number % 50 == 0 { bytes = try LowerCommand.subject(number / 50, seed: 3).bytes }
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 8..<mutated.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: mutated[place] = UInt8.random(in: 0...255, using: &random)
        case 1: mutated[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: mutated[place] = mutated[Int.random(in: 8..<mutated.count, using: &random)]
        }
      }
      guard let module = try? ModuleDecoder.decode(mutated) else { continue }
      let stripped = SectionStripping(number % 2 == 0 ? .all : .names).strip(module).bytes
      guard let validated = try? ModuleValidator.validate(module) else { continue }
      valid += 1
      try #require(throws: Never.self) { try ModuleValidator.validate(try ModuleDecoder.decode(stripped)) }
      let written: [UInt8]
      do throws(TransformError) {
        let result = try Instrumentation.instrument(validated, options: InstrumentFuzzTests.options(number))
        written = ModuleEncoder.encode(result.module)
      } catch {
        #expect(!error.message.isEmpty)
        continue
      }
      try #require(throws: Never.self) { try ModuleValidator.validate(try ModuleDecoder.decode(written)) }
    }
    #expect(valid * 10 > Self.count, "\(valid) of \(Self.count)")
  }

  @Test func damagedDataIsReadOrRefused() throws {
    let pair = try InstrumentPair(
      InstrumentTests.program,
      options: InstrumentTests.log {
        $0.logsFromStart = true
        $0.tracesMemory = true
        $0.traceCapacity = 8
        $0.countsCalls = true
        $0.covers = true
      })
    pair.same("store", .i32(1), .i32(-1))
    pair.same("fill", .i32(100), .i32(70))
    pair.same("copy", .i64(65500), .i32(100), .i32(36))
    pair.same("grow", .i64(1))
    _ = try pair.mark()
    let data = try pair.data()
    let whole = try InstrumentData(data)
    var records: [InstrumentData.LogRecord] = []
    try whole.forEachLogRecord { records.append($0) }
    #expect(records.count == 5)
    var random = RandomSource(seed: 5)
    var refused = 0
    for number in 0..<2000 {
      var damaged = data
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        damaged[Int.random(in: 8..<1200, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if number % 3 == 0 { damaged.removeLast(Int.random(in: 0...damaged.count, using: &random)) }
      do throws(InstrumentDataError) {
        let read = try InstrumentData(damaged)
        var accesses = 0
        read.forEachAccess { _ in accesses += 1 }
        #expect(accesses <= damaged.count / 24 + 1)
        try read.forEachLogRecord { _ in }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100 && refused < 2000)
  }

  /// Whatever the log's end (at offset 16) and beginning (at 24) are said to be; found by `polymnia-fuzz tools`.
  @Test func aLogThatEndsInItsFirstRecordIsDamaged() throws {
    let pair = try InstrumentPair(InstrumentTests.program, options: InstrumentTests.log { $0.logsFromStart = true })
    let data = try pair.data()
    let start = data[24...].prefix(4).enumerated()
      .reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) }
    func put(_ value: UInt32, _ offset: UInt32, _ bytes: inout [UInt8]) {
      for index in 0..<4 { bytes[Int(offset) + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }
    let ends: [UInt32] = Array(1..<40) + [UInt32(data.count) - 1, UInt32(data.count), .max]
    for begin in [0, start] {
      for end in ends {
        var damaged = data
        put(begin, 24, &damaged)
        put(begin &+ end, 16, &damaged)
        guard let read = try? InstrumentData(damaged) else { continue }
        do throws(InstrumentDataError) {
          try read.forEachLogRecord { record in
            if case .store(_, _, let old) = record { #expect(old.lowerBound >= 0 && old.upperBound <= damaged.count) }
          }
        } catch { #expect(error.offset >= 0) }
      }
    }
  }

  /// Found by `polymnia-fuzz tools`.
  @Test func recordsWithoutARingAreNone() throws {
    let pair = try InstrumentPair(InstrumentTests.program, options: InstrumentTests.log { $0.logsFromStart = true })
    var data = try pair.data()
    // The number of recorded accesses.
    data[32] = 3
    var count = 0
    try InstrumentData(data).forEachAccess { _ in count += 1 }
    #expect(count == 0)
  }

  @Test func dataTellsWhatHappened() throws {
    let pair = try InstrumentPair(
      InstrumentTests.program,
      options: InstrumentTests.log {
        $0.logsFromStart = true
        $0.tracesMemory = true
        $0.traceCapacity = 4
        $0.countsCalls = true
        $0.covers = true
      })
    pair.same("store", .i32(1), .i32(-1))
    pair.same("fill", .i32(100), .i32(70))
    pair.same("copy", .i64(65500), .i32(100), .i32(36))
    pair.same("load", .i64(3))
    #expect(pair.same("load", .i64(-3)) == InstrumentTests.outOfBounds)
    let data = try InstrumentData(try pair.data())
    let sites = try #require(try InstrumentSites(pair.module))
    #expect(data.flags == [.log, .trace, .profile, .coverage])
    #expect(data.functionCount == 8 && data.accessCount == 5 && data.memories.map(\.index) == [0, 1, 2])
    let names = ["store", "wide", "fill", "copy", "init", "grow", "count", "load"]
    let entries = names.indices.map { data.entries(ofFunction: $0) }
    #expect(entries == [1, 0, 1, 1, 0, 0, 0, 2])
    var accesses: [InstrumentData.Access] = []
    data.forEachAccess { accesses.append($0) }
    // The first one has been overwritten; an access that traps has been recorded before.
    let kinds = accesses.map { sites.accesses[Int($0.site)].opcode }
    #expect(kinds == [.memoryFill, .memoryCopy, .i64Load, .i64Load])
    #expect(accesses[1].address == 65500 && accesses[1].source == 100 && accesses[1].byteCount == 36)
    #expect(accesses[3].address == UInt64(bitPattern: -3))
    let copy = sites.accesses[Int(accesses[1].site)]
    #expect(copy.index == 1 && copy.index2 == 0 && copy.function == 3)
    // Offsets are those of the module before: an instruction of that kind is there.
    var listing = FunctionListing(try ModuleDecoder.decode(ModuleEncoder.encode(original())))
    let body = try ModuleDecoder.decode(ModuleEncoder.encode(original())).bodies[3].range.lowerBound
    var found: Opcode?
    try listing.list(function: 3) { _ in
    } line: {
      if $0.offset == body + Int(copy.offset) { found = $0.opcode }
    }
    #expect(found == .memoryCopy)
    var log: [InstrumentData.LogRecord] = []
    try data.forEachLogRecord { log.append($0) }
    #expect(log.count == 3)
    guard case .store(memory: 1, address: 65500, oldBytes: let range)? = log.first else {
      Issue.record("\(log)")
      return
    }
    #expect(range.count == 36 && data.bytes[range].allSatisfy { $0 == 0 })
    #expect(sites.blocks.count == 8 && (0..<8).map { data.isReached(block: $0) } == entries.map { $0 > 0 })
  }

  private func original() throws -> Module {
    try ModuleParser.parse(Array(InstrumentTests.program.utf8), features: .all).module
  }
}
