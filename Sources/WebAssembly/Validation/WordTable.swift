/// A dictionary from sequences of words to small numbers, each of which has one key. For the few that most modules need, one
/// of the standard library takes longer to be set up, since the runtime makes its types when they are first used, than
/// everything else that is done to a small module.
struct WordTable: Sendable {
  /// The key of a number.
  private struct Key {
    var start: Int
    var count: UInt32
    var hash: UInt32
    static let none = Key(start: -1, count: 0, hash: 0)
    var range: Range<Int> { start..<start + Int(count) }
  }

  /// The words of the keys, one after the other.
  private var words: [UInt32] = []
  /// How many of the words belong to keys that were removed.
  private var deadWords = 0
  /// By number.
  private var keys: [Key] = []
  private(set) var count = 0
  /// By hash a number, counted from 1, or 0. A power of two of them, at most half of which are taken.
  private var slots = [UInt32](repeating: 0, count: Self.smallest)
  private static let smallest = 16
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

  /// The number of a key; nil where it is not there.
  func find(_ key: [UInt32]) -> UInt32? {
    let hash = Self.hash(key)
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      let known = keys[Int(number)]
      if known.hash == hash, words[known.range].elementsEqual(key) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds a key that is not there, with a number that no key has.
  mutating func add(_ key: [UInt32], _ number: UInt32) {
    if (count + 1) * 2 > slots.count { resize(slots.count * 4) }
    while keys.count <= Int(number) { keys.append(.none) }
    let hash = Self.hash(key)
    keys[Int(number)] = Key(start: words.count, count: UInt32(key.count), hash: hash)
    words += key
    count += 1
    put(number)
  }

  private mutating func put(_ number: UInt32) {
    var slot = Int(keys[Int(number)].hash) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = number + 1
  }

  /// Removes the key of a number, if it has one.
  mutating func remove(_ number: UInt32) {
    guard Int(number) < keys.count, keys[Int(number)].start >= 0 else { return }
    var hole = Int(keys[Int(number)].hash) & (slots.count - 1)
    while slots[hole] != number + 1 { hole = (hole + 1) & (slots.count - 1) }
    // What was put behind the hole because a slot before it was taken moves up, or a search for it would end at the hole.
    var slot = hole
    while true {
      slot = (slot + 1) & (slots.count - 1)
      guard slots[slot] != 0 else { break }
      let home = Int(keys[Int(slots[slot] - 1)].hash) & (slots.count - 1)
      let distance = (slot - home) & (slots.count - 1)
      guard distance >= (slot - hole) & (slots.count - 1) else { continue }
      slots[hole] = slots[slot]
      hole = slot
    }
    slots[hole] = 0
    count -= 1
    deadWords += Int(keys[Int(number)].count)
    keys[Int(number)] = .none
    while let last = keys.last, last.start < 0 { keys.removeLast() }
    keys.trimCapacity()
    if slots.count > Self.smallest, count * 16 < slots.count { resize(slots.count / 4) }
    if deadWords > 1024, deadWords * 2 > words.count { compact() }
  }

  /// Gives the room of removed keys back. It is done after so many removals that each pays for a few words.
  private mutating func compact() {
    var live: [UInt32] = []
    live.reserveCapacity(words.count - deadWords)
    for number in keys.indices where keys[number].start >= 0 {
      let start = live.count
      live += words[keys[number].range]
      keys[number].start = start
    }
    words = live
    deadWords = 0
  }

  private mutating func resize(_ size: Int) {
    slots = Array(repeating: 0, count: size)
    for number in keys.indices where keys[number].start >= 0 { put(UInt32(number)) }
  }

  /// The bytes that are held for the keys, for tests.
  var byteCount: Int { words.capacity * 4 + keys.capacity * Swift.MemoryLayout<Key>.stride + slots.capacity * 4 }
}

extension Array {
  /// Gives back the room that elements no longer need, where that is most of it.
  mutating func trimCapacity() {
    guard capacity > 64, capacity / 4 > count else { return }
    var copy: [Element] = []
    copy.reserveCapacity(count)
    copy.append(contentsOf: self)
    self = copy
  }
}
