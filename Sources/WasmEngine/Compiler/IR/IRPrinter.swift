import WebAssembly

/// Writes the intermediate representation as text that ``IRParser`` reads back: `polymnia compile --dump ir`, the golden
/// files of passes, and the messages of the verifier.
///
/// A value is `v` and its number, which stays the same when it is read back; what makes no value has none. An instruction
/// stands on a line of its own, with its wasm offset behind `@`. A semicolon begins a comment.
struct IRPrinter {
  private let function: IRFunction
  private let printsPositions: Bool
  private var text = ""
  /// What stands behind everything else on the line.
  private var comment = ""

  private init(_ function: IRFunction, printsPositions: Bool) {
    self.function = function
    self.printsPositions = printsPositions
  }

  /// - Parameter positions: Whether the offsets in the module are printed.
  static func print(_ function: IRFunction, positions: Bool = true) -> String {
    var printer = IRPrinter(function, printsPositions: positions)
    printer.printFunction()
    return printer.text
  }

  /// One instruction, without its position.
  static func print(_ value: IRValue, in function: IRFunction, block: IRBlock? = nil) -> String {
    var printer = IRPrinter(function, printsPositions: false)
    printer.printInstruction(value, block ?? IRBlock())
    return printer.text
  }

  private mutating func printFunction() {
    let index = function.index == UInt32.max ? "" : "\(function.index) "
    text += "function \(index)(" + types(function.parameterTypes) + ") -> (" + types(function.resultTypes) + ")\n"
    for (index, loop) in function.loops.enumerated() {
      text += "loop \(index) = \(name(loop.header)) ..< \(name(loop.end)) preheader \(name(loop.preheader))"
      if loop.parent >= 0 { text += " in \(loop.parent)" }
      text += "\n"
    }
    for (index, block) in function.blocks.enumerated() {
      text += "\nblock\(index)"
      if block.parameterCount > 0 {
        let parameters = function.parameters(of: block).map { "\(name($0)): \(IRWords.word(type(of: $0)))" }
        text += "(" + parameters.joined(separator: ", ") + ")"
      }
      if block.loop >= 0 { text += " loop \(block.loop)" }
      if block.loopDepth > 0 { text += " depth \(block.loopDepth)" }
      if block.isCold { text += " cold" }
      text += ":\n"
      for value in function.instructions(of: block) {
        text += "  "
        printInstruction(value, block)
        if printsPositions, function.positions.indices.contains(value.index), function.positions[value.index] != 0 {
          text += " @0x" + String(function.positions[value.index], radix: 16)
        }
        text += comment + "\n"
        comment = ""
      }
    }
  }

  private func types(_ types: [IRType]) -> String { types.map { IRWords.word($0) }.joined(separator: ", ") }

  private func type(of value: IRValue) -> IRType {
    function.instructions.indices.contains(value.index) ? function.type(value) : .none
  }

  private func name(_ value: IRValue) -> String { value.exists ? "v\(value.id)" : "_" }
  private func name(_ block: IRBlockID) -> String { "block\(block.id)" }
  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  private func word<Case: RawRepresentable>(_ raw: Case.RawValue, _: Case.Type) -> String {
    Case(rawValue: raw).map { IRWords.word($0) } ?? "\(raw)"
  }

  private func trap(_ raw: UInt16) -> String {
    UInt8(exactly: raw).map { word($0, Trap.Kind.self) } ?? "\(raw)"
  }

  private mutating func printInstruction(_ value: IRValue, _ block: IRBlock) {
    guard function.instructions.indices.contains(value.index) else {
      text += "\(name(value)) is no instruction"
      return
    }
    let instruction = function[value]
    if instruction.makesValue { text += "\(name(value)) = " }
    text += IRWords.word(instruction.operation)
    if instruction.type != .none { text += ".\(IRWords.word(instruction.type))" }
    printFields(value, instruction, block)
  }

  private mutating func printFields(_ value: IRValue, _ instruction: IRInstruction, _ block: IRBlock) {
    let aux = instruction.aux
    switch instruction.operation.shape {
    case .operands:
      printOperands(instruction)
      if aux != 0 { text += " aux \(aux)" }
      if instruction.imm != 0 { text += " imm \(instruction.imm)" }
    case .compare:
      text += " " + word(aux, IRCondition.self)
      printOperands(instruction)
    case .floatCompare:
      text += " " + word(aux, IRFloatCondition.self)
      printOperands(instruction)
    case .extend:
      text += " \(aux)"
      printOperands(instruction)
    case .signed:
      text += aux & 1 != 0 ? " signed" : " unsigned"
      printOperands(instruction)
    case .parameter: text += " \(instruction.imm)"
    case .constant: printConstant(instruction)
    case .vectorConstant: printVector(instruction.imm)
    case .contextAddress: text += " \(instruction.imm)"
    case .vector:
      let row = Operator.row(rawValue: Int(aux))
      text += " " + (row?.name ?? "\(aux)")
      printOperands(instruction)
      if row?.immediates == .lanes {
        text += " lanes"
        printVector(instruction.imm)
      } else if instruction.imm != 0 {
        text += " lane \(instruction.imm)"
      }
    case .contextLoad:
      text += " " + word(aux, IRContextRegion.self) + " " + contextPlace(instruction)
    case .contextStore:
      text += " \(contextPlace(instruction)), \(name(instruction.b))"
    case .load: text += " " + word(aux, IRAccess.self) + " " + memoryPlace(instruction)
    case .store: text += " " + word(aux, IRAccess.self) + " \(memoryPlace(instruction)), \(name(instruction.c))"
    case .boundsCheck:
      text += " \(name(instruction.a)) + \(instruction.imm) <= \(name(instruction.b))"
      let access = CheckedAccess(tag: instruction.c)
      text += " memory \(access.memory) width \(access.width)"
      if aux & 1 != 0 { text += " address64" }
      if aux & 2 != 0 { text += " fromZero" }
    case .indexCheck:
      text += " " + trap(aux)
      printOperands(instruction)
    case .trapIf:
      text += " " + trap(aux) + " \(name(instruction.a))"
      if instruction.b.exists { text += ", \(name(instruction.b))" }
    case .call:
      text += " function \(instruction.imm)" + arguments(instruction)
      printResults(value, instruction)
    case .callRecord, .tailCallRecord:
      let pooled = function.argumentSlice(instruction.a.id, instruction.b.id)
      text += " \(pooled.first.map(name) ?? "_")(" + pooled.dropFirst().map(name).joined(separator: ", ") + ")"
      printResults(value, instruction)
    case .callRuntime:
      text += " " + word(instruction.imm, RuntimeEntry.self) + arguments(instruction)
      if aux & 1 != 0 { text += " traps" }
    case .tailCall: text += " function \(instruction.imm)" + arguments(instruction)
    case .result: text += " \(name(instruction.a)), \(instruction.imm)"
    case .jump: text += " " + edges(of: block)
    case .throwReference:
      text += " \(name(instruction.a))"
      if block.edgeCount > 0 { text += ", " + edges(of: block) }
    case .branch:
      text += " \(name(instruction.a)), " + edges(of: block)
      if aux == 1 { text += " likely" }
      if aux == 2 { text += " unlikely" }
    case .branchTable: text += " \(name(instruction.a)), " + edges(of: block)
    case .return: text += arguments(instruction)
    case .trap: text += " " + trap(aux)
    }
  }

  private mutating func printOperands(_ instruction: IRInstruction) {
    let operands = [instruction.a, instruction.b, instruction.c]
    guard let last = operands.lastIndex(where: \.exists) else { return }
    text += " " + operands[...last].map(name).joined(separator: ", ")
  }

  private mutating func printConstant(_ instruction: IRInstruction) {
    let bits = instruction.imm
    switch instruction.type {
    case .i32 where bits == bits.unsigned32: text += " \(bits.signed32)"
    case .f32:
      text += " \(hex(UInt64(bitPattern: bits)))"
      comment = " ; \(Float(bitPattern: UInt32(bits.unsigned32)))"
    case .f64:
      text += " \(hex(UInt64(bitPattern: bits)))"
      comment = " ; \(Double(bitPattern: UInt64(bitPattern: bits)))"
    case .i32: text += " \(hex(UInt64(bitPattern: bits)))"
    default: text += " \(bits)"
    }
  }

  private mutating func printVector(_ index: Int64) {
    guard function.vectors.indices.contains(Int(index)) else {
      text += " \(index)"
      return
    }
    let vector = function.vectors[Int(index)]
    text += " \(hex(vector.x)) \(hex(vector.y))"
  }

  private func displacement(_ value: Int64) -> String { value < 0 ? " - \(value.magnitude)" : " + \(value)" }

  private func contextPlace(_ instruction: IRInstruction) -> String {
    "[" + (instruction.a.exists ? name(instruction.a) : "context") + displacement(instruction.imm) + "]"
  }

  private func memoryPlace(_ instruction: IRInstruction) -> String {
    guard let place = instruction.place else { return "nowhere \(hex(UInt64(bitPattern: instruction.imm)))" }
    var result = place.memory.map { "memory \($0) [" } ?? "table ["
    result += name(instruction.a)
    if instruction.b.exists { result += " + \(name(instruction.b))" }
    return result + " + \(place.displacement.value)]"
  }

  private func arguments(_ instruction: IRInstruction) -> String {
    "(" + function.argumentSlice(instruction.a.id, instruction.b.id).map(name).joined(separator: ", ") + ")"
  }

  /// The types of further results, which stay known where nothing uses them: they say where the others are.
  private mutating func printResults(_ value: IRValue, _ instruction: IRInstruction) {
    guard instruction.operation != .tailCallRecord, instruction.aux > 1 else { return }
    let types = (1..<Int(instruction.aux)).map { IRWords.word(type(of: IRValue(value.index + $0))) }
    text += " results " + types.joined(separator: ", ")
  }

  private func edges(of block: IRBlock) -> String {
    function.edges(of: block).map { edge in
      let arguments = function.argumentSlice(edge.argumentStart, edge.argumentCount)
      return name(edge.target) + (arguments.isEmpty ? "" : "(" + arguments.map(name).joined(separator: ", ") + ")")
    }.joined(separator: ", ")
  }
}
