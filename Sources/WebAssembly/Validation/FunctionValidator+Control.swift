// Control instructions (Core 3.0, 3.4.3).

extension FunctionValidator {
  @inline(never)
  mutating func control(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .block: try enter(.block, instruction.blockType)
    case .loop: try enter(.loop, instruction.blockType)
    case .if: try enter(.if, instruction.blockType)
    case .else: try elseBlock()
    case .end: try end()
    case .br:
      try pop(try label(instruction.index))
      stack.markUnreachable()
    case .brIf:
      try pop(.i32)
      let types = try label(instruction.index)
      try pop(types)
      push(types)
    case .brTable: try branchTable(instruction)
    case .return:
      try pop(frames[0].signature.results)
      stack.markUnreachable()
    case .call:
      let signature = try function(instruction.index)
      try pop(signature.parameters)
      push(signature.results)
    case .callIndirect: try indirect(instruction, isTail: false)
    case .callRef: try callReference(instruction, isTail: false)
    case .returnCall: try tailCall(try function(instruction.index))
    case .returnCallIndirect: try indirect(instruction, isTail: true)
    case .returnCallRef: try callReference(instruction, isTail: true)
    case .throw:
      try pop(try tag(instruction.index).parameters)
      stack.markUnreachable()
    case .throwRef:
      try pop(.exceptionReference)
      stack.markUnreachable()
    case .tryTable: try tryTable(instruction)
    default: try branchOnReference(instruction)
    }
  }

  // MARK: Blocks

  private mutating func enter(_ kind: ControlFrame.Kind, _ type: BlockType) throws(ModuleError) {
    let signature = try blockSignature(type)
    if kind == .if { try pop(.i32) }
    if signature.parameters.count > 0 { try pop(signature.parameters) }
    guard frames.count <= context.limits.nesting else {
      throw ModuleError(
        .limitExceeded, "blocks nested more than \(context.limits.nesting) deep", at: instructionOffset)
    }
    frames.append(
      ControlFrame(
        kind: kind, signature: signature, outerBase: UInt32(truncatingIfNeeded: stack.base),
        outerIsUnreachable: stack.isUnreachable, initializations: UInt32(truncatingIfNeeded: initializations.count)))
    stack.base = stack.height
    stack.isUnreachable = false
    blockCount &+= 1
    if frames.count - 1 > maximumNesting { maximumNesting = frames.count - 1 }
    if signature.parameters.count > 0 { push(signature.parameters) }
  }

  private mutating func blockSignature(_ type: BlockType) throws(ModuleError) -> Signature {
    switch type {
    case .empty:
      return .empty
    case .value(let type):
      if type.rawValue <= 5 {
        if type == .v128 { try context.check(type, typeCount: 0, at: instructionOffset) }
        return Signature(parameters: .empty, results: TypeRange(start: type.rawValue, count: 1))
      }
      try context.check(type, typeCount: context.canonicalTypes.count, at: instructionOffset)
      let canonical = context.canonical(type)
      // Blocks with the same result often follow each other.
      if types.count > context.signatureTypes.count, types[types.count - 1] == canonical {
        return Signature(parameters: .empty, results: TypeRange(start: UInt32(types.count - 1), count: 1))
      }
      types.append(canonical)
      return Signature(parameters: .empty, results: TypeRange(start: UInt32(types.count - 1), count: 1))
    case .type(let index):
      let signature = try functionType(index)
      if !context.features.contains(.multiValue) {
        throw invalid("invalid result arity: block type \(index) needs the feature multi-value")
      }
      firstUses.note(.multiValue, at: UInt32(truncatingIfNeeded: instructionOffset))
      return signature
    }
  }

  /// Checks that a block leaves its results and nothing else, and takes them.
  private mutating func leave(_ frame: ControlFrame) throws(ModuleError) {
    let results = frame.signature.results
    var index = Int(results.start) + Int(results.count)
    while index > Int(results.start) {
      index -= 1
      guard take(types[index]) else { throw leftover(frame) }
    }
    guard stack.height == stack.base else { throw leftover(frame) }
  }

  @inline(never)
  private func leftover(_ frame: ControlFrame) -> ModuleError {
    let base = min(stack.base, instructionHeight)
    var found = context.list(stack.types[base..<instructionHeight])
    if stack.isUnreachable { found = "[..." + (found == "[]" ? "" : " ") + found.dropFirst() }
    let required = context.list(types[slice(frame.signature.results)])
    return invalid("type mismatch: \(frame.kind.name) requires \(required) at its end but stack has \(found)")
  }

  /// Forgets which locals were initialized within a block.
  private mutating func resetInitializations(_ frame: ControlFrame) {
    while initializations.count > Int(frame.initializations) {
      guard let index = initializations.popLast() else { return }
      locals[Int(index)] = ValueType(rawValue: locals[Int(index)].rawValue | Self.uninitialized)
    }
  }

  private mutating func elseBlock() throws(ModuleError) {
    guard let frame = frames.last, frame.kind == .if else {
      throw ModuleError(.malformed, "END opcode expected", at: instructionOffset)
    }
    try leave(frame)
    resetInitializations(frame)
    frames[frames.count - 1].kind = .else
    stack.isUnreachable = false
    push(frame.signature.parameters)
  }

  private mutating func end() throws(ModuleError) {
    guard let frame = frames.last else { return }
    try leave(frame)
    if frame.kind == .if { try requireNoElse(frame.signature) }
    if initializations.count > Int(frame.initializations) { resetInitializations(frame) }
    frames.removeLast()
    stack.base = Int(frame.outerBase)
    stack.isUnreachable = frame.outerIsUnreachable
    push(frame.signature.results)
  }

  /// An `if` without `else` leaves its parameters as its results.
  private func requireNoElse(_ signature: Signature) throws(ModuleError) {
    var matches = signature.parameters.count == signature.results.count
    for (parameter, result) in zip(slice(signature.parameters), slice(signature.results)) where matches {
      matches = self.matches(types[parameter], types[result])
    }
    guard matches else {
      throw invalid(
        "type mismatch: if without else requires its parameters \(context.list(types[slice(signature.parameters)]))"
          + " to match its results \(context.list(types[slice(signature.results)]))")
    }
  }

  // MARK: Branches

  /// What a branch to a label takes along.
  private func label(_ index: UInt32) throws(ModuleError) -> TypeRange {
    guard Int(index) < frames.count else { throw invalid("unknown label \(index): there are \(frames.count)") }
    return frames[frames.count - 1 - Int(index)].label
  }

  private mutating func branchTable(_ instruction: Instruction) throws(ModuleError) {
    guard instruction.vectorCount <= context.limits.branchTableTargets else {
      throw ModuleError(
        .limitExceeded,
        "br_table with \(instruction.vectorCount) targets, the limit is \(context.limits.branchTableTargets)",
        at: instructionOffset)
    }
    try pop(.i32)
    let defaultTypes = try label(instruction.index)
    var labels = reader.reader
    labels.position = instruction.vectorOffset
    var previous: UInt32?
    // Long lists of types are looked at once.
    var checked: Set<UInt32> = []
    for _ in 0..<instruction.vectorCount {
      let index = try labels.u32()
      if index == previous { continue }
      previous = index
      let types = try label(index)
      guard types.count == defaultTypes.count else {
        throw invalid(
          "type mismatch: br_table's label \(index) requires \(context.list(self.types[slice(types)])) but its default "
            + "label requires \(context.list(self.types[slice(defaultTypes)]))")
      }
      if types.count > 8, !checked.insert(types.start).inserted { continue }
      guard topMatches(types) else { throw mismatch(Array(self.types[slice(types)])) }
    }
    try pop(defaultTypes)
    stack.markUnreachable()
  }

  /// br_on_null, br_on_non_null, br_on_cast and br_on_cast_fail.
  private mutating func branchOnReference(_ instruction: Instruction) throws(ModuleError) {
    let types = try label(instruction.index)
    switch instruction.opcode {
    case .brOnNull:
      let reference = try popReference()
      try pop(types)
      push(types)
      stack.push(.reference(reference.heapType, nullable: false))
    case .brOnNonNull:
      let reference = try popReference()
      try popForLabel(types, .reference(reference.heapType, nullable: false))
    default:
      let source = try castType(instruction.castSource)
      let target = try castType(instruction.castTarget)
      guard context.registry.matches(target, source) else {
        throw invalid(
          "type mismatch: the target \(context.list([.reference(target)])) of a cast must match its source "
            + context.list([.reference(source)]))
      }
      // What is left of the source where the cast fails: a null that the target takes does not get there.
      let difference = ReferenceType(
        isNullable: source.isNullable && !target.isNullable, heapType: source.heapType)
      try pop(.reference(source))
      let isFail = instruction.opcode == .brOnCastFail
      try popForLabel(types, .reference(isFail ? difference : target))
      stack.push(.reference(isFail ? target : difference))
    }
  }

  /// A branch that adds a reference to the operands: the label's last type must be one that it matches.
  private mutating func popForLabel(_ label: TypeRange, _ reference: ValueType) throws(ModuleError) {
    guard label.count > 0, matches(reference, types[Int(label.start) + Int(label.count) - 1]) else {
      throw invalid(
        "type mismatch: the branch passes \(context.list([reference])) but the label requires "
          + context.list(types[slice(label)]))
    }
    let rest = TypeRange(start: label.start, count: label.count - 1)
    try pop(rest)
    push(rest)
  }

  private func castType(_ type: ReferenceType) throws(ModuleError) -> ReferenceType {
    try context.check(type.heapType, typeCount: context.canonicalTypes.count, at: instructionOffset)
    return context.registry.canonical(type, map: context.canonicalTypes)
  }

  // MARK: Calls

  func functionType(_ index: UInt32) throws(ModuleError) -> Signature {
    guard Int(index) < context.signatures.count else {
      throw invalid("unknown type \(index): there are \(context.signatures.count)")
    }
    let signature = context.signatures[Int(index)]
    guard signature.isFunction else { throw invalid("type mismatch: type \(index) is not a function type") }
    return signature
  }

  private func function(_ index: UInt32) throws(ModuleError) -> Signature {
    guard Int(index) < context.spaces.functions.count else {
      throw invalid("unknown function \(index): there are \(context.spaces.functions.count)")
    }
    return context.signatures[Int(context.spaces.functions[Int(index)])]
  }

  private func tag(_ index: UInt32) throws(ModuleError) -> Signature {
    guard Int(index) < context.spaces.tags.count else {
      throw invalid("unknown tag \(index): there are \(context.spaces.tags.count)")
    }
    return context.signatures[Int(context.spaces.tags[Int(index)])]
  }

  private mutating func tailCall(_ signature: Signature) throws(ModuleError) {
    try pop(signature.parameters)
    let results = signature.results
    let own = frames[0].signature.results
    var matches = results.count == own.count
    for (result, expected) in zip(slice(results), slice(own)) where matches {
      matches = self.matches(types[result], types[expected])
    }
    guard matches else {
      throw invalid(
        "type mismatch: the function returns \(context.list(types[slice(own)])) but the callee of its tail call "
          + context.list(types[slice(results)]))
    }
    stack.markUnreachable()
  }

  private mutating func indirect(_ instruction: Instruction, isTail: Bool) throws(ModuleError) {
    guard Int(instruction.index2) < context.tables.count else {
      throw invalid("unknown table \(instruction.index2): there are \(context.tables.count)")
    }
    let table = context.tables[Int(instruction.index2)]
    guard table.element == .functionReference || matches(table.element, .functionReference) else {
      throw invalid(
        "type mismatch: an indirect call requires a table of functions but table \(instruction.index2) is of "
          + context.name(canonical: table.element))
    }
    let signature = try functionType(instruction.index)
    try pop(table.address)
    try finishCall(signature, isTail: isTail)
  }

  private mutating func callReference(_ instruction: Instruction, isTail: Bool) throws(ModuleError) {
    let signature = try functionType(instruction.index)
    try pop(.reference(.concrete(context.canonicalTypes[Int(instruction.index)]), nullable: true))
    try finishCall(signature, isTail: isTail)
  }

  private mutating func finishCall(_ signature: Signature, isTail: Bool) throws(ModuleError) {
    if isTail { return try tailCall(signature) }
    try pop(signature.parameters)
    push(signature.results)
  }

  // MARK: Exceptions

  private mutating func tryTable(_ instruction: Instruction) throws(ModuleError) {
    // The labels of the clauses are those outside of the block.
    for clause in reader.catchClauses(of: instruction) {
      let label = try label(clause.label)
      var passed: [ValueType] = []
      if clause.kind.hasTag { passed = Array(types[slice(try tag(clause.tag).parameters)]) }
      if clause.kind.pushesReference { passed.append(.reference(.exception, nullable: false)) }
      var matches = passed.count == Int(label.count)
      for (type, expected) in zip(passed, slice(label)) where matches {
        matches = self.matches(type, types[expected])
      }
      guard matches else {
        throw invalid(
          "type mismatch: the catch clause passes \(context.list(passed)) but label \(clause.label) requires "
            + context.list(types[slice(label)]))
      }
    }
    try enter(.tryTable, instruction.blockType)
  }
}
