/// How long the code between the instructions of a function will be, estimated before it is written, so that jumps ahead can
/// be written in two bytes. An estimate that falls short costs writing the function again.
struct CodeDistances {
  /// For each instruction, about how many bytes come before it.
  private var offsets: [Int32] = []
  /// Whether no estimate has fallen short yet.
  private(set) var isKnown = false

  /// The longest distance for which a jump is written as a near one.
  private static let limit: Int32 = 127
  /// What a place that may be padded counts.
  private static let padding = Int32(CodeArena.alignment)

  /// From now on everything is far.
  mutating func forget() { isKnown = false }

  func isNear(_ index: Int, _ other: Int) -> Bool { isKnown && offsets[other] &- offsets[index] <= Self.limit }

  mutating func estimate(_ machine: borrowing MachineFunction, _ allocator: borrowing Allocator, frameSize: Int) {
    isKnown = true
    offsets.refill(0, count: machine.instructions.count + 1)
    // What is added in front of an instruction is in the entry behind it, as its own length.
    let move: Int32 = frameSize > 128 ? 9 : 5
    for added in allocator.moves {
      let isTwo = !added.source.isRegister && !added.target.isRegister
      offsets[Int(added.position) / 2 + 1] &+= isTwo ? 4 * move : move
    }
    for register in allocator.slots.indices where allocator.slots[register] >= 0 && !allocator.isParameter[register] {
      let written = allocator.live.lastDefinition[register]
      if written > 0 { offsets[Int(written) / 2 + 1] &+= move }
    }
    for block in machine.blocks.indices where Emitter.lengthOfSmallLoop(machine, block) != nil {
      offsets[Int(machine.blocks[block].first)] &+= Self.padding
    }
    var sum: Int32 = 0
    for index in machine.instructions.indices {
      sum &+= offsets[index]
      offsets[index] = sum
      sum &+= Self.length(machine.instructions[index], move: move)
      if machine.instructions[index].operation == .ret { sum &+= Int32(allocator.saved.nonzeroBitCount) &* 7 }
    }
    offsets[machine.instructions.count] &+= sum
  }

  /// About the most bytes that an instruction takes.
  private static func length(_ instruction: MachineInstruction, move: Int32) -> Int32 {
    switch instruction.operation {
    case .move: move
    // Most lead to the next block.
    case .jump: 4
    case .jumpIf, .trapIf: 6
    case .trap, .throwException, .adjustStack: 8
    case .ret, .interruptCheck: 14
    case .moveConstant: instruction.imm >> 32 == 0 || instruction.imm == -1 ? 6 : 10
    case .set: 8
    case .call, .callDirect: 16
    case .callRuntime, .jumpTable, .tailCall: 64
    case .floatExtreme, .convertUnsigned64: 80
    case .truncateUnsigned64, .truncateSaturating: 200
    case .moveIfVector, .convertToFloat, .fuel: 16
    default:
      instruction.isMemory || instruction.allowsMemory
        ? instruction.usesImmediate || instruction.operation == .storeConstant ? 12 : 10
        : instruction.usesImmediate ? 7 : 5
    }
  }
}
