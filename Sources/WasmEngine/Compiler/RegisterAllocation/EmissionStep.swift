/// One thing that the emitter wrote, recorded where somebody asks for it: ``AllocationChecker`` follows the steps, and
/// listings and line tables are made of them.
struct EmissionStep {
  enum Kind: UInt8 {
    case prologue
    /// The block `index` begins.
    case block
    /// The instruction `index`, with its operands in `d`, `a`, `b`, `x`.
    case instruction
    /// `a` is copied to `d`.
    case move
    /// As move: the value is stored behind its last write.
    case store
    /// `a` and `d` change places.
    case exchange
    /// The code of the trap site `index`, apart from the others.
    case coldTrap
    /// What follows is no code.
    case data
  }

  var kind: Kind
  /// Where it begins in the code.
  var codeOffset: UInt32
  var index: Int32 = -1
  /// The offset in the module that it is for; 0 where there is none.
  var position: UInt32 = 0
  /// Of an instruction.
  var operation = MachineOperation.nothing
  var isVector = false
  /// Of a conditional jump and the jump behind it: they were written as one jump under the opposite condition.
  var isTurned = false
  /// Of an instruction that can be written in a way that changes the flags and in one that does not: the first.
  var writesFlags = false
  var d = AllocatorMove.Place(raw: -2)
  var a = AllocatorMove.Place(raw: -2)
  var b = AllocatorMove.Place(raw: -2)
  var x = AllocatorMove.Place(raw: -2)
}
