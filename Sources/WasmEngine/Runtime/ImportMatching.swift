import WebAssembly

/// Compares imports with what a module asks for (Core 3.0, 4.5.2), by canonical types and current sizes.
struct ImportMatching {
  private let module: CompiledModule
  private let engine: Engine

  init(_ module: CompiledModule, _ engine: Engine) {
    self.module = module
    self.engine = engine
  }

  func check(_ imports: [ExternalValue]) throws(LinkError) {
    var counts = [Int](repeating: 0, count: ExternalKind.allCases.count)
    for (position, value) in imports.enumerated() {
      let item = module.module.imports[position]
      let kind = item.type.kind
      let index = counts[Int(kind.rawValue)]
      counts[Int(kind.rawValue)] += 1
      guard matches(value, kind, index) else {
        throw LinkError(
          kind: .incompatibleImportType, module: item.module, name: item.name,
          expected: "\(module.type(kind, index))", actual: "\(value.type)")
      }
    }
  }

  private func matches(_ value: ExternalValue, _ kind: ExternalKind, _ index: Int) -> Bool {
    guard value.kind == kind else { return false }
    let spaces = module.spaces
    switch value {
    case .function(let function): return engine.isSubtype(function.record.typeID, of: spaces.functions[index])
    case .memory(let memory): return memory.type.matches(spaces.memories[index])
    case .tag(let tag): return tag.instance.typeID == spaces.tags[index]
    case .table(let table):
      let actual = table.type
      let expected = spaces.tables[index]
      return actual.addressType == expected.addressType && actual.limits.matches(expected.limits)
        && actual.element == expected.element
    case .global(let global):
      let actual = global.type
      let expected = spaces.globals[index]
      guard actual.isMutable == expected.isMutable else { return false }
      return actual.isMutable ? actual.value == expected.value : engine.matches(actual.value, expected.value)
    }
  }
}
