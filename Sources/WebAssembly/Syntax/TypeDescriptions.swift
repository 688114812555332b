// Types as messages and tools write them: in the notation of the text format (Core 3.0, 6.4).

extension HeapType: CustomStringConvertible {
  public var description: String {
    if let typeIndex { return "\(typeIndex)" }
    return switch self {
    case .function: "func"
    case .noFunction: "nofunc"
    case .external: "extern"
    case .noExternal: "noextern"
    case .any: "any"
    case .none: "none"
    case .eq: "eq"
    case .i31: "i31"
    case .structure: "struct"
    case .array: "array"
    case .exception: "exn"
    case .noException: "noexn"
    default: "bot"
    }
  }
}

extension ReferenceType: CustomStringConvertible {
  public var description: String {
    guard isNullable else { return "(ref \(heapType))" }
    return switch heapType {
    case .noFunction: "nullfuncref"
    case .noExternal: "nullexternref"
    case .noException: "nullexnref"
    case .none: "nullref"
    case .bottom: "(ref null bot)"
    default: heapType.typeIndex == nil ? "\(heapType)ref" : "(ref null \(heapType))"
    }
  }
}

extension ValueType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .i32: "i32"
    case .i64: "i64"
    case .f32: "f32"
    case .f64: "f64"
    case .v128: "v128"
    default: referenceType?.description ?? "bot"
    }
  }
}

extension FunctionType: CustomStringConvertible {
  /// Parameters and results, each in brackets: `[i32 i32] -> [i64]`.
  public var description: String {
    let parameters = parameters.map(\.description).joined(separator: " ")
    let results = results.map(\.description).joined(separator: " ")
    return "[\(parameters)] -> [\(results)]"
  }
}

extension FieldType: CustomStringConvertible {
  public var description: String {
    let text =
      switch storage {
      case .i8: "i8"
      case .i16: "i16"
      case .value(let type): type.description
      }
    return isMutable ? "(mut \(text))" : text
  }
}

extension CompositeType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .function(let type): "func \(type)"
    case .structure(let fields): "struct {" + fields.map(\.description).joined(separator: ", ") + "}"
    case .array(let field): "array \(field)"
    }
  }
}

extension SubType: CustomStringConvertible {
  public var description: String {
    guard !isFinal || !supertypes.isEmpty else { return composite.description }
    let parents = supertypes.map { " \($0)" }.joined()
    return "sub\(isFinal ? " final" : "")\(parents) \(composite)"
  }
}

extension Limits: CustomStringConvertible {
  public var description: String { maximum.map { "\(minimum) \($0)" } ?? "\(minimum)" }
}

extension MemoryType: CustomStringConvertible {
  public var description: String {
    (addressType == .i64 ? "i64 " : "") + limits.description + (isShared ? " shared" : "")
      + (pageSizeLog2 == 16 ? "" : " (pagesize \(pageSize))")
  }
}

extension TableType: CustomStringConvertible {
  public var description: String { "\(addressType == .i64 ? "i64 " : "")\(limits) \(element)" }
}

extension GlobalType: CustomStringConvertible {
  public var description: String { isMutable ? "(mut \(value))" : value.description }
}

extension ExternalKind: CustomStringConvertible {
  /// The word of the specification.
  public var description: String {
    switch self {
    case .function: "function"
    case .table: "table"
    case .memory: "memory"
    case .global: "global"
    case .tag: "tag"
    }
  }
}
