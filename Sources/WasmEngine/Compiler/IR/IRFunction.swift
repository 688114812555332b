import WebAssembly

/// An edge of the control flow graph: its target, and the values for the target's parameters as a range of the pool.
struct IREdge {
  var target: IRBlockID
  var argumentStart: UInt32
  var argumentCount: UInt32
}

/// A basic block: parameters and behind them instructions, the last of which ends it.
struct IRBlock {
  /// The range of both in ``IRFunction/order``.
  var first: UInt32 = 0
  var end: UInt32 = 0
  var parameterCount: UInt32 = 0
  /// The range of the block's edges among ``IRFunction/edges``, in successor order.
  var firstEdge: UInt32 = 0
  var edgeCount: UInt32 = 0
  var loopDepth: UInt16 = 0
  /// The header of the innermost loop that contains the block, or its own number; -1 outside loops.
  var loop: Int32 = -1
  /// The block is entered rarely: what it does is behind a caught exception. Its code stands apart.
  var isCold = false
}

/// A function in static single assignment form with block parameters. Blocks are in reverse postorder (structured control
/// makes them in that order): every edge but those to loop headers goes forward.
struct IRFunction {
  /// The most instructions, edges and arguments of edges that a function has whose machine code is made, so that all of
  /// them are counted in 32 bits.
  static let largestCount = 1 << 28

  /// Its index in the module, where it has one: what calls itself needs no way through a record.
  var index: UInt32 = .max
  var instructions: [IRInstruction] = []
  /// The wasm offset of each instruction; of one that comes from a function that a call was replaced by, its place in
  /// ``inlined`` with ``InlinedPosition/mark``.
  var positions: [UInt32] = []
  var inlined: [InlinedPosition] = []
  var blocks: [IRBlock] = []
  /// The parameters and instructions of the blocks.
  var order: [IRValue] = []
  var edges: [IREdge] = []
  /// Arguments of edges, calls and returns.
  var arguments: [IRValue] = []
  var vectors: [SIMD2<UInt64>] = []
  var parameterTypes: [IRType] = []
  var resultTypes: [IRType] = []
  /// For each loop header: the block from which the loop is entered.
  var loops: [IRLoop] = []
  /// Whether it looks at the interrupt word when it is entered; nil as long as that is not decided.
  var looksAtEntry: Bool?
  /// Whether there are paths that are too long without a look at the interrupt word, so that it cannot be compiled.
  var lacksLooks = false

  mutating func reset() {
    instructions.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    inlined.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    order.removeAll(keepingCapacity: true)
    edges.removeAll(keepingCapacity: true)
    arguments.removeAll(keepingCapacity: true)
    vectors.removeAll(keepingCapacity: true)
    parameterTypes.removeAll(keepingCapacity: true)
    resultTypes.removeAll(keepingCapacity: true)
    loops.removeAll(keepingCapacity: true)
    looksAtEntry = nil
    lacksLooks = false
  }

  @inline(__always)
  subscript(_ value: IRValue) -> IRInstruction {
    get { instructions[value.index] }
    set { instructions[value.index] = newValue }
  }

  @inline(__always)
  func type(_ value: IRValue) -> IRType { instructions[value.index].type }

  func argumentSlice(_ start: UInt32, _ count: UInt32) -> ArraySlice<IRValue> {
    arguments[Int(start)..<Int(start) + Int(count)]
  }

  @inline(__always)
  func parameters(of block: IRBlock) -> ArraySlice<IRValue> {
    order[Int(block.first)..<Int(block.first + block.parameterCount)]
  }

  @inline(__always)
  func instructions(of block: IRBlock) -> ArraySlice<IRValue> {
    order[Int(block.first + block.parameterCount)..<Int(block.end)]
  }

  /// How often a loop is around an instruction or a block, in all.
  var nesting: Int {
    blocks.reduce(0) { sum, block in sum + Int(block.loopDepth) * (Int(block.end) - Int(block.first) + 1) }
  }

  /// What ends a block; nil while it is empty.
  func last(of block: IRBlock) -> IRValue? {
    block.end > block.first + block.parameterCount ? order[Int(block.end) - 1] : nil
  }

  /// Takes an instruction out of a block, by its place in ``order``.
  mutating func removeInstruction(at place: Int, of block: Int) {
    let end = Int(blocks[block].end)
    for next in place + 1..<end { order[next - 1] = order[next] }
    blocks[block].end = UInt32(end - 1)
  }

  func edges(of block: IRBlock) -> ArraySlice<IREdge> {
    edges[Int(block.firstEdge)..<Int(block.firstEdge) + Int(block.edgeCount)]
  }

  /// The edge on which exceptions leave a block, by its number among all.
  func exceptionEdge(of block: IRBlock) -> Int? {
    guard let last = last(of: block), block.edgeCount > 0 else { return nil }
    switch instructions[last.index].operation {
    case .jumpOrCatch, .throwReference: return Int(block.firstEdge + block.edgeCount) - 1
    default: return nil
    }
  }

  /// The bits of a constant, or nil for another value.
  @inline(__always)
  func constant(_ value: IRValue) -> Int64? {
    guard value.exists else { return nil }
    let instruction = instructions[value.index]
    return instruction.operation == .constant ? instruction.imm : nil
  }

  /// Puts other values in the place of an instruction's operands that are not pooled.
  func replaceOperands(of instruction: inout IRInstruction, by replacement: [IRValue]) {
    guard !instruction.hasPooledArguments else { return }
    let count = instruction.operandCount
    if count > 0, instruction.a.exists { instruction.a = replacement[instruction.a.index] }
    if count > 1, instruction.b.exists { instruction.b = replacement[instruction.b.index] }
    if count > 2, instruction.c.exists { instruction.c = replacement[instruction.c.index] }
  }

  /// Puts other values in the place of all operands and arguments.
  mutating func replaceAll(by replacement: [IRValue]) {
    for index in arguments.indices { arguments[index] = replacement[arguments[index].index] }
    for block in blocks.indices {
      for value in instructions(of: blocks[block]) {
        var instruction = instructions[value.index]
        replaceOperands(of: &instruction, by: replacement)
        instructions[value.index] = instruction
      }
    }
  }

  /// Calls `body` with every operand of an instruction, pooled arguments included (edges' arguments are not).
  @inline(__always)
  func forEachOperand(_ instruction: IRInstruction, _ body: (IRValue) -> Void) {
    if instruction.hasPooledArguments {
      for argument in argumentSlice(instruction.a.id, instruction.b.id) { body(argument) }
      return
    }
    switch instruction.operandCount {
    case 0: return
    case 1: body(instruction.a)
    case 2:
      if instruction.a.exists { body(instruction.a) }
      if instruction.b.exists { body(instruction.b) }
    default:
      if instruction.a.exists { body(instruction.a) }
      if instruction.b.exists { body(instruction.b) }
      if instruction.c.exists { body(instruction.c) }
    }
  }
}

/// The place of an instruction in a function that stands where it was called.
struct InlinedPosition: Equatable {
  /// The function's index in the module.
  var function: UInt32
  /// The wasm offset of the instruction, and that of the call.
  var position: UInt32
  var call: UInt32

  /// Tells a place in ``IRFunction/inlined`` from an offset. (What stands farther back in a module is not compiled.)
  static let mark: UInt32 = 1 << 31
}

/// A loop: its header and the block that enters it, which has no other successor.
struct IRLoop {
  var header: IRBlockID
  var preheader: IRBlockID
  /// One more than the last block of the loop; its blocks are those from the header to here.
  var end: IRBlockID
  var parent: Int32
}
