// Operands and errors about them.

extension FunctionValidator {
  // MARK: Taking

  /// Takes one operand of a type; false where there is none or of another type.
  @inline(__always)
  mutating func take(_ expected: ValueType) -> Bool {
    if stack.height > stack.base {
      let actual = stack.types[stack.height &- 1]
      guard actual == expected || matches(actual, expected) else { return false }
      stack.height &-= 1
      return true
    }
    return stack.isUnreachable
  }

  @inline(never)
  func matches(_ a: ValueType, _ b: ValueType) -> Bool { context.registry.matches(a, b) }

  mutating func pop(_ type: ValueType) throws(ModuleError) {
    instructionHeight = stack.height
    guard take(type) else { throw mismatch([type]) }
  }

  mutating func pop(_ first: ValueType, _ second: ValueType) throws(ModuleError) {
    instructionHeight = stack.height
    guard take(second), take(first) else { throw mismatch([first, second]) }
  }

  mutating func pop(_ first: ValueType, _ second: ValueType, _ third: ValueType) throws(ModuleError) {
    instructionHeight = stack.height
    guard take(third), take(second), take(first) else { throw mismatch([first, second, third]) }
  }

  mutating func pop(_ types: [ValueType]) throws(ModuleError) {
    instructionHeight = stack.height
    for type in types.reversed() {
      guard take(type) else { throw mismatch(types) }
    }
  }

  /// Takes operands of the types in a range of ``types``, the last one first.
  mutating func pop(_ range: TypeRange) throws(ModuleError) {
    instructionHeight = stack.height
    var index = Int(range.start) + Int(range.count)
    while index > Int(range.start) {
      index -= 1
      guard take(types[index]) else { throw mismatch(Array(types[slice(range)])) }
    }
  }

  /// Takes any operand.
  mutating func popAny() throws(ModuleError) -> ValueType {
    if stack.height > stack.base {
      stack.height -= 1
      return stack.types[stack.height]
    }
    guard stack.isUnreachable else {
      throw invalid("type mismatch: instruction requires another operand but stack has []")
    }
    return .bottom
  }

  /// Takes any reference. In unreachable code it can be of the bottom heap type (Core 3.0, A.3).
  mutating func popReference() throws(ModuleError) -> ReferenceType {
    let type = try popAny()
    if type == .bottom { return ReferenceType(isNullable: false, heapType: .bottom) }
    guard let reference = type.referenceType else {
      throw invalid("type mismatch: instruction requires [a reference] but stack has \(context.list([type]))")
    }
    return reference
  }

  mutating func push(_ range: TypeRange) {
    for index in slice(range) { stack.push(types[index]) }
  }

  /// Whether the operands on top match types, without taking them.
  func topMatches(_ range: TypeRange) -> Bool {
    var position = stack.height
    for index in slice(range).reversed() {
      guard position > stack.base else { return stack.isUnreachable }
      position -= 1
      let actual = stack.types[position]
      guard actual == types[index] || matches(actual, types[index]) else { return false }
    }
    return true
  }

  func slice(_ range: TypeRange) -> Range<Int> { Int(range.start)..<Int(range.start) + Int(range.count) }

  // MARK: Errors

  @inline(never)
  func invalid(_ message: String) -> ModuleError { ModuleError(.invalid, message, at: instructionOffset) }

  /// The operands are not those required. The stack is shown as it was before they were taken, as far as it matters.
  @inline(never)
  func mismatch(_ required: [ValueType], by subject: String = "instruction") -> ModuleError {
    let base = min(stack.base, instructionHeight)
    let start = max(base, instructionHeight - required.count)
    var found = context.list(stack.types[start..<instructionHeight])
    if stack.isUnreachable && instructionHeight - start < required.count {
      found = "[..." + (found == "[]" ? "" : " ") + found.dropFirst()
    }
    return invalid("type mismatch: \(subject) requires \(context.list(required)) but stack has \(found)")
  }
}
