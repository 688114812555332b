import Testing

@testable import WebAssembly

@Suite struct WordTableTests {
  @Test func findsWhatWasAdded() {
    var random = SystemRandomNumberGenerator()
    var table = WordTable()
    var expected: [[UInt32]: UInt32] = [:]
    for value in 0..<5000 {
      // Few words and many alike, so that keys share beginnings and ends.
      let key = (0..<Int.random(in: 0...8, using: &random)).map { _ in UInt32.random(in: 0...3, using: &random) }
      #expect(table.find(key) == expected[key])
      guard expected[key] == nil else { continue }
      table.add(key, UInt32(value))
      expected[key] = UInt32(value)
    }
    for (key, value) in expected {
      #expect(table.find(key) == value)
      #expect(table.find(key + [9]) == nil)
    }
    #expect(expected.count > 2000)
  }
}
