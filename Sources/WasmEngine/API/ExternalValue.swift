import WebAssembly

/// The type of an import or export (Core 3.0, 2.3.17).
public enum ExternalType: Hashable, Sendable {
  case function(FunctionType)
  case table(TableType)
  case memory(MemoryType)
  case global(GlobalType)
  /// With the payload as parameters.
  case tag(FunctionType)

  public var kind: ExternalKind {
    switch self {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }
}

extension ExternalType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .function(let type): "function \(type)"
    case .table(let type): "table \(type)"
    case .memory(let type): "memory \(type)"
    case .global(let type): "global \(type)"
    case .tag(let type): "tag \(type)"
    }
  }
}

/// Something that can be imported and exported (Core 3.0, 4.2.12).
public enum ExternalValue {
  case function(Function)
  case table(Table)
  case memory(Memory)
  case global(Global)
  case tag(Tag)

  public var kind: ExternalKind {
    switch self {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }

  /// Its type now: of memories and tables with the current size as the minimum.
  public var type: ExternalType {
    switch self {
    case .function(let function): .function(function.type)
    case .table(let table): .table(table.type)
    case .memory(let memory): .memory(memory.type)
    case .global(let global): .global(global.type)
    case .tag(let tag): .tag(tag.type)
    }
  }

  var store: Store {
    switch self {
    case .function(let function): function.store
    case .table(let table): table.store
    case .memory(let memory): memory.store
    case .global(let global): global.store
    case .tag(let tag): tag.store
    }
  }
}
