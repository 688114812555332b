/// The distinct identifiers of a text, numbered from 1.
struct SymbolTable {
  /// The names of all symbols, one after the other.
  private var bytes: [UInt8] = []
  /// Where each symbol's name ends; the first belongs to the symbol 0, which is none.
  private var ends: [UInt32] = [0]
  private var hashes: [UInt32] = [0]
  /// Open addressing; 0 is a free slot.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 64)

  /// One more than the highest symbol.
  var count: Int { ends.count }

  /// The symbol of the name that stands in a range of bytes.
  mutating func intern(_ source: [UInt8], _ range: Range<Int>) -> UInt32 {
    var hash: UInt32 = 0x811C_9DC5
    for index in range { hash = (hash ^ UInt32(source[index])) &* 0x0100_0193 }
    hash ^= hash >> 15
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let symbol = slots[slot]
      if hashes[Int(symbol)] == hash && isEqual(symbol, source, range) { return symbol }
      slot = (slot + 1) & (slots.count - 1)
    }
    let symbol = UInt32(ends.count)
    bytes.append(contentsOf: source[range])
    ends.append(UInt32(bytes.count))
    hashes.append(hash)
    slots[slot] = symbol
    if ends.count * 2 > slots.count { grow() }
    return symbol
  }

  /// The range of a symbol's name, without `$`, in ``names``.
  private func range(_ symbol: UInt32) -> Range<Int> { Int(ends[Int(symbol) - 1])..<Int(ends[Int(symbol)]) }

  /// A symbol's name, without `$`.
  func name(_ symbol: UInt32) -> ArraySlice<UInt8> { bytes[range(symbol)] }

  /// A symbol's name, without `$`.
  func text(_ symbol: UInt32) -> String { String(decoding: name(symbol), as: UTF8.self) }

  private func isEqual(_ symbol: UInt32, _ source: [UInt8], _ range: Range<Int>) -> Bool {
    let own = self.range(symbol)
    guard own.count == range.count else { return false }
    var index = own.lowerBound
    for other in range {
      if bytes[index] != source[other] { return false }
      index += 1
    }
    return true
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for symbol in 1..<ends.count {
      var slot = Int(hashes[symbol]) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(symbol)
    }
  }
}
