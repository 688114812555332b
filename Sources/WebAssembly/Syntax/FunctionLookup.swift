/// Finds the functions of a module by name.
public struct FunctionLookup: Sendable {
  private var byExport: [ExactName: UInt32] = [:]
  private var byName: [ExactName: UInt32] = [:]
  private var exportNames: [UInt32: String] = [:]

  public init(_ module: Module, _ names: Names) {
    for export in module.exports where export.kind == .function {
      if byExport[ExactName(export.name)] == nil { byExport[ExactName(export.name)] = export.index }
      if exportNames[export.index] == nil { exportNames[export.index] = export.name }
    }
    for (_, index, name) in names.names(of: .function) where byName[ExactName(name)] == nil {
      byName[ExactName(name)] = index
    }
  }

  /// The function that is exported under a name.
  public func exported(as name: String) -> UInt32? { byExport[ExactName(name)] }

  /// The first function that has a name in the name section.
  public func named(_ name: String) -> UInt32? { byName[ExactName(name)] }

  /// The first name under which a function is exported.
  public func exportName(of function: UInt32) -> String? { exportNames[function] }
}
