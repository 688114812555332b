// Atomic memory instructions: the threads proposal.
// One row an operator: case, name, immediates, type, width of the access (log2 of bytes), feature.

extension Operator {
  static let atomic1: [Operator] = [
    Operator(.memoryAtomicNotify, "memory.atomic.notify", .memoryArgument, type: .atomicNotify, width: 2, in: .threads),
    Operator(
      .memoryAtomicWait32, "memory.atomic.wait32", .memoryArgument, type: .atomicWait(.i32), width: 2, in: .threads),
    Operator(
      .memoryAtomicWait64, "memory.atomic.wait64", .memoryArgument, type: .atomicWait(.i64), width: 3, in: .threads),
    Operator(.atomicFence, "atomic.fence", .fence, type: .effect, in: .threads),
    Operator(.i32AtomicLoad, "i32.atomic.load", .memoryArgument, type: .load(.i32), width: 2, in: .threads),
    Operator(.i64AtomicLoad, "i64.atomic.load", .memoryArgument, type: .load(.i64), width: 3, in: .threads),
    Operator(.i32AtomicLoad8U, "i32.atomic.load8_u", .memoryArgument, type: .load(.i32), width: 0, in: .threads),
    Operator(.i32AtomicLoad16U, "i32.atomic.load16_u", .memoryArgument, type: .load(.i32), width: 1, in: .threads),
    Operator(.i64AtomicLoad8U, "i64.atomic.load8_u", .memoryArgument, type: .load(.i64), width: 0, in: .threads),
    Operator(.i64AtomicLoad16U, "i64.atomic.load16_u", .memoryArgument, type: .load(.i64), width: 1, in: .threads),
    Operator(.i64AtomicLoad32U, "i64.atomic.load32_u", .memoryArgument, type: .load(.i64), width: 2, in: .threads),
    Operator(.i32AtomicStore, "i32.atomic.store", .memoryArgument, type: .store(.i32), width: 2, in: .threads),
    Operator(.i64AtomicStore, "i64.atomic.store", .memoryArgument, type: .store(.i64), width: 3, in: .threads),
    Operator(.i32AtomicStore8, "i32.atomic.store8", .memoryArgument, type: .store(.i32), width: 0, in: .threads),
    Operator(.i32AtomicStore16, "i32.atomic.store16", .memoryArgument, type: .store(.i32), width: 1, in: .threads),
    Operator(.i64AtomicStore8, "i64.atomic.store8", .memoryArgument, type: .store(.i64), width: 0, in: .threads),
    Operator(.i64AtomicStore16, "i64.atomic.store16", .memoryArgument, type: .store(.i64), width: 1, in: .threads),
    Operator(.i64AtomicStore32, "i64.atomic.store32", .memoryArgument, type: .store(.i64), width: 2, in: .threads),
    Operator(
      .i32AtomicRmwAdd, "i32.atomic.rmw.add", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwAdd, "i64.atomic.rmw.add", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3,
      in: .threads),
    Operator(
      .i32AtomicRmw8AddU, "i32.atomic.rmw8.add_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16AddU, "i32.atomic.rmw16.add_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8AddU, "i64.atomic.rmw8.add_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16AddU, "i64.atomic.rmw16.add_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32AddU, "i64.atomic.rmw32.add_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwSub, "i32.atomic.rmw.sub", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwSub, "i64.atomic.rmw.sub", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3,
      in: .threads),
    Operator(
      .i32AtomicRmw8SubU, "i32.atomic.rmw8.sub_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16SubU, "i32.atomic.rmw16.sub_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8SubU, "i64.atomic.rmw8.sub_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16SubU, "i64.atomic.rmw16.sub_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32SubU, "i64.atomic.rmw32.sub_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwAnd, "i32.atomic.rmw.and", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwAnd, "i64.atomic.rmw.and", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3,
      in: .threads),
    Operator(
      .i32AtomicRmw8AndU, "i32.atomic.rmw8.and_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16AndU, "i32.atomic.rmw16.and_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8AndU, "i64.atomic.rmw8.and_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16AndU, "i64.atomic.rmw16.and_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32AndU, "i64.atomic.rmw32.and_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwOr, "i32.atomic.rmw.or", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2, in: .threads),
    Operator(
      .i64AtomicRmwOr, "i64.atomic.rmw.or", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3, in: .threads),
    Operator(
      .i32AtomicRmw8OrU, "i32.atomic.rmw8.or_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16OrU, "i32.atomic.rmw16.or_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8OrU, "i64.atomic.rmw8.or_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16OrU, "i64.atomic.rmw16.or_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32OrU, "i64.atomic.rmw32.or_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwXor, "i32.atomic.rmw.xor", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwXor, "i64.atomic.rmw.xor", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3,
      in: .threads),
  ]

  static let atomic2: [Operator] = [
    Operator(
      .i32AtomicRmw8XorU, "i32.atomic.rmw8.xor_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16XorU, "i32.atomic.rmw16.xor_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8XorU, "i64.atomic.rmw8.xor_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16XorU, "i64.atomic.rmw16.xor_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32XorU, "i64.atomic.rmw32.xor_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwXchg, "i32.atomic.rmw.xchg", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwXchg, "i64.atomic.rmw.xchg", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 3,
      in: .threads),
    Operator(
      .i32AtomicRmw8XchgU, "i32.atomic.rmw8.xchg_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 0,
      in: .threads),
    Operator(
      .i32AtomicRmw16XchgU, "i32.atomic.rmw16.xchg_u", .memoryArgument, type: .atomicReadModifyWrite(.i32), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw8XchgU, "i64.atomic.rmw8.xchg_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 0,
      in: .threads),
    Operator(
      .i64AtomicRmw16XchgU, "i64.atomic.rmw16.xchg_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 1,
      in: .threads),
    Operator(
      .i64AtomicRmw32XchgU, "i64.atomic.rmw32.xchg_u", .memoryArgument, type: .atomicReadModifyWrite(.i64), width: 2,
      in: .threads),
    Operator(
      .i32AtomicRmwCmpxchg, "i32.atomic.rmw.cmpxchg", .memoryArgument, type: .atomicCompareExchange(.i32), width: 2,
      in: .threads),
    Operator(
      .i64AtomicRmwCmpxchg, "i64.atomic.rmw.cmpxchg", .memoryArgument, type: .atomicCompareExchange(.i64), width: 3,
      in: .threads),
    Operator(
      .i32AtomicRmw8CmpxchgU, "i32.atomic.rmw8.cmpxchg_u", .memoryArgument, type: .atomicCompareExchange(.i32),
      width: 0, in: .threads),
    Operator(
      .i32AtomicRmw16CmpxchgU, "i32.atomic.rmw16.cmpxchg_u", .memoryArgument, type: .atomicCompareExchange(.i32),
      width: 1, in: .threads),
    Operator(
      .i64AtomicRmw8CmpxchgU, "i64.atomic.rmw8.cmpxchg_u", .memoryArgument, type: .atomicCompareExchange(.i64),
      width: 0, in: .threads),
    Operator(
      .i64AtomicRmw16CmpxchgU, "i64.atomic.rmw16.cmpxchg_u", .memoryArgument, type: .atomicCompareExchange(.i64),
      width: 1, in: .threads),
    Operator(
      .i64AtomicRmw32CmpxchgU, "i64.atomic.rmw32.cmpxchg_u", .memoryArgument, type: .atomicCompareExchange(.i64),
      width: 2, in: .threads),
  ]
}
