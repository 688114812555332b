/// Types in the text format (Core 3.0, 6.4).
extension TextPrinter {
  mutating func recursionGroup(_ group: RecursionGroup) {
    let isExplicit = group.isExplicit || group.range.count != 1
    if isExplicit { write("  (rec\n") }
    for index in group.range {
      write(isExplicit ? "    " : "  ")
      write("(type")
      bindingIdentifier(.type, UInt32(truncatingIfNeeded: index))
      write(" ")
      subType(source.types[index], index: UInt32(truncatingIfNeeded: index))
      write(")\n")
    }
    if isExplicit { write("  )\n") }
  }

  private mutating func subType(_ type: SubType, index number: UInt32) {
    let isPlain = type.isFinal && type.supertypes.isEmpty
    if !isPlain {
      write(type.isFinal ? "(sub final" : "(sub")
      for supertype in type.supertypes { index(.type, supertype) }
      write(" ")
    }
    switch type.composite {
    case .function(let type):
      write("(func")
      valueTypes(type.parameters, keyword: "param")
      valueTypes(type.results, keyword: "result")
      write(")")
    case .structure(let fields):
      write("(struct")
      for (position, field) in fields.enumerated() {
        write(" (field ")
        if self.fields[number]?.write(UInt32(truncatingIfNeeded: position), &output) == true { write(" ") }
        fieldType(field)
        write(")")
      }
      write(")")
    case .array(let field):
      write("(array ")
      fieldType(field)
      write(")")
    }
    if !isPlain { write(")") }
  }

  private mutating func fieldType(_ field: FieldType) {
    if field.isMutable { write("(mut ") }
    switch field.storage {
    case .i8: write("i8")
    case .i16: write("i16")
    case .value(let type): valueType(type)
    }
    if field.isMutable { write(")") }
  }

  /// ` (param …)`, or nothing where there are none.
  mutating func valueTypes(_ types: [ValueType], keyword: String) {
    guard !types.isEmpty else { return }
    write(" (")
    write(keyword)
    for type in types {
      write(" ")
      valueType(type)
    }
    write(")")
  }

  mutating func valueType(_ type: ValueType) {
    switch type {
    case .i32: write("i32")
    case .i64: write("i64")
    case .f32: write("f32")
    case .f64: write("f64")
    case .v128: write("v128")
    default: if let type = type.referenceType { referenceType(type) }
    }
  }

  mutating func referenceType(_ type: ReferenceType) {
    if type.isNullable && type.heapType.typeIndex == nil { return write(type.description) }
    write(type.isNullable ? "(ref null" : "(ref")
    heapType(type.heapType)
    write(")")
  }

  /// A space and a heap type.
  mutating func heapType(_ type: HeapType) {
    if let number = type.typeIndex { return index(.type, number) }
    write(" ")
    write(type.description)
  }

  /// `(type x)` and what the type says about parameters and results, for people.
  mutating func typeUse(_ type: UInt32) { functionType(type, hasNames: false) }

  /// A type use whose parameters bear the names of ``locals`` if `hasNames`.
  mutating func functionType(_ type: UInt32, hasNames: Bool) {
    write("(type")
    index(.type, type)
    write(")")
    guard let function = definedFunctionType(type) else { return }
    if hasNames && !locals.isEmpty {
      namedTypes(function.parameters, from: 0, keyword: "param")
    } else {
      valueTypes(function.parameters, keyword: "param")
    }
    valueTypes(function.results, keyword: "result")
  }

  func definedFunctionType(_ type: UInt32) -> FunctionType? {
    source.types.indices.contains(Int(type)) ? source.types[Int(type)].functionType : nil
  }

  /// Declarations of parameters or locals: one for each that has a name, one for each run of those without.
  mutating func namedTypes(_ types: [ValueType], from first: UInt32, keyword: String) {
    var isOpen = false
    for (offset, type) in types.enumerated() {
      let local = first &+ UInt32(truncatingIfNeeded: offset)
      if locals.has(local) {
        if isOpen { write(")") }
        isOpen = false
        write(" (")
        write(keyword)
        write(" ")
        _ = locals.write(local, &output)
        write(" ")
        valueType(type)
        write(")")
      } else {
        if !isOpen {
          write(" (")
          write(keyword)
        }
        isOpen = true
        write(" ")
        valueType(type)
      }
    }
    if isOpen { write(")") }
  }

  mutating func tableType(_ type: TableType) {
    if type.addressType == .i64 { write("i64 ") }
    limits(type.limits)
    write(" ")
    referenceType(type.element)
  }

  mutating func memoryType(_ type: MemoryType) {
    if type.addressType == .i64 { write("i64 ") }
    limits(type.limits)
    if type.isShared { write(" shared") }
    if type.pageSizeLog2 != 16 {
      write(" (pagesize ")
      decimal(type.pageSize)
      write(")")
    }
  }

  private mutating func limits(_ limits: Limits) {
    decimal(limits.minimum)
    guard let maximum = limits.maximum else { return }
    write(" ")
    decimal(maximum)
  }

  mutating func globalType(_ type: GlobalType) {
    if type.isMutable { write("(mut ") }
    valueType(type.value)
    if type.isMutable { write(")") }
  }
}
