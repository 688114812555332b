/// The code of a function and its side tables: what traps, backtraces and exceptions look up.
final class TranslatedFunction: @unchecked Sendable {
  /// From an offset in the code on, the offset in the module's bytes of the wasm instruction that it belongs to.
  struct Position {
    var code: UInt32
    var wasm: UInt32
  }

  /// Code that the clauses of a try_table guard.
  struct TryRange {
    var start: UInt32
    var end: UInt32
    var firstClause: Int32
    var clauseCount: Int32
    /// The slot where the payload goes.
    var payload: Int32
  }

  struct Clause {
    /// The offset in the context of the tag's identity, or -1 where every exception is caught.
    var tag: Int32
    var pushesReference: Bool
    /// The offset in the code of where to go on.
    var target: UInt32
  }

  /// A ``CodeHeader`` and the code.
  let code: UnsafeMutableRawPointer
  let byteCount: Int
  private let positions: [Position]
  /// Inner ranges before those around them.
  private let tryRanges: [TryRange]
  private let clauses: [Clause]

  /// Copies the code and the tables, whose room is the translator's and can be much more than this function needs.
  init(
    _ bytes: UnsafeRawBufferPointer, frameSize: Int, positions: [Position], tryRanges: [TryRange], clauses: [Clause]
  ) {
    self.positions = positions.withUnsafeBufferPointer { Array($0) }
    self.tryRanges = tryRanges.withUnsafeBufferPointer { Array($0) }
    self.clauses = clauses.withUnsafeBufferPointer { Array($0) }
    byteCount = bytes.count
    code = .allocate(byteCount: CodeHeader.size + bytes.count, alignment: 16)
    code.storeBytes(of: frameSize, toByteOffset: CodeHeader.frameSizeOffset, as: Int.self)
    (code + CodeHeader.size).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
    code.storeBytes(
      of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: CodeHeader.functionOffset,
      as: UnsafeMutableRawPointer.self)
  }

  deinit { code.deallocate() }

  /// What the function holds, for tests.
  var heldBytes: Int {
    CodeHeader.size + byteCount + positions.capacity * MemoryLayout<Position>.stride
      + tryRanges.capacity * MemoryLayout<TryRange>.stride + clauses.capacity * MemoryLayout<Clause>.stride
  }

  /// Behind all code for what is not of this function.
  private func offset(_ pc: CodePointer) -> UInt32 {
    UInt32(exactly: pc - UnsafeRawPointer(code + CodeHeader.size)) ?? .max
  }

  /// Whether an instruction is of this function's code. The frame of a stub, by which a function was called before it had
  /// its code, names the function too.
  func contains(_ pc: CodePointer) -> Bool {
    let start = UnsafeRawPointer(code + CodeHeader.size)
    return pc >= start && pc < start + byteCount
  }

  /// The offset in the module's bytes of the instruction at or before `pc`.
  func wasmOffset(_ pc: CodePointer) -> Int {
    let offset = offset(pc)
    var low = 0
    var high = positions.count
    while low < high {
      let middle = (low + high) / 2
      if positions[middle].code <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? Int(positions[low - 1].wasm) : 0
  }

  /// Where an exception goes on that is thrown at `pc`, if this function catches it.
  func handler(
    at pc: CodePointer, tag: UInt64, context: VMContext
  ) -> (target: CodePointer, payload: Int, takesPayload: Bool, pushesReference: Bool)? {
    if tryRanges.isEmpty { return nil }
    let offset = offset(pc)
    for range in tryRanges where range.start <= offset && offset < range.end {
      for index in Int(range.firstClause)..<Int(range.firstClause) + Int(range.clauseCount) {
        let clause = clauses[index]
        if clause.tag < 0 || context.word(Int(clause.tag)) == tag {
          return (
            UnsafeRawPointer(code + CodeHeader.size + Int(clause.target)), Int(range.payload), clause.tag >= 0,
            clause.pushesReference
          )
        }
      }
    }
    return nil
  }
}
