import Testing
import WebAssembly

@testable import WasmEngine

/// What a processor that runs ahead past a check can reach: the conditional moves are there, and what they yield is used.
@Suite(
  "Guards against speculation",
  .enabled(if: MachineCode.isAvailable && EncodingCases.objdump != nil, "no compiler for this machine, or no objdump"))
struct SpeculationTests {
  private func code(
    _ fields: String, bounds: MemoryPolicy.Bounds = .checked, guards: Bool = true
  ) throws -> [String] {
    let module = try makeEngine(bounds: bounds) {
      $0.tier = .compiler
      $0.guardsSpeculation = guards
    }.compile(text: "(module (type $f (func)) \(fields))")
    let environment = try #require(module.machine).environment
    return try EncodingCases.instructions(of: CompilerContext(environment).compile(0))
  }

  struct Check: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var fields: String
    /// The branch to the trap or the default, and the move of each guard.
    var guards: [String]
  }

  static let checks = [
    Check(
      testDescription: "a load", fields: "(memory 1) (func (param i32) (result i32) (i32.load (local.get 0)))",
      guards: ["a"]),
    Check(
      testDescription: "a load whose offset may be beyond the memory",
      fields: "(memory 0) (func (param i32) (result i32) (i32.load offset=100000 (local.get 0)))", guards: ["a"]),
    Check(
      testDescription: "a store", fields: "(memory 1) (func (param i32) (i32.store8 (local.get 0) (i32.const 1)))",
      guards: ["a"]),
    Check(
      testDescription: "a constant address that may be beyond the memory",
      fields: "(memory 1) (func (result i32) (i32.load (i32.const 0x12345)))", guards: ["a"]),
    Check(
      testDescription: "a load of a 64-bit memory",
      fields: "(memory i64 1) (func (param i64) (result i64) (i64.load (local.get 0)))", guards: ["b", "a"]),
    Check(
      testDescription: "a load that nothing satisfies",
      fields: "(memory i64 1) (func (param i64) (result i64) (i64.load offset=0xffffffffffffffff (local.get 0)))",
      guards: ["b", "a"]),
    Check(
      testDescription: "a vector", fields: "(memory 1) (func (param i32) (result v128) (v128.load (local.get 0)))",
      guards: ["a"]),
    Check(
      testDescription: "a copy in place",
      fields:
        "(memory 1) (memory 1) (func (param i32 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (i32.const 16)))",
      guards: ["a", "a"]),
    Check(
      testDescription: "table.get", fields: "(table 3 funcref) (func (param i32) (drop (table.get (local.get 0))))",
      guards: ["ae"]),
    Check(
      testDescription: "table.set",
      fields: "(table 3 funcref) (func (param i32) (table.set (local.get 0) (ref.null func)))", guards: ["ae"]),
    Check(
      testDescription: "call_indirect",
      fields: "(table 3 funcref) (func (param i32) (call_indirect (type $f) (local.get 0)))", guards: ["ae"]),
    Check(
      testDescription: "br_table",
      fields: """
        (func (param i32) (result i32)
          (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 5))) (return (i32.const 7)))
          (i32.const 9))
        """, guards: ["ae"]),
  ]

  /// The register that an instruction has as its first operand, with the name of all its 64 bits.
  private static func target(_ line: String) -> String {
    let name = line.split(separator: " ")[1].split(separator: ",")[0]
    if name.hasPrefix("e") { return "r" + name.dropFirst() }
    return name.hasPrefix("r") && name.hasSuffix("d") ? String(name.dropLast()) : String(name)
  }

  @Test("Each check has its conditional move, and what it yields is the address", arguments: checks)
  func present(check: Check) throws {
    let lines = try code(check.fields)
    let moves = lines.indices.filter { lines[$0].hasPrefix("cmov") }
    #expect(moves.count == check.guards.count, "\(lines.joined(separator: "\n"))")
    for (move, condition) in zip(moves, check.guards) {
      #expect(lines[move].hasPrefix("cmov\(condition) "))
      // Right behind the branch, whose flags it uses; spilling moves may come in between.
      let branch = lines[..<move].lastIndex { !$0.hasPrefix("mov ") }
      #expect(branch.map { lines[$0].hasPrefix("j\(condition) ") } == true)
    }
    guard let last = moves.last else { return }
    // The next access through a register that is not the frame or the context is through what was moved, or is computed
    // from it.
    let register = Self.target(lines[last])
    let use = lines[(last + 1)...].first { $0.contains("[") && $0.contains(register) || $0.contains("shl \(register)") }
    #expect(use != nil, "\(lines.joined(separator: "\n"))")
  }

  @Test("Without guards there are none", arguments: checks)
  func absent(check: Check) throws {
    let lines = try code(check.fields, guards: false)
    #expect(!lines.contains { $0.hasPrefix("cmov") }, "\(lines.joined(separator: "\n"))")
    let conditions = try code(check.fields).filter { $0.hasPrefix("j") }.count
    #expect(lines.filter { $0.hasPrefix("j") }.count == conditions)
  }

  @Test("What is left to fault, or is known to be within bounds, has none")
  func unnecessary() throws {
    let load = "(memory 1) (func (param i32) (result i32) (i32.load (local.get 0)))"
    if SignalTraps.areAvailable {
      #expect(try !code(load, bounds: .guarded).contains { $0.hasPrefix("cmov") })
    }
    let constant = "(memory 1) (func (i32.store (i32.const 100) (i32.const 1)))"
    #expect(try !code(constant).contains { $0.hasPrefix("cmov") })
  }

  @Test("An access that an earlier check covers uses its result")
  func shared() throws {
    let lines = try code(
      """
      (memory 1) (func (param i32) (result i32)
        (i32.add (i32.load offset=8 (local.get 0)) (i32.load offset=4 (local.get 0))))
      """)
    let moves = lines.indices.filter { lines[$0].hasPrefix("cmov") }
    #expect(moves.count == 1)
    let register = Self.target(lines[moves[0]])
    let accesses = lines[moves[0]...].filter { $0.contains("+0x8]") || $0.contains("+0x4]") }
    #expect(accesses.count == 2 && accesses.allSatisfy { $0.contains(register) }, "\(lines.joined(separator: "\n"))")
  }
}
