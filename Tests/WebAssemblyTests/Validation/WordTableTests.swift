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

  @Test func findsWhatIsLeftAfterRemovals() {
    var random = SystemRandomNumberGenerator()
    var table = WordTable()
    var numbers: [[UInt32]: UInt32] = [:]
    var free = Array((0..<600).map { UInt32($0) })
    for _ in 0..<8_000 {
      let key = (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt32.random(in: 0...3, using: &random) }
      #expect(table.find(key) == numbers[key])
      if let number = numbers[key] {
        table.remove(number)
        numbers[key] = nil
        free.append(number)
      } else if !free.isEmpty {
        let number = free.remove(at: Int.random(in: free.indices, using: &random))
        table.add(key, number)
        numbers[key] = number
      }
      #expect(table.count == numbers.count)
    }
    for (key, number) in numbers { #expect(table.find(key) == number) }
    table.remove(10_000)
    for number in numbers.values { table.remove(number) }
    #expect(table.count == 0)
    for key in numbers.keys { #expect(table.find(key) == nil) }
  }

  @Test func removedKeysGiveTheirRoomBack() {
    var table = WordTable()
    for number in 0..<20_000 { table.add([UInt32(number), 1, 2, 3], UInt32(number)) }
    let most = table.byteCount
    for number in 10..<20_000 { table.remove(UInt32(number)) }
    #expect(table.byteCount < most / 100)
    for number in 0..<10 { #expect(table.find([UInt32(number), 1, 2, 3]) == UInt32(number)) }
  }
}
