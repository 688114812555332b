import WebAssembly

/// What the fuel of a function's blocks of code is: one unit for each instruction that can be reached, paid for where the
/// block begins.
///
/// The blocks are the interpreter's, which follow from the body alone (``RegisterTranslator/beginFuel()``), so that both
/// tiers have used the same at every call and at every trap, whatever the compiler knows of the code.
struct FuelCharges {
  struct Charge {
    /// The instruction behind which the block begins; nil at the beginning of the function.
    var offset: UInt32?
    var units: Int32
  }

  private(set) var charges: [Charge] = []
  private var next = 0
  private var isUnreachable = false
  private var controls: [Control] = []

  private struct Control {
    var kind: Opcode
    /// Whether something branches to the end.
    var hasBranches = false
    /// Whether an `if` still waits for its `else`.
    var lacksElse = false
    var clauses = Instruction(.nop)
  }

  /// The units to be paid for behind an instruction of the body, of which there are none at most places. Instructions are
  /// asked about in order.
  mutating func units(behind offset: UInt32?) -> Int32? {
    guard next < charges.count, charges[next].offset == offset else { return nil }
    next += 1
    let units = charges[next - 1].units
    return units > 0 ? units : nil
  }

  /// Reads a body, behind its locals.
  mutating func read(_ body: InstructionReader) throws(ModuleError) {
    var reader = body
    charges.removeAll(keepingCapacity: true)
    controls.removeAll(keepingCapacity: true)
    next = 0
    isUnreachable = false
    controls.append(Control(kind: .call))
    begin(nil)
    var skipped = 0
    while !controls.isEmpty, !reader.isAtEnd {
      let instruction = try reader.next()
      guard isUnreachable else {
        charges[charges.count - 1].units &+= 1
        follow(instruction, reader)
        continue
      }
      switch instruction.opcode {
      case .block, .loop, .if, .tryTable: skipped += 1
      case .end where skipped > 0: skipped -= 1
      case .else where skipped == 0: startElse(instruction.offset)
      case .end: end(instruction.offset, reader)
      default: break
      }
    }
  }

  private mutating func begin(_ offset: UInt32?) { charges.append(Charge(offset: offset, units: 0)) }

  private mutating func follow(_ instruction: Instruction, _ reader: InstructionReader) {
    let offset = instruction.offset
    switch instruction.opcode {
    case .block: controls.append(Control(kind: .block))
    case .loop:
      controls.append(Control(kind: .loop))
      begin(offset)
    case .if:
      controls.append(Control(kind: .if, lacksElse: true))
      begin(offset)
    case .tryTable: controls.append(Control(kind: .tryTable, clauses: instruction))
    case .else: startElse(offset)
    case .end: end(offset, reader)
    case .br:
      branch(instruction.index)
      isUnreachable = true
    case .brIf, .brOnNull, .brOnNonNull:
      branch(instruction.index)
      begin(offset)
    case .brTable:
      for label in reader.labels(of: instruction) { branch(label) }
      branch(instruction.index)
      isUnreachable = true
    case .call, .callIndirect, .callRef: begin(offset)
    case .return, .returnCall, .returnCallIndirect, .returnCallRef, .unreachable, .throw, .throwRef:
      isUnreachable = true
    default: break
    }
  }

  private mutating func branch(_ depth: UInt32) { controls[controls.count - 1 - Int(depth)].hasBranches = true }

  private mutating func startElse(_ offset: UInt32) {
    if !isUnreachable { controls[controls.count - 1].hasBranches = true }
    controls[controls.count - 1].lacksElse = false
    isUnreachable = false
    begin(offset)
  }

  private mutating func end(_ offset: UInt32, _ reader: InstructionReader) {
    var control = controls.removeLast()
    if controls.isEmpty { return }
    if control.kind == .tryTable {
      if !isUnreachable { control.hasBranches = true }
      for clause in reader.catchClauses(of: control.clauses) { branch(clause.label) }
      isUnreachable = !control.hasBranches
    } else {
      guard control.kind != .loop, control.hasBranches || control.lacksElse else { return }
      isUnreachable = false
    }
    if !isUnreachable { begin(offset) }
  }
}
