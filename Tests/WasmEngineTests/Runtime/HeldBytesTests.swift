import Testing
import WebAssembly

@testable import WasmEngine

/// What a small function costs does not depend on a large one that was translated or compiled before it.
@Suite struct HeldBytesTests {
  private static let small = 200

  /// One large function, with calls, guarded code and many blocks, and many small ones.
  private static func text() -> String {
    let large = (0..<4000).map { number in
      """
      (block (try_table (catch $t 0) (call $helper (i32.const \(number))) (throw $t)))
      (i32.store (i32.const \(number * 4)) (i32.load (i32.const \(number))))
      """
    }
    var text = "(module (memory 1) (tag $t) (func $helper (param i32))\n"
    text += "(func (export \"large\") \(large.joined(separator: "\n")))\n"
    for number in 0..<small {
      text += "(func (export \"\(number)\") (block (try_table (catch $t 0) (call $helper (i32.const \(number))))))\n"
    }
    return text + ")"
  }

  @Test func translatedFunctions() throws {
    let module = try makeEngine { $0.tier = .interpreter }.compile(text: Self.text())
    let large = try module.translation.translate(1)
    #expect(large.heldBytes > 500_000)
    #expect(module.translation.idleBytes <= 1 << 20)
    for index in 2..<2 + Self.small {
      let function = try module.translation.translate(index)
      #expect(function.heldBytes < 500)
    }
    #expect(module.translation.idleBytes <= 1 << 20)
    // A translator that is not large is used again.
    #expect(module.translation.idleBytes > 0)
  }

  @Test func compiledFunctions() throws {
    let module = try makeEngine().compile(text: Self.text())
    guard let machine = module.machine else { return }
    machine.compile(1..<2)
    #expect(machine.largestIdleBody < 64 << 10)
    for index in 2..<2 + Self.small { machine.compile(index..<index + 1) }
    #expect(machine.largestIdleBody < 1000)
    for function in machine.arena.functions where function.index > 2 {
      #expect(function.size < 1000)
      #expect(function.metadata.bytes.count < 500)
    }
  }
}
