import WebAssembly

/// Prints the machine code of a function: for each instruction its offset, bytes and text, the offset of the WebAssembly
/// instruction that it is for, and what it reaches: a memory, a table, another function, the runtime, a trap.
struct MachineCodePrinter {
  private let function: CompiledFunction
  private let steps: [EmissionStep]
  private let layout: ContextLayout
  /// The name of the instruction at each offset in the module.
  private let operators: [UInt32: String]
  /// What begins at an offset of the code.
  private var labels: [Int: String] = [:]
  private var text = ""

  /// - Parameter function: compiled with its ``CompiledFunction/steps`` recorded.
  static func print(_ function: CompiledFunction, _ layout: ContextLayout, operators: [UInt32: String]) -> String {
    var printer = MachineCodePrinter(function, layout, operators)
    printer.printCode()
    return printer.text
  }

  private init(_ function: CompiledFunction, _ layout: ContextLayout, _ operators: [UInt32: String]) {
    self.function = function
    steps = function.stepsInPlace
    self.layout = layout
    self.operators = operators
    for step in steps {
      switch step.kind {
      case .block: labels[Int(step.codeOffset)] = "block\(step.index)"
      case .coldTrap: labels[Int(step.codeOffset)] = "trap\(step.index)"
      default: break
      }
    }
  }

  private mutating func printCode() {
    var disassembler = Disassembler(function.code)
    let end = steps.last { $0.kind == .data }.map { Int($0.codeOffset) } ?? function.code.count
    var step = -1
    var position: UInt32 = 0
    var offset = 0
    while offset < end {
      var isFirst = false
      while step + 1 < steps.count, Int(steps[step + 1].codeOffset) <= offset {
        step += 1
        isFirst = true
        if let label = labels[offset], [.block, .coldTrap].contains(steps[step].kind) {
          text += "\(label):\n"
        }
      }
      let line = disassembler.line(at: offset)
      var notes: [String] = []
      if step >= 0 {
        let current = steps[step]
        if current.position != 0 {
          let inlined =
            current.position & InlinedPosition.mark == 0
            ? nil : function.inlined[Int(current.position & ~InlinedPosition.mark)]
          let place = inlined?.position ?? current.position
          notes.append("@0x" + String(place, radix: 16))
          if let inlined { notes.append("in function \(inlined.function)") }
          if current.position != position, let name = operators[place] { notes.append(name) }
          position = current.position
        }
        if isFirst, let move = moveNote(current) { notes.append(move) }
      }
      notes += self.notes(line, step >= 0 ? steps[step] : nil)
      print(line, notes.joined(separator: " "))
      offset += max(1, line.length)
    }
    printData(from: end)
  }

  private func moveNote(_ step: EmissionStep) -> String? {
    switch step.kind {
    case .move: step.a.isRegister ? (step.d.isRegister ? "move" : "spill") : "reload"
    case .store: "spill"
    case .exchange: "exchange"
    default: nil
    }
  }

  private mutating func print(_ line: Disassembler.Line, _ note: String) {
    var row = "  " + Self.padded(String(line.offset, radix: 16), 5, left: true) + "  "
    let bytes = function.code[line.offset..<min(function.code.count, line.offset + line.length)]
    row += Self.padded(bytes.map { Self.padded(String($0, radix: 16), 2, left: true, with: "0") }.joined(), 22) + "  "
    let instruction = labelled(line)
    row += note.isEmpty ? instruction : Self.padded(instruction, 42) + "  ; " + note
    text += row + "\n"
  }

  private static func padded(_ text: String, _ width: Int, left: Bool = false, with filler: Character = " ") -> String {
    let missing = String(repeating: filler, count: max(0, width - text.count))
    return left ? missing + text : text + missing
  }

  /// Jumps name what they lead to.
  private func labelled(_ line: Disassembler.Line) -> String {
    guard let target = line.target, let label = labels[target], let space = line.text.firstIndex(of: " ") else {
      return line.text
    }
    let isJump = line.text.hasPrefix("j") || line.text.hasPrefix("call")
    return isJump ? line.text[...space] + label : line.text
  }

  private func notes(_ line: Disassembler.Line, _ step: EmissionStep?) -> [String] {
    var result: [String] = []
    if let offset = contextOffset(line.text), let name = layout.describe(offset) { result.append(name) }
    if line.text.contains("[rip"), let target = line.target { result.append("data 0x" + String(target, radix: 16)) }
    if let access = function.accesses.first(where: { Int($0.codeOffset) == line.offset }) {
      result.append("memory \(access.memory)")
    }
    let end = UInt32(line.offset + line.length)
    if let site = function.sites.first(where: { $0.codeOffset == end }) {
      if let kind = site.trap {
        result.append("trap \(kind)")
        if site.width > 0 { result.append("memory \(site.memory)") }
      } else if site.isTrap {
        result.append("trap of the runtime")
      }
    }
    if step?.operation == .callRuntime, line.text.hasPrefix("call"), let word = Self.displacement(line.text, of: "r11"),
      let entry = RuntimeEntry(rawValue: Int64(word / 8))
    {
      result.append("runtime \(entry)")
    }
    return result
  }

  /// The displacement of an operand `[register+…]` without an index.
  private static func displacement(_ text: String, of register: String) -> Int? {
    guard let open = text.firstIndex(of: "[") else { return nil }
    let rest = text[text.index(after: open)...]
    guard rest.hasPrefix(register), let close = rest.firstIndex(of: "]") else { return nil }
    let displacement = rest[rest.index(rest.startIndex, offsetBy: register.count)..<close]
    if displacement.isEmpty { return 0 }
    return displacement.hasPrefix("+0x") ? Int(displacement.dropFirst(3), radix: 16) : nil
  }

  private func contextOffset(_ text: String) -> Int? { Self.displacement(text, of: "r15") }

  private mutating func printData(from start: Int) {
    guard start < function.code.count else { return }
    text += "data:\n"
    for row in stride(from: start, to: function.code.count, by: 16) {
      let bytes = function.code[row..<min(function.code.count, row + 16)]
      text += "  " + Self.padded(String(row, radix: 16), 5, left: true) + "  "
      text += bytes.map { Self.padded(String($0, radix: 16), 2, left: true, with: "0") }.joined() + "\n"
    }
  }
}

extension ContextLayout {
  /// What is at an offset of a context.
  func describe(_ offset: Int) -> String? {
    switch offset {
    case VMContext.storeOffset: return "store"
    case VMContext.instanceOffset: return "instance"
    case VMContext.tablesOffset: return "tables"
    case VMContext.trapExitOffset: return "trap exit"
    case ..<VMContext.headerSize: return nil
    default: break
    }
    if offset < tableRecords {
      let (index, field) = (offset - memory(0)).quotientAndRemainder(dividingBy: VMContext.memoryRecordSize)
      let fields = [0: "base", 8: "byte count", 16: "writable byte count"]
      return fields[field].map { "memory \(index) \($0)" }
    }
    if tableCount > 0, offset < table(tableCount) {
      let (index, field) = (offset - table(0)).quotientAndRemainder(dividingBy: VMContext.tableRecordSize)
      return "table \(index) " + (field == 0 ? "elements" : "count")
    }
    if offset >= definedGlobal(importedGlobalCount), offset < definedGlobal(globalCount) {
      return "global \((offset - definedGlobal(importedGlobalCount)) / VMContext.globalSize + importedGlobalCount)"
    }
    if offset >= importedGlobal(0), offset < importedGlobal(importedGlobalCount) {
      return "global \((offset - importedGlobal(0)) / 8)"
    }
    if offset >= importedFunction(0), offset < importedFunction(importedFunctionCount) {
      return "function \((offset - importedFunction(0)) / 8)"
    }
    if offset >= tag(0), offset < tag(tagCount) { return "tag \((offset - tag(0)) / 8)" }
    let first = functionRecord(importedFunctionCount)
    if offset >= first, offset < size {
      return "function \((offset - first) / FunctionRecord.size + importedFunctionCount)"
    }
    return nil
  }
}
