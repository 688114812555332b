import Testing
import WebAssembly

@testable import WasmEngine

/// Numbers that do not fit the fields that there are for them are refused, by the types that hold them, by the verifier and
/// by the assembler; a function that has such a number is interpreted.
struct FieldLimitTests {
  @Test func displacementsEndAtTwoGigabytes() throws {
    #expect(Displacement(1 << 31 - 16, length: 16)?.value == UInt32(0x7FFF_FFF0))
    #expect(Displacement(1 << 31 - 15, length: 16) == nil)
    #expect(Displacement(.max - 7, length: 16) == nil)
    let displacement = try #require(Displacement(1 << 31 - 32, length: 32))
    #expect(try displacement.advanced(by: 31).value == UInt32(0x7FFF_FFFF))
    #expect(throws: CompilationRefusal.self) { try displacement.advanced(by: 32) }
    #expect(throws: CompilationRefusal.self) { try displacement.advanced(by: -1) }
  }

  @Test func placesOfAccessesComeBackFromTheirBits() throws {
    let displacement = try #require(Displacement(0x7FFF_FFF0, length: 16))
    for memory in [0, 0xFFFE, 0xFFFF, 0x10000, Int(AccessPlace.largestMemory)] {
      let place = try AccessPlace(memory: memory, displacement)
      #expect(AccessPlace(bits: place.bits) == place && place != AccessPlace.tables)
      let access = try CheckedAccess(memory: memory, width: 128)
      #expect(CheckedAccess(tag: access.tag) == access)
    }
    #expect(AccessPlace(bits: AccessPlace.tables.bits) == AccessPlace.tables)
    for bits: Int64 in [-1, 0x8000_0000, .max, .min, Int64(AccessPlace.largestMemory) << 32 + 2 << 32] {
      #expect(AccessPlace(bits: bits) == nil)
    }
    #expect(throws: CompilationRefusal.self) { try AccessPlace(memory: 1 << 24, .zero) }
    #expect(throws: CompilationRefusal.self) { try CheckedAccess(memory: 1 << 24, width: 1) }
    #expect(throws: CompilationRefusal.self) { try CheckedAccess(memory: 0, width: 256) }
  }

  @Test(arguments: [
    ("v2 = load.v128 full memory 0 [v1 + 2147483632]", "v2 = load.v128 full memory 0 [v1 + 2147483633]", "reaches"),
    (
      "v2 = contextLoad.i64 invariant [context + 2147483647]", "v2 = contextLoad.i64 invariant [context + 2147483648]",
      "32"
    ),
    ("contextStore [context - 2147483648], v1", "contextStore [context - 2147483649], v1", "more than 32 bits"),
    ("v2 = contextAddress.i64 8", "v2 = contextAddress.i64 4294967304", "more than 32 bits"),
    (
      "v2 = boundsCheck.i64 v1 + 8 <= v1 memory 0 width 8", "v2 = boundsCheck.i64 v1 + 8 <= v1 memory 0 width 16",
      "checks less than the access"
    ),
  ])
  func theVerifierFindsWhatDoesNotFit(good: String, bad: String, message: String) throws {
    func mistakes(_ line: String) throws -> [String] {
      let ir = try IRParser.parse(
        "function (i32) -> ()\nblock0(v0: i32):\n  v1 = zeroExtend.i64 v0\n  \(line)\n  return()\n")
      return IRVerifier.mistakes(in: ir)
    }
    #expect(try mistakes(good) == [])
    #expect(try mistakes(bad).contains { $0.contains(message) })
  }

  @Test func theAssemblerRefusesImmediatesThatAreTooLong() {
    func isCode(_ write: (inout Assembler) -> Void) -> Bool {
      var assembler = Assembler()
      write(&assembler)
      return assembler.code.resolve()
    }
    let place = Address(.rax)
    for value: Int32 in [-128, 0, 255] { #expect(isCode { $0.move(.byte, place, immediate: value) }) }
    for value: Int32 in [-129, 256, .min] { #expect(!isCode { $0.move(.byte, place, immediate: value) }) }
    for value: Int32 in [-32768, 65535] { #expect(isCode { $0.move(.word, place, immediate: value) }) }
    for value: Int32 in [-32769, 65536] { #expect(!isCode { $0.move(.word, place, immediate: value) }) }
    #expect(!isCode { $0.arithmetic(.and, .byte, .memory(place), immediate: 0x1FF) })
  }

  @Test func codeThatIsTooLargeIsRefusedAndForgotten() {
    var code = MachineCodeBuffer(capacity: 64, limit: 1 << 12)
    let label = code.makeLabel()
    for _ in 0..<1 << 14 {
      code.reserve()
      code.displacement(to: label)
    }
    code.bind(label)
    _ = code.joinSections()
    #expect(code.isTooLarge && !code.resolve() && code.count < 1 << 13)
    code.reset()
    code.reserve()
    code.byte(0xC3)
    #expect(!code.isTooLarge && code.resolve())
  }

  /// What is beyond what the compiler can count has the same results, from the interpreter.
  @Test(arguments: ExecutionTier.allCases)
  func loopsNestedDeeperThanSixteenBitsCount(_ tier: ExecutionTier) throws {
    let depth = 66_000
    let body =
      [0] + Array(repeating: [UInt8(0x03), 0x40], count: depth).joined() + Array(repeating: 0x0B, count: depth)
    var module: [UInt8] = [
      0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7F, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0,
    ]
    let function = body + [0x41, 7, 0x0B]
    func size(_ value: Int) -> [UInt8] { (0..<5).map { UInt8(value >> (7 * $0) & 0x7F) | ($0 < 4 ? 0x80 : 0) } }
    module += [10] + size(function.count + 6) + [1] + size(function.count) + function
    let engine = makeEngine {
      $0.tier = tier
      $0.limits.nesting = 100_000
    }
    let instance = try Store(engine).instantiate(engine.compile(module))
    #expect(try callI32(instance, "f") == 7)
  }
}
