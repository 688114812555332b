import WebAssembly

/// The type of a value of the intermediate representation. References are i64.
enum IRType: UInt8 {
  case none, i32, i64, f32, f64, v128

  init(_ type: ValueType) {
    switch type {
    case .i32: self = .i32
    case .i64: self = .i64
    case .f32: self = .f32
    case .f64: self = .f64
    case .v128: self = .v128
    default: self = .i64
    }
  }

  var isInteger: Bool { self == .i32 || self == .i64 }
  var isFloat: Bool { self == .f32 || self == .f64 }
  /// Whether values live in vector registers.
  var inVectorRegister: Bool { rawValue >= IRType.f32.rawValue }
}

extension Int64 {
  /// What the bits of an i32 are worth, whose upper half is clear in constants and means nothing in what is computed from
  /// them.
  // Truncates what means nothing.
  @inline(__always) var signed32: Int64 { Int64(Int32(truncatingIfNeeded: self)) }
  @inline(__always) var unsigned32: Int64 { self & 0xFFFF_FFFF }
}

/// A value: the index of the instruction that makes it.
struct IRValue: Hashable {
  var id: UInt32

  @inline(__always) init(_ id: UInt32) { self.id = id }
  /// Truncates nothing: larger functions are refused (``IRFunction/largestCount``).
  @inline(__always) init(_ id: Int) { self.id = UInt32(truncatingIfNeeded: id) }

  static let none = IRValue(UInt32.max)
  @inline(__always) var index: Int { Int(id) }
  @inline(__always) var exists: Bool { id != UInt32.max }
}

/// A basic block, by its number.
struct IRBlockID: Hashable {
  var id: UInt32

  /// Truncates nothing: larger functions are refused (``IRFunction/largestCount``).
  @inline(__always) init(_ id: Int) { self.id = UInt32(truncatingIfNeeded: id) }
  @inline(__always) var index: Int { Int(id) }
}

/// The operations. The comment names what `a`, `b`, `c`, `imm` and `aux` of an ``IRInstruction`` are, where they are
/// anything but the operands in order.
enum IROperation: UInt8, CaseIterable {
  /// Removed; stands for nothing.
  case nothing
  /// `imm`: the place among the block's parameters.
  case parameter
  /// `imm`: the bits.
  case constant
  /// `imm`: the index into the pool of vectors.
  case vectorConstant
  /// The address of the context plus `imm`.
  case contextAddress

  // Integers. Counts of shifts are taken modulo the width.
  case add, sub, mul, and, or, xor, shl, shrS, shrU, rotl, rotr
  /// These trap on a divisor of zero (kind in the trap table), divS on an overflow.
  case divS, divU, remS, remU
  case clz, ctz, popcnt
  /// Sign extension within a type from 8, 16 or 32 bits; `aux` is the number of bits.
  case extend
  /// i64 to i32.
  case wrap
  /// i32 to i64.
  case zeroExtend, signExtend
  /// The result is an i32; `aux` is a ``IRCondition``; the operands' type is that of `a`.
  case compare
  /// As compare, with ``IRFloatCondition``.
  case floatCompare
  /// The upper 64 bits of a product.
  case mulHighS, mulHighU

  // Floats.
  case fadd, fsub, fmul, fdiv, fmin, fmax, fcopysign, fabs, fneg, fsqrt, fceil, ffloor, ftrunc, fnearest
  case demote, promote
  /// Integer to float; `aux` 1 for signed.
  case convert
  /// Float to integer; `aux` bit 0: signed. The first traps, the second saturates.
  case truncate, truncateSaturating
  /// The bits as another type of the same width.
  case reinterpret

  /// `a` is the i32 condition; `b` if it is not zero, else `c`.
  case select

  /// A vector instruction as WebAssembly has it: `aux` is the opcode; `imm` a lane, or the index of a shuffle's lanes in
  /// the pool of vectors.
  case vector

  // Memory.
  /// A word of the context at `imm`, or of the address `a` + `imm` if there is an `a`. `aux`: an ``IRContextRegion``.
  case contextLoad
  /// Stores `b` to the context, or to `a`, at `imm`.
  case contextStore
  /// Loads from the address `a` (base) + `b` (i64, may be absent) + the displacement; `imm`: an ``AccessPlace``; `aux`: an
  /// ``IRAccess``.
  case load
  /// The same with the value in `c`.
  case store
  /// Traps unless `a` + `imm` <= `b`, all i64 and without wrap: `a` the address, `imm` its static offset plus the width.
  /// `c`: a ``CheckedAccess``. `aux` bit 0: `a` has 64 bits, so that the sum can wrap. The result is
  /// `a`, or where code goes on by mistaken speculation although it should trap, 0; with bit 1 of `aux` the address that
  /// with the static offset makes 0.
  case boundsCheck
  /// Traps with the kind `aux` unless `a` < `b`, both i64 and unsigned. The result is `a`, or 0 as above.
  case indexCheck
  /// Traps with the kind `aux` if the i32 `a` is not zero; `b`, where it exists, is reported with it.
  case trapIf
  /// Traps if the store's interrupt word is set. `a` is the store's context, or with `aux` 1 the page that faults then.
  case interruptCheck
  /// Takes `imm` units from the fuel of the store whose context is `a`, and traps if there was less.
  case fuel

  // Calls: `a` is the start and `b` the number of arguments in the argument pool. The value is the first result.
  /// A function of this module: `imm` is the index.
  case call
  /// Through a record: the first argument is its address. `imm`: canonical type.
  case callRecord
  /// A runtime call: `imm` is its offset in the table of runtime calls, `aux` bit 0: whether it returns a status that may
  /// tell of a trap.
  case callRuntime
  /// A further result of the call `a`: `imm` is which.
  case result

  // What ends a block.
  /// To successor 0.
  case jump
  /// To successor 0 if the i32 `a` is not zero, else to successor 1. `aux`: 1 likely, 2 unlikely.
  case branch
  /// To the successor `a`, the last one if there is none such.
  case branchTable
  /// Arguments as in calls.
  case `return`
  /// Traps with the kind `aux`.
  case trap
  /// Calls whose frame replaces this one.
  case tailCall, tailCallRecord
  /// Behind a call in guarded code: to successor 0, or to successor 1 by an exception that comes out of the call.
  case jumpOrCatch
  /// Throws the exception that `a` refers to, which is not null; it goes on at the successor, if there is one.
  case throwReference

  var endsBlock: Bool { rawValue >= IROperation.jump.rawValue }
  var isCall: Bool { rawValue >= IROperation.call.rawValue && rawValue <= IROperation.callRuntime.rawValue }
  /// Whether it ends a block and goes to others, and is no part of a call.
  var isBranch: Bool { self == .jump || self == .branch || self == .branchTable }
  /// Whether it is a call out of which an exception can come.
  var mayThrow: Bool { self == .call || self == .callRecord }
  /// Whether it is a function of its operands alone, never traps, and may be moved, merged and dropped.
  var isPure: Bool {
    switch self {
    case .divS, .divU, .remS, .remU, .truncate: false
    default: rawValue >= IROperation.constant.rawValue && rawValue <= IROperation.vector.rawValue
    }
  }
  /// Whether it does something beyond making its value, so that it stays even if nobody uses that.
  var hasEffect: Bool {
    switch self {
    case .divS, .divU, .remS, .remU, .truncate, .load, .store, .contextStore, .boundsCheck, .indexCheck, .trapIf,
      .interruptCheck, .fuel:
      true
    case .call, .callRecord, .callRuntime: true
    default: endsBlock
    }
  }
}

/// The conditions of integer comparisons.
enum IRCondition: UInt16, CaseIterable {
  case equal, notEqual, lessSigned, lessUnsigned, greaterSigned, greaterUnsigned
  case lessOrEqualSigned, lessOrEqualUnsigned, greaterOrEqualSigned, greaterOrEqualUnsigned

  var negated: IRCondition {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .lessSigned: .greaterOrEqualSigned
    case .lessUnsigned: .greaterOrEqualUnsigned
    case .greaterSigned: .lessOrEqualSigned
    case .greaterUnsigned: .lessOrEqualUnsigned
    case .lessOrEqualSigned: .greaterSigned
    case .lessOrEqualUnsigned: .greaterUnsigned
    case .greaterOrEqualSigned: .lessSigned
    case .greaterOrEqualUnsigned: .lessUnsigned
    }
  }

  /// The condition that holds for (b, a) when this holds for (a, b).
  var swapped: IRCondition {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .lessSigned: .greaterSigned
    case .lessUnsigned: .greaterUnsigned
    case .greaterSigned: .lessSigned
    case .greaterUnsigned: .lessUnsigned
    case .lessOrEqualSigned: .greaterOrEqualSigned
    case .lessOrEqualUnsigned: .greaterOrEqualUnsigned
    case .greaterOrEqualSigned: .lessOrEqualSigned
    case .greaterOrEqualUnsigned: .lessOrEqualUnsigned
    }
  }

  func holds(_ a: Int64, _ b: Int64, is64: Bool) -> Bool {
    let (sa, sb) = is64 ? (a, b) : (a.signed32, b.signed32)
    let (ua, ub) = (
      UInt64(bitPattern: is64 ? a : a.unsigned32), UInt64(bitPattern: is64 ? b : b.unsigned32)
    )
    return switch self {
    case .equal: ua == ub
    case .notEqual: ua != ub
    case .lessSigned: sa < sb
    case .lessUnsigned: ua < ub
    case .greaterSigned: sa > sb
    case .greaterUnsigned: ua > ub
    case .lessOrEqualSigned: sa <= sb
    case .lessOrEqualUnsigned: ua <= ub
    case .greaterOrEqualSigned: sa >= sb
    case .greaterOrEqualUnsigned: ua >= ub
    }
  }
}

/// The conditions of float comparisons; all but `notEqual` are false where an operand is NaN.
enum IRFloatCondition: UInt16, CaseIterable {
  case equal, notEqual, less, greater, lessOrEqual, greaterOrEqual
}

/// What of the context can change, for merging and moving loads from it.
enum IRContextRegion: UInt16, CaseIterable {
  /// Never changes while the instance lives.
  case invariant
  /// The base and byte count of memories that may grow: changes at calls and growth.
  case memories
  /// A table's elements and count.
  case tables
  /// Globals, and everything else that stores can change.
  case globals
}

/// The kinds of loads and stores.
enum IRAccess: UInt16, CaseIterable {
  /// As many bytes as the value has.
  case full
  case signed8, unsigned8, signed16, unsigned16, signed32, unsigned32
  // Loads of vectors: 8 bytes whose lanes of so many bits are extended to twice that, one lane that is repeated, or the
  // lowest bits with zeros above.
  case extend8Signed, extend8Unsigned, extend16Signed, extend16Unsigned, extend32Signed, extend32Unsigned
  case splat8, splat16, splat32, splat64
  case zero32, zero64

  /// The bytes of an access for a value of a type.
  func width(_ type: IRType) -> Int {
    switch self {
    case .full: type == .v128 ? 16 : type == .i64 || type == .f64 ? 8 : 4
    case .signed8, .unsigned8, .splat8: 1
    case .signed16, .unsigned16, .splat16: 2
    case .signed32, .unsigned32, .splat32, .zero32: 4
    case .extend8Signed, .extend8Unsigned, .extend16Signed, .extend16Unsigned, .extend32Signed, .extend32Unsigned,
      .splat64, .zero64:
      8
    }
  }
}

/// An instruction and the value that it makes.
struct IRInstruction {
  var operation: IROperation
  var type: IRType
  var aux: UInt16
  var a: IRValue
  var b: IRValue
  var c: IRValue
  var imm: Int64

  @inline(__always)
  init(
    _ operation: IROperation, _ type: IRType, _ a: IRValue = .none, _ b: IRValue = .none, _ c: IRValue = .none,
    imm: Int64 = 0, aux: UInt16 = 0
  ) {
    self.operation = operation
    self.type = type
    self.aux = aux
    self.a = a
    self.b = b
    self.c = c
    self.imm = imm
  }

  /// Whether another instruction computes the same from the same.
  func isSame(as other: IRInstruction) -> Bool {
    operation == other.operation && a == other.a && b == other.b && c == other.c && imm == other.imm
      && type == other.type
      && aux == other.aux
  }

  /// How many of a, b, c are values.
  var operandCount: Int {
    switch operation {
    case .nothing, .parameter, .constant, .vectorConstant, .contextAddress, .jump, .trap, .return, .call, .callRecord,
      .callRuntime,
      .tailCall, .tailCallRecord, .jumpOrCatch:
      0
    case .result, .branch, .branchTable, .interruptCheck, .fuel, .throwReference: 1
    case .boundsCheck, .indexCheck, .load, .contextStore, .trapIf: 2
    default: 3
    }
  }

  /// Whether its arguments stand in the argument pool.
  var hasPooledArguments: Bool {
    switch operation {
    case .call, .callRecord, .callRuntime, .return, .tailCall, .tailCallRecord: true
    default: false
    }
  }
}
