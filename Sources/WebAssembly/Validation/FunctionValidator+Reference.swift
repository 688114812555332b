// Reference and aggregate instructions (Core 3.0, 3.4.6 and 3.4.7).

extension FunctionValidator {
  @inline(never)
  mutating func reference(_ instruction: Instruction) throws(ModuleError) {
    switch instruction.opcode {
    case .refNull:
      stack.push(.reference(try heapType(instruction.heapType), nullable: true))
    case .refFunc:
      try referenceFunction(instruction.index)
    case .refIsNull:
      _ = try popReference()
      stack.push(.i32)
    case .refAsNonNull:
      let reference = try popReference()
      stack.push(.reference(reference.heapType, nullable: false))
    case .refEq:
      try pop(.reference(.eq, nullable: true), .reference(.eq, nullable: true))
      stack.push(.i32)
    case .refTest, .refTestNullable:
      let type = try heapType(instruction.heapType)
      try pop(.reference(top(of: type), nullable: true))
      stack.push(.i32)
    case .refCast, .refCastNullable:
      let type = try heapType(instruction.heapType)
      try pop(.reference(top(of: type), nullable: true))
      stack.push(.reference(type, nullable: instruction.opcode == .refCastNullable))
    case .refI31:
      try pop(.i32)
      stack.push(.reference(.i31, nullable: false))
    case .i31GetS, .i31GetU:
      try pop(.reference(.i31, nullable: true))
      stack.push(.i32)
    case .anyConvertExtern:
      try convert(from: .external, to: .any)
    case .externConvertAny:
      try convert(from: .any, to: .external)
    case .structNew, .structNewDefault, .structGet, .structGetS, .structGetU, .structSet:
      try structure(instruction)
    default:
      try array(instruction)
    }
  }

  private func heapType(_ type: HeapType) throws(ModuleError) -> HeapType {
    try context.check(type, typeCount: context.canonicalTypes.count, at: instructionOffset)
    return context.registry.canonical(type, map: context.canonicalTypes)
  }

  /// The top of the hierarchy that a heap type is in. Casts take any reference of it.
  private func top(of type: HeapType) -> HeapType {
    let kind = type.typeIndex.map { context.registry.kind($0) } ?? type
    return switch kind {
    case .function, .noFunction: .function
    case .external, .noExternal: .external
    case .exception, .noException: .exception
    default: .any
    }
  }

  private mutating func referenceFunction(_ index: UInt32) throws(ModuleError) {
    guard Int(index) < context.spaces.functions.count else {
      throw invalid("unknown function \(index): there are \(context.spaces.functions.count)")
    }
    if isConstant {
      referencedFunctions.append(index)
    } else if !context.declaredFunctions[Int(index)] {
      throw invalid("undeclared function reference to function \(index)")
    }
    let type = context.canonicalTypes[Int(context.spaces.functions[Int(index)])]
    stack.push(.reference(.concrete(type), nullable: false))
  }

  /// The result is nullable where the operand is.
  private mutating func convert(from source: HeapType, to target: HeapType) throws(ModuleError) {
    let isNullable =
      stack.height > stack.base ? stack.types[stack.height - 1].referenceType?.isNullable ?? false : false
    try pop(.reference(source, nullable: true))
    stack.push(.reference(target, nullable: isNullable))
  }

  // MARK: Structures

  private func composite(_ index: UInt32) throws(ModuleError) -> (type: CompositeType, reference: HeapType) {
    guard Int(index) < context.canonicalTypes.count else {
      throw invalid("unknown type \(index): there are \(context.canonicalTypes.count)")
    }
    let id = context.canonicalTypes[Int(index)]
    return (context.registry.composite(id), .concrete(id))
  }

  private mutating func structure(_ instruction: Instruction) throws(ModuleError) {
    let (type, heapType) = try composite(instruction.index)
    guard case .structure(let fields) = type else {
      throw invalid("type mismatch: type \(instruction.index) is not a structure type")
    }
    switch instruction.opcode {
    case .structNew:
      try pop(fields.map(\.unpacked))
      stack.push(.reference(heapType, nullable: false))
      return
    case .structNewDefault:
      for (index, field) in fields.enumerated() where !field.isDefaultable {
        throw invalid(
          "type mismatch: field \(index) of type \(instruction.index) has the type "
            + "\(context.name(canonical: field.unpacked)), which has no default value")
      }
      stack.push(.reference(heapType, nullable: false))
      return
    default:
      break
    }
    let index = instruction.index2
    guard Int(index) < fields.count else { throw invalid("unknown field \(index): there are \(fields.count)") }
    let field = fields[Int(index)]
    let reference = ValueType.reference(heapType, nullable: true)
    if instruction.opcode == .structSet {
      guard field.isMutable else { throw invalid("immutable field \(index) of type \(instruction.index)") }
      try pop(reference, field.unpacked)
    } else {
      try requirePacking(field, extended: instruction.opcode != .structGet, "field \(index)")
      try pop(reference)
      stack.push(field.unpacked)
    }
  }

  /// Packed fields are read with an extension, others without one.
  private func requirePacking(
    _ field: FieldType, extended: Bool, _ what: @autoclosure () -> String
  ) throws(ModuleError) {
    guard field.isPacked == extended else {
      throw invalid("type mismatch: \(what()) is \(field.isPacked ? "packed" : "unpacked")")
    }
  }

  // MARK: Arrays

  private func arrayType(_ index: UInt32) throws(ModuleError) -> (field: FieldType, reference: HeapType) {
    let (type, heapType) = try composite(index)
    guard case .array(let field) = type else {
      throw invalid("type mismatch: type \(index) is not an array type")
    }
    return (field, heapType)
  }

  private mutating func array(_ instruction: Instruction) throws(ModuleError) {
    if instruction.opcode == .arrayLen {
      try pop(.reference(.array, nullable: true))
      stack.push(.i32)
      return
    }
    let (field, heapType) = try arrayType(instruction.index)
    let reference = ValueType.reference(heapType, nullable: true)
    switch instruction.opcode {
    case .arrayNew:
      try pop(field.unpacked, .i32)
      stack.push(.reference(heapType, nullable: false))
    case .arrayNewDefault:
      guard field.isDefaultable else {
        throw invalid(
          "type mismatch: the elements of type \(instruction.index) have the type "
            + "\(context.name(canonical: field.unpacked)), which has no default value")
      }
      try pop(.i32)
      stack.push(.reference(heapType, nullable: false))
    case .arrayNewFixed:
      try newFixed(instruction, field.unpacked)
      stack.push(.reference(heapType, nullable: false))
    case .arrayNewData:
      try requireData(instruction.index2)
      try requireNumeric(field)
      try pop(.i32, .i32)
      stack.push(.reference(heapType, nullable: false))
    case .arrayNewElem:
      try requireElements(instruction, field)
      try pop(.i32, .i32)
      stack.push(.reference(heapType, nullable: false))
    case .arrayGet, .arrayGetS, .arrayGetU:
      try requirePacking(field, extended: instruction.opcode != .arrayGet, "type \(instruction.index)")
      try pop(reference, .i32)
      stack.push(field.unpacked)
    case .arraySet:
      try requireMutable(field, instruction.index)
      try pop(reference, .i32, field.unpacked)
    case .arrayFill:
      try requireMutable(field, instruction.index)
      try pop([reference, .i32, field.unpacked, .i32])
    case .arrayCopy:
      try copy(instruction, field, reference)
    case .arrayInitData:
      try requireMutable(field, instruction.index)
      try requireData(instruction.index2)
      try requireNumeric(field)
      try pop([reference, .i32, .i32, .i32])
    case .arrayInitElem:
      try requireMutable(field, instruction.index)
      try requireElements(instruction, field)
      try pop([reference, .i32, .i32, .i32])
    default:
      throw invalid("\(instruction.opcode.name) has no rule of validation")
    }
  }

  private mutating func newFixed(_ instruction: Instruction, _ element: ValueType) throws(ModuleError) {
    let count = Int(instruction.index2)
    guard count <= context.limits.arrayNewFixedOperands else {
      throw ModuleError(
        .limitExceeded,
        "array.new_fixed with \(count) operands, the limit is \(context.limits.arrayNewFixedOperands)",
        at: instructionOffset)
    }
    for _ in 0..<count {
      guard take(element) else { throw mismatch(Array(repeating: element, count: count)) }
    }
  }

  private mutating func copy(
    _ instruction: Instruction, _ destination: FieldType, _ reference: ValueType
  ) throws(ModuleError) {
    let (source, sourceHeapType) = try arrayType(instruction.index2)
    try requireMutable(destination, instruction.index)
    let isMatch =
      if case .value(let a) = source.storage, case .value(let b) = destination.storage {
        matches(a, b)
      } else {
        source.storage == destination.storage
      }
    guard isMatch else {
      throw invalid(
        "array types do not match: elements of type \(instruction.index2) cannot be copied to one of type "
          + "\(instruction.index)")
    }
    try pop([reference, .i32, .reference(sourceHeapType, nullable: true), .i32, .i32])
  }

  private func requireMutable(_ field: FieldType, _ index: UInt32) throws(ModuleError) {
    guard field.isMutable else { throw invalid("immutable array type \(index)") }
  }

  private func requireNumeric(_ field: FieldType) throws(ModuleError) {
    guard !field.unpacked.isReference else {
      throw invalid("array type is not numeric or vector: its elements are \(context.name(canonical: field.unpacked))")
    }
  }

  private func requireElements(_ instruction: Instruction, _ field: FieldType) throws(ModuleError) {
    let element = try requireElement(instruction.index2)
    guard case .value(let type) = field.storage, matches(element, type) else {
      throw invalid(
        "type mismatch: elem segment \(instruction.index2) is of \(context.name(canonical: element)) but the array of "
          + context.name(canonical: field.unpacked))
    }
  }
}

extension FieldType {
  var isPacked: Bool { if case .value = storage { false } else { true } }

  /// The type of the field's values on the stack (Core 3.0, 2.3.8).
  var unpacked: ValueType { if case .value(let type) = storage { type } else { .i32 } }

  /// Whether the field has a default value.
  var isDefaultable: Bool { unpacked.referenceType?.isNullable ?? true }
}
