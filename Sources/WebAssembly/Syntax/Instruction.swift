/// An instruction: its operator and its immediates, as one trivial value.
///
/// Which fields have a meaning follows from the operator's ``ImmediateKind``:
///
/// | immediates | fields |
/// | --- | --- |
/// | blockType | ``blockType`` |
/// | label, function, type, tag, local, global, table, element, memory, data | ``index`` |
/// | labels | ``index`` is the default label, ``vectorCount`` and ``vectorOffset`` the others |
/// | typeAndTable | ``index`` is the type, ``index2`` the table |
/// | typeAndField, typeAndCount, typeAndData, typeAndElement, typeAndType | ``index`` is the type, ``index2`` the other |
/// | tableAndTable, memoryAndMemory | ``index`` is the destination, ``index2`` the source |
/// | elementAndTable, dataAndMemory | ``index`` is the segment, ``index2`` the table or memory |
/// | memoryArgument, memoryArgumentAndLane | ``index`` is the memory, ``alignment``, ``memoryOffset``, ``lane`` |
/// | lane | ``lane`` |
/// | lanes, v128 | ``value`` and ``value2``: the 16 bytes, little-endian |
/// | i32, f32 | the low 32 bits of ``value`` (i32: zero-extended) |
/// | i64, f64 | ``value`` |
/// | heapType | ``heapType`` |
/// | castLabel | ``index`` is the label, ``castSource`` and ``castTarget`` the reference types |
/// | tryTable | ``blockType``, ``vectorCount`` and ``vectorOffset`` the catch clauses |
/// | valueTypes | ``vectorCount`` and ``vectorOffset`` |
@frozen
public struct Instruction: Sendable {
  public var opcode: Opcode
  /// The logarithm of the alignment, as written; at most 63.
  public var alignment: UInt8 = 0
  public var lane: UInt8 = 0
  /// Where the instruction begins, in bytes from the start of ``Module/bytes``.
  public var offset: UInt32
  public var index: UInt32 = 0
  public var index2: UInt32 = 0
  public var value: UInt64 = 0
  public var value2: UInt64 = 0

  @inlinable public init(_ opcode: Opcode, offset: UInt32 = 0) {
    self.opcode = opcode
    self.offset = offset
  }

  @inlinable public init(_ opcode: Opcode, index: UInt32, index2: UInt32 = 0, value: UInt64 = 0, value2: UInt64 = 0) {
    self.opcode = opcode
    self.offset = 0
    self.index = index
    self.index2 = index2
    self.value = value
    self.value2 = value2
  }

  /// The static offset of a memory argument.
  @inlinable public var memoryOffset: UInt64 {
    get { value }
    set { value = newValue }
  }

  @inlinable public var blockType: BlockType {
    get {
      switch value >> 32 {
      case 0: .empty
      case 1: .value(ValueType(rawValue: UInt32(truncatingIfNeeded: value)))
      default: .type(UInt32(truncatingIfNeeded: value))
      }
    }
    set {
      switch newValue {
      case .empty: value = 0
      case .value(let type): value = 1 << 32 | UInt64(type.rawValue)
      case .type(let index): value = 2 << 32 | UInt64(index)
      }
    }
  }

  @inlinable public var heapType: HeapType {
    get { HeapType(rawValue: UInt32(truncatingIfNeeded: value)) }
    set { value = UInt64(newValue.rawValue) }
  }

  /// The type that a cast starts from. Nullability included.
  @inlinable public var castSource: ReferenceType {
    get { Self.reference(UInt32(truncatingIfNeeded: value)) }
    set { value = value & ~0xFFFF_FFFF | UInt64(ValueType.reference(newValue).rawValue) }
  }

  /// The type that a cast tests for. Nullability included.
  @inlinable public var castTarget: ReferenceType {
    get { Self.reference(UInt32(truncatingIfNeeded: value >> 32)) }
    set { value = value & 0xFFFF_FFFF | UInt64(ValueType.reference(newValue).rawValue) << 32 }
  }

  @inlinable static func reference(_ raw: UInt32) -> ReferenceType {
    ReferenceType(isNullable: raw & 1 == 1, heapType: HeapType(rawValue: raw >> 3))
  }

  /// The number of elements of a vector immediate.
  @inlinable public var vectorCount: Int {
    get { Int(index2) }
    set { index2 = UInt32(truncatingIfNeeded: newValue) }
  }

  /// Where the elements of a vector immediate begin (after their count), in bytes from the start of ``Module/bytes``.
  @inlinable public var vectorOffset: Int {
    get { Int(value2) }
    set { value2 = UInt64(truncatingIfNeeded: newValue) }
  }
}

/// A clause of try_table (Core 3.0, 2.4.1).
public struct CatchClause: Hashable, Sendable {
  public enum Kind: UInt8, Sendable {
    case `catch` = 0, catchRef, catchAll, catchAllRef

    public var hasTag: Bool { self == .catch || self == .catchRef }
    public var pushesReference: Bool { self == .catchRef || self == .catchAllRef }
  }

  public var kind: Kind
  /// 0 where the kind has none.
  public var tag: UInt32
  public var label: UInt32

  public init(kind: Kind, tag: UInt32 = 0, label: UInt32) {
    self.kind = kind
    self.tag = tag
    self.label = label
  }
}
