/// The kinds of things that can be imported and exported, by their codes in the binary format.
public enum ExternalKind: UInt8, Hashable, Sendable, CaseIterable {
  case function = 0, table, memory, global, tag
}

/// The type of an import.
public enum ImportType: Hashable, Sendable {
  /// A type index.
  case function(UInt32)
  case table(TableType)
  case memory(MemoryType)
  case global(GlobalType)
  /// A type index.
  case tag(UInt32)

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

/// An import (Core 3.0, 2.5.11).
public struct Import: Hashable, Sendable {
  public var module: String
  public var name: String
  public var type: ImportType

  public init(module: String, name: String, type: ImportType) {
    self.module = module
    self.name = name
    self.type = type
  }
}

/// An export (Core 3.0, 2.5.10).
public struct Export: Hashable, Sendable {
  public var name: String
  public var kind: ExternalKind
  public var index: UInt32

  public init(name: String, kind: ExternalKind, index: UInt32) {
    self.name = name
    self.kind = kind
    self.index = index
  }
}

/// A constant expression, as the range of its bytes in ``Module/bytes``, the final `end` included.
public struct ConstantExpression: Hashable, Sendable {
  public var range: Range<Int>

  public init(range: Range<Int>) { self.range = range }
}

/// A function body, as the range of its bytes in ``Module/bytes``: the local declarations, then the instructions with the
/// final `end`. The size that precedes a body in the code section is not part of it.
public struct FunctionBody: Hashable, Sendable {
  public var range: Range<Int>

  public init(range: Range<Int>) { self.range = range }
}

public struct Table: Hashable, Sendable {
  public var type: TableType
  /// nil stands for null.
  public var initializer: ConstantExpression?

  public init(type: TableType, initializer: ConstantExpression? = nil) {
    self.type = type
    self.initializer = initializer
  }
}

public struct Global: Hashable, Sendable {
  public var type: GlobalType
  public var initializer: ConstantExpression

  public init(type: GlobalType, initializer: ConstantExpression) {
    self.type = type
    self.initializer = initializer
  }
}

/// What a segment does at instantiation (Core 3.0, 2.5.8 and 2.5.9).
public enum SegmentMode: Hashable, Sendable {
  case passive
  /// `index` is the memory of a data segment, the table of an element segment.
  case active(index: UInt32, offset: ConstantExpression)
  /// Element segments only.
  case declarative
}

public struct ElementSegment: Hashable, Sendable {
  public enum Items: Hashable, Sendable {
    case functions([UInt32])
    case expressions([ConstantExpression])

    public var count: Int {
      switch self {
      case .functions(let indices): indices.count
      case .expressions(let expressions): expressions.count
      }
    }
  }

  public var type: ReferenceType
  public var items: Items
  public var mode: SegmentMode

  public init(type: ReferenceType, items: Items, mode: SegmentMode) {
    self.type = type
    self.items = items
    self.mode = mode
  }
}

public struct DataSegment: Hashable, Sendable {
  public var mode: SegmentMode
  /// The range of the contents in ``Module/bytes``.
  public var range: Range<Int>

  public init(mode: SegmentMode, range: Range<Int>) {
    self.mode = mode
    self.range = range
  }
}

/// The sections of a module by their codes in the binary format (Core 3.0, 5.5.2).
public enum SectionID: UInt8, Hashable, Sendable, CaseIterable {
  case custom = 0, type, `import`, function, table, memory, global, export, start, element, code, data, dataCount, tag
}

/// A custom section (Core 3.0, 5.5.3).
public struct CustomSection: Hashable, Sendable {
  public var name: String
  /// The range of the contents after the name in ``Module/bytes``.
  public var range: Range<Int>
  /// The last section that stands before this one and is not custom, or nil at the start of the module.
  public var after: SectionID?

  public init(name: String, range: Range<Int>, after: SectionID?) {
    self.name = name
    self.range = range
    self.after = after
  }
}

/// A module (Core 3.0, 2.5): its declarations as values; its bodies, expressions, data and custom sections as ranges of
/// ``bytes``. Validation refuses ranges that are not within them; before it, a module that was not decoded must have them.
public struct Module: Sendable {
  /// What all ranges in this module refer to: the binary that was decoded, or a buffer that the text parser wrote.
  public var bytes: [UInt8] = []
  /// All defined types, in index order.
  public var types: [SubType] = []
  /// The recursion groups, as ranges of ``types`` that follow each other. A group of one that was not written with `rec` is
  /// encoded without it.
  public var recursionGroups: [RecursionGroup] = []
  public var imports: [Import] = []
  /// Whether the binary that it was decoded from has imports in groups, which take ``Feature/compactImports`` to read.
  public var hadImportGroups = false
  /// The type index of each defined function.
  public var functions: [UInt32] = []
  public var tables: [Table] = []
  public var memories: [MemoryType] = []
  /// The type index of each defined tag.
  public var tags: [UInt32] = []
  public var globals: [Global] = []
  public var exports: [Export] = []
  public var start: UInt32?
  public var elements: [ElementSegment] = []
  /// The contents of the data count section, or nil where there is none.
  public var dataCount: UInt32?
  /// One per entry of ``functions``.
  public var bodies: [FunctionBody] = []
  public var data: [DataSegment] = []
  /// In the order in which they stand in the module.
  public var customSections: [CustomSection] = []
  /// Where each section that the binary has begins (at its contents), for tools; empty for a module from text.
  public var sections: [SectionRange] = []

  public init() {}
}

/// A recursion group (Core 3.0, 2.3.10).
public struct RecursionGroup: Hashable, Sendable {
  public var range: Range<Int>
  /// Whether it is written with `rec` (0x4E) even if it has one type.
  public var isExplicit: Bool

  public init(range: Range<Int>, isExplicit: Bool) {
    self.range = range
    self.isExplicit = isExplicit
  }
}

/// A section of a binary and the range of its contents.
public struct SectionRange: Hashable, Sendable {
  public var id: SectionID
  public var range: Range<Int>

  public init(id: SectionID, range: Range<Int>) {
    self.id = id
    self.range = range
  }
}
