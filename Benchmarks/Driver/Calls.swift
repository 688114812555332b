import ArgumentParser
import WasmEngine
import WebAssembly

/// What calls between the host and modules cost.
struct CallsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calls", abstract: "Measures calls between Swift and modules, in nanoseconds each.",
    discussion: "The least of the rounds counts. The loop around a call is taken off, measured without the call.")

  @Option(name: .customLong("engine"), help: "How to execute.")
  var tier = ExecutionTier.compiler

  @Option(help: ArgumentHelp("How many calls a round has.", valueName: "n"))
  var count: Int32 = 1_000_000

  @Option(help: ArgumentHelp("How many rounds.", valueName: "n"))
  var rounds = 7

  /// What the host forwards calls to.
  private static let library = """
    (module
      (func (export "step") (param i32) (result i32)
        (i32.add (i32.mul (local.get 0) (i32.const 1664525)) (i32.const 1013904223))))
    """
  private static let text = """
    (module
      (import "host" "step" (func $step (param i32) (result i32)))
      (import "host" "forward" (func $forward (param i32) (result i32)))
      (func (export "loop") (param $n i32) (result i32) (local $x i32)
        (loop $l
          (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x))
      (func (export "steps") (param $n i32) (result i32) (local $x i32)
        (loop $l
          (local.set $x (call $step (local.get $x)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x))
      (func (export "forwards") (param $n i32) (result i32) (local $x i32)
        (loop $l
          (local.set $x (call $forward (local.get $x)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x)))
    """

  func run() throws {
    var configuration = Engine.Configuration()
    configuration.tier = tier
    let linker = Linker(Store(Engine(configuration)))
    let library = try linker.instantiate(linker.store.engine.compile(text: Self.library))
    let step = try library.function("step", as: Int32.self, returning: Int32.self)
    try linker.define("host", "step") { (_: borrowing Caller, x: Int32) -> Int32 in x &* 1_664_525 &+ 1_013_904_223 }
    try linker.define("host", "forward") { (_: borrowing Caller, x: Int32) -> Int32 in try step(x) }
    let instance = try linker.instantiate(linker.store.engine.compile(text: Self.text))
    func looped(_ name: String) throws -> Double {
      let function = try instance.function(name, as: Int32.self, returning: Int32.self)
      return try least { _ = try function(count) }
    }
    let loop = try looped("loop")
    report("wasm to host", try looped("steps") - loop)
    report("wasm to host to wasm", try looped("forwards") - loop)
    report(
      "Swift to wasm",
      try least {
        var x: Int32 = 0
        for _ in 0..<count { x = try step(x) }
        guard x != 1 else { print(x); return }
      })
  }

  /// Nanoseconds for each of ``count``.
  private func least(_ body: () throws -> Void) throws -> Double {
    try (0..<rounds).map { _ in
      try ContinuousClock().measure(body) / .nanoseconds(1) / Double(count)
    }.min() ?? 0
  }

  private func report(_ what: String, _ nanoseconds: Double) { print("\(what): \(rounded(nanoseconds)) ns") }
}
