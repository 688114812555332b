/// The types of the operands of a function under validation (Core 3.0, A.3), in one flat array that is reused.
struct OperandStack: Sendable {
  /// Its count is the capacity; entries from ``height`` on mean nothing.
  var types = [ValueType](repeating: .bottom, count: 256)
  var height = 0
  var maximumHeight = 0
  /// Where the operands of the current block begin.
  var base = 0
  /// Whether the rest of the current block is unreachable, so that any operands may be taken from below ``base``.
  var isUnreachable = false

  mutating func reset() {
    height = 0
    maximumHeight = 0
    base = 0
    isUnreachable = false
  }

  @inline(__always)
  mutating func push(_ type: ValueType) {
    if height == types.count { grow() }
    types[height] = type
    height &+= 1
    if height > maximumHeight { maximumHeight = height }
  }

  @inline(never)
  private mutating func grow() {
    types.append(contentsOf: repeatElement(.bottom, count: types.count))
  }

  /// Everything to the end of the current block is unreachable.
  mutating func markUnreachable() {
    height = base
    isUnreachable = true
  }
}
