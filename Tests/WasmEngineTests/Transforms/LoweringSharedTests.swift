import Testing
import WasmEngine
import WebAssembly

/// Shared memories, which never move, and what else is special in a module that is lowered.
@Suite struct LoweringSharedTests {
  static let outOfBounds = LoweringPair.Outcome.trap(.outOfBoundsMemoryAccess)

  static func lower(_ text: String, _ options: LoweringOptions = LoweringOptions()) throws -> LoweredModule {
    let lowered = try MemoryLowering.lower(
      ModuleValidator.validate(ModuleParser.parse(Array("(module \(text))".utf8), features: .all).module),
      options: options)
    var single = FeatureSet.all
    single.remove(.multiMemory)
    let bytes = ModuleEncoder.encode(lowered.module)
    _ = try ModuleValidator.validate(ModuleDecoder.decode(bytes, features: single), features: single)
    return lowered
  }

  @Test func sharedMemoriesHaveRoomUpToTheirMaxima() throws {
    let lowered = try Self.lower(
      """
      (memory $a 1 3 shared) (memory $b 1 20000 shared) (memory $c 1 65536 shared) (memory $d 1)
      (func (drop (memory.grow $a (i32.const 1))) (drop (memory.grow $b (i32.const 1)))
        (drop (memory.grow $c (i32.const 1))) (drop (memory.grow $d (i32.const 1))))
      """)
    #expect(lowered.memory?.isShared == true && lowered.memory?.limits.maximum != nil)
    #expect(lowered.memory?.addressType == .i64)
    let regions = Dictionary(uniqueKeysWithValues: lowered.regions.map { ($0.memory, $0) })
    for memory in 0..<3 {
      #expect(regions[memory]?.moves == false)
      #expect(regions[memory]?.growth == .reserved)
    }
    #expect(regions[2]?.capacity == 65536 << 16)
    #expect(regions[3]?.growth == .atEnd)
  }

  @Test func exportedSharedMemoriesAreReachable() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a (export "a") 1 3 shared) (memory $b (export "b") 1 3 shared) (memory $c 1)
        (data (memory $b) (i32.const 7) "bee")
        (func (export "store") (param i32 i32) (i32.store $b (local.get 0) (local.get 1)))
        (func (export "load") (param i32) (result i32) (i32.load $b (local.get 0)))
        (func (export "c") (param i32) (result i32) (i32.load $c (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow $b (local.get 0)))
        (func (export "size") (result i32 i32 i32) (memory.size $a) (memory.size $b) (memory.size $c)))
      """)
    let memory = try pair.lowered.memory(LoweredModule.exportName)
    #expect(memory.type.isShared)
    guard case .i32(let base) = try pair.lowered.global("b.base").value else { return #expect(Bool(false)) }
    #expect(try memory.read(3, at: UInt64(base) + 7) == Array("bee".utf8))
    for at in [0, 65532, 65533, -1] as [Int32] {
      pair.same("store", .i32(at), .i32(at))
      pair.same("load", .i32(at))
      pair.same("c", .i32(at))
    }
    for pages in [1, 2, 1, 1] as [Int32] {
      pair.same("grow", .i32(pages))
      pair.same("size")
      pair.same("load", .i32(131_068))
    }
    #expect(try "\(pair.lowered.global("b.base").value)" == "\(Value.i32(base))")
  }

  /// What is not shared may move, as long as it moves nothing that is.
  @Test func sharedMemoriesLieBelowWhatMoves() throws {
    let text = """
      (memory $a 1) (memory $b 1) (memory $c 1 2 shared)
      (func (drop (memory.grow $a (i32.const 1))) (drop (memory.grow $b (i32.const 1))) (drop (memory.grow $c (i32.const 1))))
      """
    let lowered = try Self.lower(text)
    #expect(lowered.regions.first?.memory == 2)
    #expect(lowered.regions.contains { $0.moves })
    // An exported memory lies at 0, and pushes the shared one.
    let error = #expect(throws: ModuleError.self) { try Self.lower(text + "(export \"a\" (memory $a))") }
    #expect(error?.message.contains("the shared memory 2 cannot move when memory 0 grows") == true)
    var options = LoweringOptions()
    options.reservations[0] = 16
    #expect(throws: Never.self) { try Self.lower(text + "(export \"a\" (memory $a))", options) }
  }

  @Test func waitingOnAMemoryThatIsNotSharedIsRefusedBesideSharedOnes() throws {
    let wait = "(func (drop (memory.atomic.wait32 1 (i32.const 0) (i32.const 0) (i64.const 0))))"
    let error = #expect(throws: ModuleError.self) { try Self.lower("(memory 1 1 shared) (memory 1) \(wait)") }
    #expect(error?.message.contains("memory 1, which is not shared") == true)
    #expect(throws: Never.self) { try Self.lower("(memory 1 1 shared) (memory 1 1 shared) \(wait)") }
    #expect(throws: Never.self) { try Self.lower("(memory 1) (memory 1) \(wait)") }
  }

  /// Atomic accesses keep their alignment, since bases are multiples of a page, and an access that is out of bounds is
  /// made out of bounds at an address with the same low bits, so that whichever check comes first finds the same.
  @Test func atomicInstructionsOfEveryKindAreLowered() throws {
    let lowered = try Self.lower(
      """
      (memory $a 1 2 shared) (memory $b (export "b") 1 2 shared)
      (func (param i32) (result i64)
        (i32.atomic.store8 $b offset=5 (local.get 0) (i32.const 1))
        (drop (i32.atomic.rmw.cmpxchg $b offset=4 (local.get 0) (i32.const 1) (i32.const 2)))
        (drop (memory.atomic.notify $b offset=8 (local.get 0) (i32.const 1)))
        (drop (memory.atomic.wait64 $b offset=16 (local.get 0) (i64.const 1) (i64.const 0)))
        (atomic.fence)
        (i64.atomic.rmw16.xchg_u $a offset=6 (local.get 0) (i64.const 3)))
      """)
    let base = try #require(lowered.regions.first { $0.memory == 0 }).base
    #expect(base > 0)
    var reader = InstructionReader(lowered.module.bytes, range: lowered.module.bodies[0].range)
    _ = try reader.locals()
    var atomics: [String: [UInt64]] = [:]
    while !reader.isAtEnd {
      let instruction = try reader.next()
      guard instruction.opcode.row.feature == .threads, instruction.opcode != .atomicFence else { continue }
      #expect(instruction.index == 0)
      atomics[instruction.opcode.name, default: []].append(instruction.memoryOffset)
    }
    // Of each one that traps, 8 bytes behind the highest address, and one that does not.
    #expect(atomics["i32.atomic.store8"] == [8, 5])
    #expect(atomics["i32.atomic.rmw.cmpxchg"] == [8, 4])
    #expect(atomics["memory.atomic.notify"] == [8, 8])
    #expect(atomics["memory.atomic.wait64"] == [8, 16])
    #expect(atomics["i64.atomic.rmw16.xchg_u"]?.last == base + 6)
  }

  @Test func discardedPagesAreZero() throws {
    let pair = try LoweringPair(
      """
      (module (memory $a 3) (memory $b 2) (memory $c 100 (pagesize 1))
        (func (export "fill") (memory.fill $a (i32.const 0) (i32.const 1) (i32.const 196608))
          (memory.fill $b (i32.const 0) (i32.const 2) (i32.const 131072))
          (memory.fill $c (i32.const 0) (i32.const 3) (i32.const 100)))
        (func (export "a") (param i32 i32) (memory.discard $a (local.get 0) (local.get 1)))
        (func (export "c") (param i32 i32) (memory.discard $c (local.get 0) (local.get 1)))
        (func (export "read") (param i32) (result i32) (i32.load8_u $a (local.get 0)))
        (func (export "readB") (param i32) (result i32) (i32.load8_u $b (local.get 0)))
        (func (export "readC") (param i32) (result i32) (i32.load8_u $c (local.get 0))))
      """)
    pair.same("fill")
    pair.same("a", .i32(65536), .i32(65536))
    pair.same("c", .i32(3), .i32(5))
    #expect(pair.same("a", .i32(131_072), .i32(131_072)) == Self.outOfBounds)
    #expect(pair.same("c", .i32(99), .i32(2)) == Self.outOfBounds)
    pair.same("a", .i32(196_608), .i32(0))
    for at in stride(from: Int32(0), to: 196_608, by: 8192) {
      pair.same("read", .i32(at))
      if at < 131_072 { pair.same("readB", .i32(at)) }
    }
    for at in 0..<100 as Range<Int32> { pair.same("readC", .i32(at)) }
    // A range of parts of pages has no kind of trap of its own without the instruction.
    let (original, lowered) = pair.call("a", [.i32(1), .i32(65536)])
    #expect(original == .trap(.unalignedDiscard) && lowered == Self.outOfBounds)
  }

  /// A module with one memory whose instructions are written in the form with an index.
  @Test func indicesOfTheOnlyMemoryAreTakenAway() throws {
    let bytes: [UInt8] = [
      0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1,
      // i32.const 0, i32.load with an index, drop
      10, 11, 1, 9, 0, 0x41, 0, 0x28, 0x42, 0, 0, 0x1A, 0x0B,
    ]
    var single = FeatureSet.all
    single.remove(.multiMemory)
    let module = try ModuleDecoder.decode(bytes)
    #expect(throws: ModuleError.self) { try ModuleValidator.validate(module, features: single) }
    let lowered = try MemoryLowering.lower(ModuleValidator.validate(module))
    #expect(lowered.regions.isEmpty)
    let result = ModuleEncoder.encode(lowered.module)
    #expect(result.count == bytes.count - 1)
    #expect(throws: Never.self) {
      try ModuleValidator.validate(ModuleDecoder.decode(result, features: single), features: single)
    }
  }

  @Test func labelsKeepTheirNames() throws {
    let lowered = try Self.lower(
      """
      (memory $a (export "a") 1) (memory $b 1)
      (func $f (param i32) (result i32 i32)
        (i32.store $a (i32.const 0) (i32.const 1))
        (block $outer (loop $inner (i32.store $a (local.get 0) (i32.const 2)) (br_if $outer (local.get 0)) (br $inner)))
        (i32.load $b (local.get 0)) (if $last (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))
      """)
    let names = Names(lowered.module)
    var reader = InstructionReader(lowered.module.bytes, range: lowered.module.bodies[0].range)
    _ = try reader.locals()
    var label: UInt32 = 0
    var named: [String: String] = [:]
    while !reader.isAtEnd {
      let instruction = try reader.next()
      guard [.block, .loop, .if].contains(instruction.opcode) else { continue }
      if let name = names.name(of: .label, label, in: 0) { named[name] = instruction.opcode.name }
      label += 1
    }
    #expect(named == ["outer": "block", "inner": "loop", "last": "if"])
  }
}
