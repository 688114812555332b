import Foundation
import Testing
import WasmEngine
import WebAssembly

@testable import polymnia

/// What `report` tells of a run, in all its forms, and of data that are damaged.
@Suite struct ReportTests {
  static let program = """
    (module (memory $from 1) (memory $to 1)
      (func $copy (param i32) (memory.copy $to $from (i32.const 4090) (local.get 0) (i32.const 12)))
      (func $put (param i32) (i32.store $from (i32.const 8) (local.get 0)) (call $copy (i32.const 8)))
      (func $never (drop (i64.load $to (i32.const 0))))
      (func (export "run") (param i32) (local i32)
        (loop $next
          (call $put (local.get 1))
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get 1) (local.get 0)))))
      (func (export "trap") (result i32) (i32.load $to (i32.const -4))))
    """

  /// A run of the instrumented program: the module and its data.
  static func observed(
    _ stores: InstrumentOptions.Stores, calls: Bool = true
  ) throws -> (module: Module, data: [UInt8]) {
    var options = InstrumentOptions()
    options.stores = stores
    options.logsFromStart = true
    options.tracesMemory = true
    options.traceCapacity = 16
    options.countsCalls = true
    options.covers = true
    let parsed = try ModuleParser.parse(Array(program.utf8)).module
    let result = try Instrumentation.instrument(try ModuleValidator.validate(parsed), options: options)
    let engine = Engine()
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(result.module))
    let instance = try Store(engine).instantiate(engine.compile(module), imports: [])
    if calls {
      _ = try instance.function("run").call([.i32(10)])
      #expect(throws: Trap.self) { try instance.function("trap").call([]) }
    }
    let memory = try instance.memory(options.memoryName)
    return (module, try memory.read(Int(memory.byteCount), at: 0))
  }

  static func report(_ module: Module?, _ data: [UInt8]) throws -> InstrumentReport {
    try InstrumentReport(
      "data", try InstrumentData(data), sites: try module.map { try InstrumentSites($0) } ?? nil,
      names: module.map { Names($0) } ?? Names())
  }

  @Test func theTablesTellTheRun() throws {
    let (module, data) = try Self.observed(.log)
    let text = try Self.report(module, data).text(top: 3)
    #expect(
      text == """
        data: undo log, trace, profile, coverage
        functions: 4 of 5 entered, 22 times
          10  0 $copy
          10  1 $put
          1  3
          and 1 more
        calls: 2 of 2 places, 20 times
          10  in 1 $put at +0xa: call 0 $copy
          10  in 3 at +0x7: call 1 $put
        blocks: 6 of 7 reached, 85.7 %, in 4 of 5 functions
          1 of 1  0 $copy
          1 of 1  1 $put
          3 of 3  3
          and 1 more
        not reached: 1 function
          2 $never
        accesses: 21 recorded, the last 16 kept
        the trace is cut: what came before is neither in the accesses nor in the memories below
          8  96 bytes  in 0 $copy at +0x8: memory.copy 1 $to from 0 $from
          7  28 bytes  in 1 $put at +0x5: i32.store 0 $from
          1  4 bytes  in 4 at +0x3: i32.load 1 $to
        copies: 8
          8  96 bytes  from memory 0 $from to memory 1 $to
        undo log: 20 records, 0 of them marks
        memory 0 $from: 8 loads of 96 bytes; 7 stores of 28 bytes; 10 records of 40 bytes; 1 page of 4096 bytes touched
        memory 1 $to: 1 load of 4 bytes; 8 stores of 96 bytes; 10 records of 120 bytes; 3 pages of 4096 bytes touched

        """)
    // Without the module there are numbers only.
    let bare = try Self.report(nil, data).text(top: 1)
    #expect(
      bare.contains("which blocks needs --module") && bare.contains("8  96 bytes  access ") && !bare.contains("$put"))
  }

  @Test func theJSONHasAllOfIt() throws {
    let (module, data) = try Self.observed(.pages)
    let text = try Self.report(module, data).json().text
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(object["kinds"] as? [String] == ["written pages", "trace", "profile", "coverage"])
    let calls = try #require(object["calls"] as? [[String: Any]])
    #expect(calls.map { $0["count"] as? Int } == [10, 10])
    #expect(calls[0]["instruction"] as? String == "call" && calls[0]["offset"] as? Int == 10)
    let memories = try #require(object["memories"] as? [[String: Any]])
    #expect(memories.map { $0["name"] as? String } == ["from", "to"])
    // Number, reads, writes: the trace's eight copies with the page map's note that it was written.
    #expect(memories[0]["pages"] as? [[Int]] == [[0, 8, 8]])
    #expect(memories[1]["pages"] as? [[Int]] == [[0, 0, 9], [1, 0, 9], [1_048_575, 1, 0]])
    let copies = try #require(object["copies"] as? [[String: Int]])
    #expect(copies == [["destination": 1, "source": 0, "count": 8, "bytes": 96]])
  }

  @Test func thePageHasTheDataAndNeedsNothingElse() throws {
    let (module, data) = try Self.observed(.log)
    let report = try Self.report(module, data)
    let page = ReportPage.html(report, top: 50)
    let start = try #require(page.range(of: "const data = "))
    let end = try #require(page.range(of: ";\n", range: start.upperBound..<page.endIndex))
    let json = try JSONSerialization.jsonObject(with: Data(page[start.upperBound..<end.lowerBound].utf8))
    let expected = try JSONSerialization.jsonObject(with: Data(report.json(top: 50).text.utf8))
    #expect((json as? NSDictionary) == (expected as? NSDictionary))
    for other in ["http:", "https:", "src=", "href=", "import ", "url("] { #expect(!page.contains(other), "\(other)") }
  }

  /// What a cut trace does not show may have happened.
  @Test func aCutTraceIsSaidToBeCut() throws {
    let (module, data) = try Self.observed(.pages)
    let report = try Self.report(module, data)
    #expect(report.traceIsCut)
    #expect(report.text(top: 1).contains("\nthe trace is cut: "))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(report.json(top: 1).text.utf8)) as? [String: Any])
    #expect(object["traceIsCut"] as? Bool == true)
    #expect((object["rows"] as? [String: Int])?["accesses"] == 3)
    #expect(ReportPage.html(report, top: 1).contains("if (data.traceIsCut) add(\"p\", \"The trace is cut"))
    let (whole, none) = try Self.observed(.pages, calls: false)
    let empty = try Self.report(whole, none)
    #expect(!empty.traceIsCut)
    #expect(!empty.text(top: 1).contains("the trace is cut"))
  }

  /// A name from the module cannot end the page's script.
  @Test func namesCannotLeaveThePage() throws {
    var (module, data) = try Self.observed(.log)
    var names = Names(module)
    // The second joins with what follows it to one of Swift's characters.
    names.setName("</script><b>\u{d4e}</script>\u{d4e}<b>", of: .function, 0)
    let report = try InstrumentReport(
      "</script>", try InstrumentData(data), sites: try InstrumentSites(module), names: names)
    data = []
    let page = ReportPage.html(report, top: 50)
    #expect(Data(page.utf8).range(of: Data("<b>".utf8)) == nil)
    #expect(String(page.unicodeScalars.filter { $0 != "\u{d4e}" }).components(separatedBy: "</script").count == 2)
  }

  @Test func damagedDataAreReportedOrRefused() throws {
    var random = Sequence(state: 5)
    var refused = 0
    for stores in [InstrumentOptions.Stores.log, .pages] {
      let (module, data) = try Self.observed(stores)
      for number in 0..<120 {
        var damaged = data
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          damaged[Int.random(in: 8..<1500, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        // The size of a page, and what is far away.
        if number % 4 == 0 { damaged[28] = UInt8.random(in: 0...63, using: &random) }
        do {
          let report = try Self.report(number % 3 == 0 ? nil : module, damaged)
          #expect(!report.text(top: 5).isEmpty)
          #expect(try JSONSerialization.jsonObject(with: Data(report.json(top: 5).text.utf8)) is [String: Any])
        } catch is InstrumentDataError {
          refused += 1
        }
      }
    }
    #expect(refused < 120)
  }

  /// The same numbers each time (Knuth's constants).
  private struct Sequence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }

  @Test func rangesOfPagesAreCounted() {
    var touches = PageTouches()
    touches.touch(3...5, writes: true)
    touches.touch(5...5, writes: false)
    touches.touch(5...9, writes: true)
    touches.touch(.max - 1 ... .max, writes: true)
    #expect(
      touches.pages.told.map { [$0.number, $0.reads, $0.writes] } == [
        [3, 0, 1], [4, 0, 1], [5, 1, 2], [6, 0, 1], [7, 0, 1], [8, 0, 1], [9, 0, 1],
        [.max - 1, 0, 1],
      ])
    #expect(!touches.pages.areCut)
    touches = PageTouches()
    touches.touch(0 ... .max, writes: false)
    #expect(touches.pages.told.count == 65537)
    #expect(touches.pages.areCut)
    touches = PageTouches()
    for number in 0...16 { touches.touch(UInt64(number) << 17...UInt64(number) << 17 | 0xFFFF, writes: true) }
    #expect(touches.pages.told.count == 1 << 20)
    #expect(touches.pages.areCut)
  }
}
