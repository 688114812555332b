/// A dictionary from sequences of words to words. For the few that most modules need, one of the standard library takes
/// longer to be set up, since the runtime makes its types when they are first used, than everything else that is done to a
/// small module.
struct WordTable: Sendable {
  /// The keys, one behind the other, and where each ends.
  private var words: [UInt32] = []
  private var ends: [UInt32] = []
  private var values: [UInt32] = []
  private var hashes: [UInt32] = []
  /// By hash the number of a key, counted from 1, or 0. A power of two of them, at most half of which are taken.
  private var slots = [UInt32](repeating: 0, count: 16)
  /// Whoever writes a module cannot know which keys share a slot.
  private static let seed = UInt64.random(in: .min ... .max)

  private static func hash(_ key: [UInt32]) -> UInt32 {
    var hash = seed ^ UInt64(key.count)
    for word in key {
      let product = (hash ^ UInt64(word)).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      hash = (product.low ^ product.high) &+ seed
    }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }

  /// The slot of a key, or the free one where it belongs.
  private func slot(_ key: [UInt32], _ hash: UInt32) -> Int {
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        if words[start..<Int(ends[number])].elementsEqual(key) { return slot }
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  /// The value of a key; nil where there is none.
  func find(_ key: [UInt32]) -> UInt32? {
    let number = slots[slot(key, Self.hash(key))]
    return number == 0 ? nil : values[Int(number) - 1]
  }

  /// Adds a key that is not there.
  mutating func add(_ key: [UInt32], _ value: UInt32) {
    if (values.count + 1) * 2 > slots.count { grow() }
    let hash = Self.hash(key)
    words += key
    ends.append(UInt32(words.count))
    hashes.append(hash)
    values.append(value)
    slots[slot(forNew: hash)] = UInt32(values.count)
  }

  private func slot(forNew hash: UInt32) -> Int {
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 4)
    for (number, hash) in hashes.enumerated() { slots[slot(forNew: hash)] = UInt32(number + 1) }
  }
}
