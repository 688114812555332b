import WebAssembly

/// The memory of an instance that executing code sees: a header, then one record for everything in the module's index
/// spaces, at offsets that depend on the module alone (``ContextLayout``). All that a tier needs of an instance it reads
/// from here; nothing in it is a Swift object that would be reference-counted.
///
/// | what | bytes | how many |
/// | --- | --- | --- |
/// | header: store context, instance object, addresses of table and segment records | 64 | 1 |
/// | memory record: base, byte count, writable byte count | 24 | every memory, own or imported |
/// | table record: elements, count | 16 | every table, own or imported |
/// | value of a defined global | 16 | defined globals |
/// | pointer to an imported global's value | 8 | imported globals |
/// | pointer to an imported function's record | 8 | imported functions |
/// | pointer that is a tag's identity | 8 | every tag, own or imported |
/// | canonical id of a type, so that code depends on the module alone | 4 | types |
/// | function record (``FunctionRecord``) | 32 | defined functions |
///
/// Memory and table records are copies: whoever grows a memory or a table rewrites every copy before it returns.
struct VMContext {
  let base: UnsafeMutableRawPointer

  @inline(__always) init(_ base: UnsafeMutableRawPointer) { self.base = base }

  static let storeOffset = 0
  /// The ``InstanceData`` object, unretained; 0 in the context of host functions.
  static let instanceOffset = 8
  /// The address of the first table record.
  static let tablesOffset = 16
  /// The address of the records of data segments: where the contents begin in the module's bytes, then their count, 8 bytes
  /// each. The count is 0 once the segment is dropped.
  static let dataSegmentsOffset = 24
  /// The address of the records of element segments: the address of their words, then their count. The count is 0 once the
  /// segment is dropped.
  static let elementSegmentsOffset = 32
  static let segmentRecordSize = 16
  /// What every trap of compiled code calls.
  static let trapExitOffset = 40
  /// What compiled code calls to throw an exception.
  static let throwExitOffset = 48
  static let headerSize = 64
  static let memoryRecordSize = 24
  static let tableRecordSize = 16
  static let globalSize = 16

  /// The store's context, a ``StoreContext``.
  @inline(__always) var store: StoreContext {
    StoreContext(base.load(fromByteOffset: Self.storeOffset, as: UnsafeMutableRawPointer.self))
  }

  @inline(__always) func memoryRecord(_ index: UInt32) -> MemoryRecord {
    MemoryRecord(base: base + (Self.headerSize + Int(index) * Self.memoryRecordSize))
  }
  @inline(__always) func tableRecord(_ index: UInt32) -> TableRecord {
    TableRecord(base: pointer(Self.tablesOffset) + Int(index) * Self.tableRecordSize)
  }

  @inline(__always) func word(_ offset: Int) -> UInt64 { base.load(fromByteOffset: offset, as: UInt64.self) }
  @inline(__always) func pointer(_ offset: Int) -> UnsafeMutableRawPointer {
    base.load(fromByteOffset: offset, as: UnsafeMutableRawPointer.self)
  }
}

/// A context's copy of what executing code needs of a memory.
struct MemoryRecord {
  let base: UnsafeMutableRawPointer
  static let byteCountOffset = 8
  static let writableByteCountOffset = 16

  @inline(__always) var contents: UnsafeMutableRawPointer { base.load(as: UnsafeMutableRawPointer.self) }
  @inline(__always) var byteCount: UInt64 { base.load(fromByteOffset: Self.byteCountOffset, as: UInt64.self) }
  @inline(__always) var writableByteCount: UInt64 {
    base.load(fromByteOffset: Self.writableByteCountOffset, as: UInt64.self)
  }
}

/// A context's copy of what executing code needs of a table.
struct TableRecord {
  let base: UnsafeMutableRawPointer
  static let countOffset = 8

  @inline(__always) var elements: UnsafeMutablePointer<UInt64> {
    base.load(as: UnsafeMutablePointer<UInt64>.self)
  }
  @inline(__always) var count: UInt64 { base.load(fromByteOffset: Self.countOffset, as: UInt64.self) }
}

/// Where the records of a module's contexts lie. Depends on the module alone.
struct ContextLayout: Sendable {
  let memoryCount: Int
  let tableCount: Int
  let importedGlobalCount: Int
  let globalCount: Int
  let importedFunctionCount: Int
  let functionCount: Int
  let tagCount: Int

  private let memories: Int
  private let tables: Int
  private let definedGlobals: Int
  private let importedGlobals: Int
  private let importedFunctions: Int
  private let tags: Int
  private let typeIDs: Int
  private let functionRecords: Int
  /// The size of a context in bytes.
  let size: Int

  init(_ spaces: IndexSpaces, typeCount: Int) {
    memoryCount = spaces.memories.count
    tableCount = spaces.tables.count
    importedGlobalCount = spaces.importedGlobalCount
    globalCount = spaces.globals.count
    importedFunctionCount = spaces.importedFunctionCount
    functionCount = spaces.functions.count
    tagCount = spaces.tags.count
    memories = VMContext.headerSize
    tables = memories + memoryCount * VMContext.memoryRecordSize
    // Records of 24 bytes can leave the next ones at a multiple of 8 only.
    definedGlobals = (tables + tableCount * VMContext.tableRecordSize + 15) & ~15
    importedGlobals = definedGlobals + (globalCount - importedGlobalCount) * VMContext.globalSize
    importedFunctions = importedGlobals + importedGlobalCount * 8
    tags = importedFunctions + importedFunctionCount * 8
    typeIDs = tags + tagCount * 8
    functionRecords = (typeIDs + typeCount * 4 + 15) & ~15
    size = functionRecords + (functionCount - importedFunctionCount) * FunctionRecord.size
  }

  /// The record of a memory: base, then byte count at +8, then writable byte count at +16.
  func memory(_ index: Int) -> Int { memories + index * VMContext.memoryRecordSize }
  /// Where the table records begin.
  var tableRecords: Int { tables }
  /// The record of a table: elements, then their count at +8.
  func table(_ index: Int) -> Int { tables + index * VMContext.tableRecordSize }
  /// The value of a defined global. `index` counts imports too.
  func definedGlobal(_ index: Int) -> Int { definedGlobals + (index - importedGlobalCount) * VMContext.globalSize }
  /// The word that points to the value of an imported global.
  func importedGlobal(_ index: Int) -> Int { importedGlobals + index * 8 }
  /// The word that points to the record of an imported function.
  func importedFunction(_ index: Int) -> Int { importedFunctions + index * 8 }
  /// The word that identifies a tag.
  func tag(_ index: Int) -> Int { tags + index * 8 }
  /// The canonical id of a type.
  func typeID(_ index: Int) -> Int { typeIDs + index * 4 }
  /// The record of a defined function. `index` counts imports too.
  func functionRecord(_ index: Int) -> Int { functionRecords + (index - importedFunctionCount) * FunctionRecord.size }

  func isImportedGlobal(_ index: Int) -> Bool { index < importedGlobalCount }
  func isImportedFunction(_ index: Int) -> Bool { index < importedFunctionCount }
}
