/// How often each page of a memory was read and written. A range of pages costs as much as one page, however long it is.
struct PageTouches {
  struct Page: Equatable {
    var number: UInt64
    var reads: UInt64 = 0
    var writes: UInt64 = 0
  }

  /// A record of an access out of bounds can claim any range: no more of it is told than this, nor of all together.
  private static let longestRange: UInt64 = 1 << 16
  private static let most = 1 << 20

  /// Whether a range was longer than what is told of it.
  private(set) var hasLongRange = false
  /// By page: how many more touch it than touch the page before.
  private var changes: [UInt64: (reads: Int, writes: Int)] = [:]

  mutating func touch(_ pages: ClosedRange<UInt64>, writes: Bool) {
    let (end, overflow) = pages.lowerBound.addingReportingOverflow(Self.longestRange)
    let last = overflow ? pages.upperBound : min(pages.upperBound, end)
    if last < pages.upperBound { hasLongRange = true }
    change(pages.lowerBound, by: 1, writes)
    // Behind the highest number there is none whose touches would end.
    if last < .max { change(last + 1, by: -1, writes) }
  }

  private mutating func change(_ page: UInt64, by count: Int, _ writes: Bool) {
    var old = changes[page] ?? (0, 0)
    if writes { old.writes += count } else { old.reads += count }
    changes[page] = old
  }

  /// All pages that were touched, ascending, and whether there are more.
  var pages: (told: [Page], areCut: Bool) {
    var areCut = hasLongRange
    var result: [Page] = []
    var (reads, writes) = (0, 0)
    let places = changes.keys.sorted()
    for (index, start) in places.enumerated() {
      reads += changes[start]?.reads ?? 0
      writes += changes[start]?.writes ?? 0
      guard reads > 0 || writes > 0 else { continue }
      guard result.count < Self.most else {
        areCut = true
        continue
      }
      var number = start
      let end = index + 1 < places.count ? places[index + 1] : start
      repeat {
        result.append(Page(number: number, reads: UInt64(clamping: reads), writes: UInt64(clamping: writes)))
        number &+= 1
      } while number < end && result.count < Self.most
      if number < end { areCut = true }
    }
    return (result, areCut)
  }
}
