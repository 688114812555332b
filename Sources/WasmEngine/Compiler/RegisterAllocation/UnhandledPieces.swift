/// The pieces that are still to be given places, in the order of their beginnings. Those that there are at first wait in a
/// list for each position; those that splitting makes, which are few, in a heap.
struct UnhandledPieces: ~Copyable {
  /// For each position the first of those that begin there, and for each piece the next one of its list; -1 for none.
  private var first = Pool<Int32>()
  private var following = Pool<Int32>()
  private var position = 0
  /// Of those that begin together, those come first that were made first.
  private var split = PieceHeap()

  /// Begins anew, with pieces below `count` that begin below `positions`.
  mutating func reset(positions: Int, count: Int) {
    first.refill(-1, count: positions)
    following.refill(-1, count: count)
    position = 0
    split.removeAll()
  }

  /// Adds one of the pieces that there are at first.
  mutating func add(_ piece: Int32, at start: Int32) {
    following[Int(piece)] = first[Int(start)]
    first[Int(start)] = piece
  }

  /// Adds a piece that splitting has made.
  mutating func enqueue(_ piece: Int32, at start: Int32) { split.insert(piece, at: start) }

  /// Takes the piece that begins first.
  mutating func next() -> Int32? {
    while position < first.count, first[position] < 0 {
      // What was split comes behind what is listed here.
      if split.count > 0, split.least <= Int32(position) { return split.removeFirst() }
      position += 1
    }
    if split.count > 0, position >= first.count || split.least < Int32(position) { return split.removeFirst() }
    guard position < first.count else { return nil }
    let piece = first[position]
    first[position] = following[Int(piece)]
    return piece
  }
}

/// Pieces by a position each, the least first: a binary heap.
struct PieceHeap: ~Copyable {
  /// Positions with the numbers of pieces.
  private var keys = Pool<UInt64>()

  var count: Int { keys.count }

  /// The least position.
  var least: Int32 { Int32(bitPattern: UInt32(keys[0] >> 32)) }

  mutating func removeAll() { keys.removeAll() }

  mutating func insert(_ piece: Int32, at position: Int32) {
    keys.append(0)
    rise(UInt64(UInt32(bitPattern: position)) << 32 | UInt64(UInt32(bitPattern: piece)), from: keys.count - 1)
  }

  private func rise(_ key: UInt64, from place: Int) {
    var index = place
    while index > 0 {
      let parent = (index - 1) / 2
      guard keys[parent] > key else { break }
      keys[index] = keys[parent]
      index = parent
    }
    keys[index] = key
  }

  /// Takes out the piece with the least position.
  mutating func removeFirst() -> Int32 {
    let least = keys[0]
    let last = keys.removeLast()
    if keys.count > 0 {
      var index = 0
      while true {
        var child = 2 * index + 1
        guard child < keys.count else { break }
        if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
        guard keys[child] < last else { break }
        keys[index] = keys[child]
        index = child
      }
      keys[index] = last
    }
    return Self.piece(least)
  }

  @inline(__always)
  private static func piece(_ key: UInt64) -> Int32 { Int32(bitPattern: UInt32(key & 0xFFFF_FFFF)) }

  /// Calls `body` with the pieces whose positions are less than `end`; how many there are.
  @inline(__always)
  func forEach(before end: Int32, _ body: (Int32) -> Void) -> Int {
    let limit = UInt64(UInt32(bitPattern: end)) << 32
    var index = 0
    var count = 0
    while true {
      if index < keys.count, keys[index] < limit {
        count += 1
        body(Self.piece(keys[index]))
        index = 2 * index + 1
        continue
      }
      // Back to the first one on the way up that is a left child, and on with its sibling.
      while index > 0, index & 1 == 0 { index = (index - 1) / 2 }
      if index == 0 { return count }
      index += 1
    }
  }

  /// Takes out the pieces for which `isUnwanted` holds.
  mutating func remove(where isUnwanted: (Int32) -> Bool) {
    let count = keys.count
    var kept = 0
    for index in 0..<count {
      let key = keys[index]
      guard !isUnwanted(Self.piece(key)) else { continue }
      rise(key, from: kept)
      kept += 1
    }
    while keys.count > kept { _ = keys.removeLast() }
  }
}
