/// A register of a machine function: below 32 a physical one (0 to 15 general, 16 to 31 vector), else virtual.
struct VirtualRegister: Hashable {
  var id: UInt32

  @inline(__always) init(_ id: UInt32) { self.id = id }
  /// Truncates nothing: larger functions are refused (``MachineFunction/largestCount``).
  @inline(__always) init(_ id: Int) { self.id = UInt32(truncatingIfNeeded: id) }
  @inline(__always) init(_ register: Register) { id = UInt32(register.number) }
  @inline(__always) init(_ register: VectorRegister) { id = UInt32(register.number) + 16 }

  static let none = VirtualRegister(UInt32.max)
  static let physicalCount = 32

  @inline(__always) var exists: Bool { id != UInt32.max }
  @inline(__always) var isPhysical: Bool { id < 32 }
  @inline(__always) var index: Int { Int(id) }
}

/// The shapes of machine instructions before registers are allocated. `d` is written; `a`, `b` and `x` are read. With
/// ``MachineInstruction/isMemory`` the second operand is memory: base `b`, index `x` (both optional), `displacement`.
enum MachineOperation: UInt8 {
  case nothing
  /// d = a, of the register class's full width
  case move
  /// d = imm; `size` is always the shortest
  case moveConstant
  /// d = the vector constant `imm` of the pool
  case moveVectorConstant
  /// a = a op (b | memory | imm); `sub`: ``Arithmetic``. `d` is the same register as `a`.
  case arithmetic
  /// flags of a op (b | memory | imm)
  case compare, test
  /// d = address
  case loadAddress
  /// a = a * (b | memory); `d` as `a`
  case multiply
  /// d = (b | memory) * imm
  case multiplyConstant
  /// a = a shifted by imm; `sub`: ``Shift``
  case shiftConstant
  /// a = a shifted by cl
  case shift
  /// d = (b | memory) shifted by a; `sub`: 0 shlx, 1 sarx, 2 shrx
  case shiftFlagless
  /// d = (b | memory) rotated right by imm
  case rotateConstant
  /// a = op a; `sub`: ``UnaryArithmetic``, not or neg
  case unary
  /// d = count of (b | memory); `sub`: 0 popcnt, 1 tzcnt, 2 lzcnt
  case count
  /// d = index of the lowest or highest bit that is set (`sub` 0, 1) in (b | memory), or anything and the zero flag
  case bitScan
  /// d = (b | memory) extended; `sub`: source size | 4 for signed; `size` the target's
  case extend
  /// memory = a; `size`
  case store
  /// memory = imm; `size`
  case storeConstant
  /// memory op= a | imm (``usesImmediate``)
  case arithmeticMemory
  /// d = condition `sub`, as 0 or 1
  case set
  /// a = condition `sub` ? (b | memory) : a
  case moveIf
  /// rdx:rax divided by (b | memory); `sub`: ``UnaryArithmetic``, div or idiv. Uses and writes rax and rdx.
  case divide
  /// rdx:rax = rax * (b | memory); `sub`: mul or imul
  case multiplyWide
  /// rdx = sign of rax
  case signExtendAccumulator
  // Vector registers. `opcode` holds the raw value of the operation.
  /// d = a op (b | memory). Without AVX `d` is the same register as `a`.
  case vectorBinary
  /// d = op (b | memory)
  case vectorUnary
  /// as vectorBinary with `imm`
  case vectorBinaryImmediate
  case vectorUnaryImmediate
  /// a shifted by imm
  case vectorShift
  /// d = a, or b in the lanes whose sign bit in x is set; `opcode`: ``VectorBlend``
  case vectorBlend
  /// flags of a compared with (b | memory); `opcode`: ucomiss or ucomisd
  case vectorCompare
  /// d = memory; `sub`: 0 movss, 1 movsd, 2 movups
  case vectorLoad
  /// memory = a
  case vectorStore
  /// d (vector) = b (general); `size`
  case toVector
  /// d (general) = a (vector); `size`
  case fromVector
  /// d = float of (b | memory), general of `size`; `sub`: 1 double. `a` gives the upper lanes.
  case convertToFloat
  /// d = integer of the float (b | memory); `sub`: 1 double
  case convertToInteger
  /// d = a with lane imm from (b | memory); `size`
  case insertLane
  /// d (general) = lane imm of a; `size`
  case extractLane
  /// d (general) = sign bits of a; `sub`: 0 bytes, 1 floats, 2 doubles
  case signs
  // Sequences with branches of their own, written as a whole. r11 and xmm15 are theirs to use.
  /// a = min or max (`sub` 0, 1; `size` double for f32) of a and b
  case floatExtreme
  /// d (float, `sub` 1 f64) = the unsigned 64 bits of b
  case convertUnsigned64
  /// d (unsigned 64 bits) = the float b (`sub` 1 f64), which is in range
  case truncateUnsigned64
  /// d (`size`) = the float b (`sub` bit 0 f64, bit 1 signed), saturating
  case truncateSaturating
  /// a = `sub` ? b : a, in vector registers; flags are set
  case moveIfVector
  // Control. `imm` is a block number or a label.
  case jump
  /// to block `imm` if `sub`
  case jumpIf
  /// to the entry of a jump table chosen by a; `imm` the table
  case jumpTable
  /// leaves to the cold code that traps if `sub`; `imm`: the trap site
  case trapIf
  /// always
  case trap
  /// Traps if the store's interrupt word is set: `sub` 0 tests the word of the store at `a`, 1 reads the page at `a`, which
  /// faults then. (The prologue's compare with the stack limit serves calls.)
  case interruptCheck
  /// takes `displacement` units of fuel from the store at a, and traps at the site `imm` if there was less
  case fuel
  /// throws the exception in rsi
  case throwException
  /// the record is in r11; `imm` the call site
  case call
  /// the function of this instance whose record is at `displacement` in the context; `sub` 1: the function itself
  case callDirect
  case callRuntime
  case tailCall
  case ret
  /// rsp -= imm, or += where negative
  case adjustStack
}

/// A machine instruction of one shape for all operations.
struct MachineInstruction {
  var operation: MachineOperation
  var size: OperandSize = .double
  var sub: UInt8 = 0
  /// The logarithm of the index's scale.
  var scale: UInt8 = 0
  var isMemory = false
  /// The second operand is `imm`.
  var usesImmediate = false
  /// The memory operand is relative to rbp and the frame's size, or in the constant pool (index in `displacement`).
  var isPoolConstant = false
  /// The vector operation; for calls and returns the physical registers that are read, as bits.
  var opcode: UInt32 = 0
  /// For calls, the physical registers that are written, as bits.
  var definitions: UInt32 = 0
  var d = VirtualRegister.none
  var a = VirtualRegister.none
  var b = VirtualRegister.none
  var x = VirtualRegister.none
  var displacement: Int32 = 0
  var imm: Int64 = 0
  var position: UInt32 = 0
  /// The memory that the memory operand accesses without a check, or all ones.
  var memory = UInt16.max
  /// The bytes of that access.
  var accessWidth: UInt8 = 0

  init(_ operation: MachineOperation) { self.operation = operation }
}

/// A block of a machine function: a range of its instructions.
struct MachineBlock {
  var first: Int32
  var end: Int32 = 0
  var successors: (Int32, Int32) = (-1, -1)
  /// More than two successors: a range in ``MachineFunction/successorPool``.
  var poolStart: Int32 = 0
  var poolCount: Int32 = 0
  var parameters: (start: Int32, count: Int32) = (0, 0)
  /// The values of the only successor's parameters.
  var arguments: (start: Int32, count: Int32) = (0, 0)
  var loopDepth: UInt16 = 0
  /// Where this block is a loop header, the number behind the loop's last block.
  var loopEnd: Int32 = -1
  /// The block that an exception goes on at that comes out of this block's last call, after which nothing is in a register.
  /// It has no other way in.
  var landing: Int32 = -1
  /// Whether this block is another's ``landing``.
  var isLanding = false
  /// Whether the block's code stands apart, behind that of the others.
  var isCold = false
}

/// Where compiled code can trap, and what the trap is.
struct TrapSite {
  /// nil where the runtime has recorded the trap already.
  var kind: Trap.Kind?
  var position: UInt32
  var memory: UInt32 = 0
  var width: UInt8 = 0
  /// Whether it comes before the function has its frame.
  var isPrologue = false
  /// The register that holds the end of the access, where a memory access is checked.
  var end = VirtualRegister.none
}

/// A function in machine instructions, over virtual registers.
struct MachineFunction {
  /// The most instructions of a function whose registers are allocated, so that positions, of which each has two, and bytes
  /// of code are counted in 31 bits.
  static let largestCount = 1 << 27

  var instructions: [MachineInstruction] = []
  var blocks: [MachineBlock] = []
  /// Whether each virtual register is of the vector class; indexed from ``VirtualRegister/physicalCount`` on too.
  var isVector: [Bool] = []
  var successorPool: [Int32] = []
  var registerPool: [VirtualRegister] = []
  var trapSites: [TrapSite] = []
  var jumpTables: [[Int32]] = []
  /// 16-byte constants.
  var constants: [SIMD2<UInt64>] = []
  /// What ``IRFunction/inlined`` was.
  var inlined: [InlinedPosition] = []
  var hasOutwardCalls = false
  /// Whether anything is called, the runtime included, or jumped to as a tail call.
  var hasCalls = false
  /// Whether it looks at the interrupt word when it is entered.
  var looksAtEntry = false
  /// Whether it calls itself.
  var hasSelfCalls = false

  mutating func reset() {
    instructions.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    isVector.removeAll(keepingCapacity: true)
    isVector.append(contentsOf: repeatElement(false, count: 16))
    isVector.append(contentsOf: repeatElement(true, count: 16))
    successorPool.removeAll(keepingCapacity: true)
    registerPool.removeAll(keepingCapacity: true)
    trapSites.removeAll(keepingCapacity: true)
    jumpTables.removeAll(keepingCapacity: true)
    constants.removeAll(keepingCapacity: true)
    inlined.removeAll(keepingCapacity: true)
    hasOutwardCalls = false
    hasCalls = false
    looksAtEntry = false
    hasSelfCalls = false
  }

  mutating func newRegister(isVector vector: Bool) -> VirtualRegister {
    isVector.append(vector)
    return VirtualRegister(isVector.count - 1)
  }

  /// The blocks that a block jumps to.
  func forEachSuccessor(_ block: Int, _ body: (Int) -> Void) {
    if blocks[block].successors.0 >= 0 { body(Int(blocks[block].successors.0)) }
    if blocks[block].successors.1 >= 0 { body(Int(blocks[block].successors.1)) }
    let start = Int(blocks[block].poolStart)
    for index in 0..<Int(blocks[block].poolCount) { body(Int(successorPool[start + index])) }
  }

  /// The same with the block's landing.
  func forEachSuccessorOrLanding(_ block: Int, _ body: (Int) -> Void) {
    forEachSuccessor(block, body)
    if blocks[block].landing >= 0 { body(Int(blocks[block].landing)) }
  }
}
