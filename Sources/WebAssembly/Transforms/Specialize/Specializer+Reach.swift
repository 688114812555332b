extension Specializer {
  mutating func survey(_ function: UInt32) throws(TransformError) -> FunctionSurvey {
    if let survey = surveys[function] { return survey }
    do throws(ModuleError) {
      let body = old.bodies[Int(function) - spaces.importedFunctionCount]
      let survey = try FunctionSurvey(body, of: old, spaces)
      surveys[function] = survey
      return survey
    } catch {
      throw TransformError(error)
    }
  }

  /// All defined functions that can be reached by direct calls, in the order in which they are found.
  mutating func reached(from roots: [UInt32]) throws(TransformError) -> [UInt32] {
    var isReached = [Bool](repeating: false, count: spaces.functions.count)
    var order: [UInt32] = []
    func note(_ function: UInt32) {
      guard Int(function) >= spaces.importedFunctionCount, !isReached[Int(function)] else { return }
      isReached[Int(function)] = true
      order.append(function)
    }
    for root in roots { note(root) }
    var next = 0
    while next < order.count {
      for callee in try survey(order[next]).callees { note(callee) }
      next += 1
    }
    return order
  }

  /// Which of the functions do something that is not the same in a copy, themselves or through what they call.
  func changing(_ functions: [UInt32], memories: [UInt32]) -> [Bool] {
    var callers = [UInt32: [UInt32]]()
    var isChanging = [Bool](repeating: false, count: spaces.functions.count)
    var pending: [UInt32] = []
    for function in functions {
      guard let survey = surveys[function] else { continue }
      for callee in survey.callees { callers[callee, default: []].append(function) }
      let changes = survey.memories.indices.contains { survey.memories[$0] && memories[$0] != UInt32($0) }
      if changes {
        isChanging[Int(function)] = true
        pending.append(function)
      }
    }
    while let function = pending.popLast() {
      for caller in callers[function] ?? [] where !isChanging[Int(caller)] {
        isChanging[Int(caller)] = true
        pending.append(caller)
      }
    }
    return isChanging
  }

  /// Refuses, or notes, what a copy of a function would not do as it should.
  ///
  /// - Parameter isCopied: whether a function is copied.
  mutating func check(
    _ function: UInt32, memories: [UInt32], isCopied: (UInt32) -> Bool
  ) throws(TransformError) {
    guard let survey = surveys[function] else { return }
    func changes(_ memory: Int) -> Bool { memories[memory] != UInt32(memory) }
    if let offset = survey.indirectCall {
      guard options.allowsIndirectCalls else {
        throw TransformError(
          "\(describe(function)) calls through a table or a reference (at offset \(hexadecimal(offset))): what it calls "
            + "would keep working on the memories that it has", remedy: .indirectCalls)
      }
      note("\(describe(function)) calls through a table or a reference: what it calls keeps its memories")
    }
    for callee in survey.callees where Int(callee) < spaces.importedFunctionCount {
      guard options.allowsImports else {
        throw TransformError(
          "\(describe(function)) calls the import \(importName(callee)): it would keep working on the memories that it "
            + "knows", remedy: .imports)
      }
      note("\(describe(function)) calls the import \(importName(callee)), which keeps its memories")
    }
    guard isCopied(function) else { return }
    for memory in survey.sizes.indices where survey.sizes[memory] && changes(memory) {
      let (source, target) = (spaces.memories[memory], spaces.memories[Int(memories[memory])])
      guard source.pageSizeLog2 == target.pageSizeLog2 else {
        throw TransformError(
          "\(describe(function)) asks for the size of memory \(memory) or grows it, whose pages are not of the size of "
            + "those of memory \(memories[memory])")
      }
    }
    if let stackPointer, survey.globals.contains(stackPointer), options.stack == .refused {
      let name = names.name(of: .global, stackPointer) ?? "\(stackPointer)"
      throw TransformError(
        "\(describe(function)) keeps variables on the stack of global '\(name: name)', which would lie in the other memory",
        remedy: .stack)
    }
    for referenced in survey.references where isCopied(referenced) {
      note("\(describe(function)) takes a reference to \(describe(referenced)), which keeps its memories")
    }
  }

  func importName(_ function: UInt32) -> String {
    guard Int(function) < functionImports.count else { return "\(function)" }
    let item = functionImports[Int(function)]
    return "\(quoted: item.module) \(quoted: item.name)"
  }
}
