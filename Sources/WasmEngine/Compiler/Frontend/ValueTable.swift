/// The values that are known where code is being made, by what computes them: value numbering whose scopes follow the
/// dominator tree, which in structured control is the nesting of blocks (Briggs, Cooper, Simpson 1997, dominator-based value
/// numbering).
///
/// A chained hash table whose entries form a stack, so that leaving a scope takes the newest entries out again.
struct ValueTable {
  private struct Entry {
    var key: IRInstruction
    var value: IRValue
    var next: Int32
    var hash: UInt64
    /// What beside the instruction's own fields must be equal: the epoch of the state that it reads.
    var epoch: UInt32
  }

  /// A power of two of them, more than there are entries.
  private var heads = [Int32](repeating: -1, count: smallest)
  private var shift: UInt64 = 54
  /// What lies in the first cache.
  private static let smallest = 1024
  private var entries: [Entry] = []

  /// The state to come back to with ``leave(_:)``.
  var mark: Int { entries.count }

  /// Takes everything out, and gives up the size that a large function has needed: small ones would pay for it.
  mutating func reset() {
    guard heads.count > Self.smallest else { return leave(0) }
    entries.removeAll(keepingCapacity: true)
    heads = Array(repeating: -1, count: Self.smallest)
    shift = 54
  }

  mutating func leave(_ mark: Int) {
    while entries.count > mark {
      let entry = entries.removeLast()
      heads[Int(entry.hash >> shift)] = entry.next
    }
  }

  @inline(__always)
  private func hash(_ instruction: IRInstruction, _ epoch: UInt32) -> UInt64 {
    var hash =
      UInt64(instruction.operation.rawValue) | UInt64(instruction.type.rawValue) << 8 | UInt64(instruction.aux) << 16
    hash ^= UInt64(instruction.a.id) &* 0x9E37_79B9_7F4A_7C15
    hash ^= UInt64(instruction.b.id) &* 0xC2B2_AE3D_27D4_EB4F
    hash ^= UInt64(instruction.c.id) &* 0x1656_67B1_9E37_79F9
    hash ^= UInt64(bitPattern: instruction.imm) &* 0xD6E8_FEB8_6659_FD93
    hash ^= UInt64(epoch) &* 0xA076_1D64_78BD_642F
    hash ^= hash >> 32
    return hash &* 0xE703_7ED1_A0B4_28DB
  }

  /// The most values that share a bucket.
  var longestChain: Int {
    heads.reduce(0) { longest, head in
      var length = 0
      var index = head
      while index >= 0 {
        length += 1
        index = entries[Int(index)].next
      }
      return max(longest, length)
    }
  }

  /// The value that computes the same, if there is one.
  func find(_ instruction: IRInstruction, epoch: UInt32) -> IRValue? {
    let hash = hash(instruction, epoch)
    var index = heads[Int(hash >> shift)]
    while index >= 0 {
      let entry = entries[Int(index)]
      if entry.hash == hash, entry.epoch == epoch {
        let other = entry.key
        if other.operation == instruction.operation, other.a == instruction.a, other.b == instruction.b,
          other.imm == instruction.imm, other.type == instruction.type, other.aux == instruction.aux,
          other.c == instruction.c
        {
          return entry.value
        }
      }
      index = entry.next
    }
    return nil
  }

  mutating func insert(_ instruction: IRInstruction, _ value: IRValue, epoch: UInt32) {
    if entries.count == heads.count { grow() }
    let hash = hash(instruction, epoch)
    let bucket = Int(hash >> shift)
    entries.append(Entry(key: instruction, value: value, next: heads[bucket], hash: hash, epoch: epoch))
    heads[bucket] = Int32(entries.count - 1)
  }

  /// Chains stay in the order in which scopes are left: the newest entry of a bucket is its first.
  private mutating func grow() {
    shift -= 2
    heads = Array(repeating: -1, count: heads.count * 4)
    for index in entries.indices {
      let bucket = Int(entries[index].hash >> shift)
      entries[index].next = heads[bucket]
      heads[bucket] = Int32(index)
    }
  }
}
