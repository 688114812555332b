extension VirtualRegister {
  /// `v` and the number, or the name of a physical register.
  var text: String {
    if !exists { return "_" }
    if !isPhysical { return "v\(id)" }
    return id < 16 ? Register(number: UInt8(id)).name(.quad) : VectorRegister(UInt8(id - 16)).name
  }
}

extension AllocatorMove.Place {
  /// The name of the register, or the number of the stack slot.
  var text: String {
    if self == ParallelMove.temporary { return "temporary" }
    if raw < 0 { return "_" }
    return isRegister ? VirtualRegister(UInt32(raw)).text : "slot\(slot)"
  }
}

extension MachineInstruction {
  /// The operation with its fields, for messages: `arithmetic.double sub=5 d=v40 a=v40 b=v33`.
  var text: String {
    var result = "\(operation).\(size)"
    if sub != 0 { result += " sub=\(sub)" }
    if d.exists { result += " d=\(d.text)" }
    if a.exists { result += " a=\(a.text)" }
    if isMemory {
      var parts: [String] = []
      if b.exists { parts.append(b.text) }
      if x.exists { parts.append("\(x.text)*\(1 << Int(scale))") }
      parts.append(isPoolConstant ? "constant \(displacement)" : "\(displacement)")
      result += " [" + parts.joined(separator: " + ") + "]"
    } else {
      if b.exists { result += " b=\(b.text)" }
      if x.exists { result += " x=\(x.text)" }
    }
    if imm != 0 || usesImmediate { result += " imm=\(imm)" }
    return result
  }
}

extension EmissionStep {
  /// A move, for messages.
  var text: String { "\(kind) \(a.text) to \(d.text)" }

  /// Where the operands of an instruction are.
  func operandText(_ instruction: MachineInstruction) -> String {
    var parts: [String] = []
    if instruction.d.exists { parts.append("d=\(d.text)") }
    if instruction.a.exists { parts.append("a=\(a.text)") }
    if instruction.b.exists { parts.append("b=\(b.text)") }
    if instruction.x.exists { parts.append("x=\(x.text)") }
    return parts.joined(separator: " ")
  }
}
