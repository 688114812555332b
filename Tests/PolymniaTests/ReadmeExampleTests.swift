import Foundation
import Testing
import WasmEngine

/// The library example of the README.
@Suite struct ReadmeExampleTests {
  @Test func theExampleRuns() throws {
    var printed: [String] = []
    func print(_ items: Any...) { printed.append(items.map { "\($0)" }.joined(separator: " ")) }

    let engine = Engine()
    let module = try engine.compile(
      text: """
        (module
          (import "host" "log" (func $log (param i32)))
          (memory $counters (export "counters") 1)
          (memory $other 1)
          (func (export "add") (param i32 i32) (result i32)
            (call $log (local.get 0))
            (i32.store $counters (i32.const 0) (i32.add (local.get 0) (local.get 1)))
            (i32.load $counters (i32.const 0))))
        """)
    let store = Store(engine)
    let linker = Linker(store)
    try linker.define("host", "log") { (caller: borrowing Caller, number: Int32) in print("log:", number) }
    let instance = try linker.instantiate(module)
    let add = try instance.function("add", as: (Int32, Int32).self, returning: Int32.self)
    print(try add(2, 3))  // log: 2, then 5
    print(try instance.memory("counters").load(Int32.self, at: 0))

    #expect(printed == ["log: 2", "5", "5"])
  }

  @Test func itIsTheTextOfTheReadme() throws {
    let own = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let readme = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../README.md")
    let text = try String(contentsOf: readme.standardizedFileURL, encoding: .utf8)
    let start = try #require(text.range(of: "```swift\nimport WasmEngine\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    // Indentation apart, the lines are here, in the same order.
    var rest = own[...]
    for line in text[start.upperBound..<end.lowerBound].split(separator: "\n") {
      let words = line.trimmingCharacters(in: .whitespaces)
      let found = rest.range(of: words)
      #expect(found != nil, "\(words)")
      if let found { rest = rest[found.upperBound...] }
    }
  }
}
