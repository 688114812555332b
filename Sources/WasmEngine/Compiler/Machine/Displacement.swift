/// The distance of an access from its registers. An address has 32 bits for it, which are sign-extended, so that it is
/// below 2³¹ (Intel SDM, volume 2, 2.1.5).
///
/// What does not fit is no displacement: it is added to the index, or the function is left to the interpreter.
struct Displacement: Hashable {
  let value: UInt32

  static let zero = Displacement(value: 0)
  /// All displacements are smaller, and an access that is several pieces ends here at the latest.
  static let limit: UInt64 = 1 << 31

  private init(value: UInt32) { self.value = value }

  /// - Parameter length: Of the access: each of its bytes has a displacement.
  init?(_ distance: UInt64, length: Int) {
    let (end, wraps) = distance.addingReportingOverflow(UInt64(length))
    guard !wraps, end <= Self.limit, let value = UInt32(exactly: distance) else { return nil }
    self.value = value
  }

  /// That of a later byte of the same access.
  func advanced(by distance: Int) throws(CompilationRefusal) -> Displacement {
    guard let distance = UInt64(exactly: distance), let result = Displacement(UInt64(value) + distance, length: 1)
    else {
      throw CompilationRefusal(reason: "an address is farther from its registers than an instruction can say")
    }
    return result
  }
}
