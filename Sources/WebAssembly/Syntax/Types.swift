/// A heap type (Core 3.0, 2.3.4): an abstract one, or the index of a defined type.
@frozen
public struct HeapType: Hashable, Sendable {
  /// An abstract type's code with ``abstractBit`` set, or a type index. 28 bits and the bit.
  public let rawValue: UInt32

  @inlinable init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The raw values of abstract types have this bit set; the low byte is the binary code (0x70 for func).
  @usableFromInline static let abstractBit: UInt32 = 1 << 27

  @inlinable init(code: UInt32) { self.init(rawValue: Self.abstractBit | code) }

  /// The highest index that can be held; indices above it name a type that cannot exist and are held as this one.
  public static let maximumIndex: UInt32 = (1 << 27) - 1

  /// The defined type of an index.
  @inlinable public static func concrete(_ index: UInt32) -> HeapType {
    HeapType(rawValue: index < maximumIndex ? index : maximumIndex)
  }

  public static let function = HeapType(code: 0x70)
  public static let noFunction = HeapType(code: 0x73)
  public static let external = HeapType(code: 0x6F)
  public static let noExternal = HeapType(code: 0x72)
  public static let any = HeapType(code: 0x6E)
  public static let none = HeapType(code: 0x71)
  public static let eq = HeapType(code: 0x6D)
  public static let i31 = HeapType(code: 0x6C)
  public static let structure = HeapType(code: 0x6B)
  public static let array = HeapType(code: 0x6A)
  public static let exception = HeapType(code: 0x69)
  public static let noException = HeapType(code: 0x74)
  /// The bottom of every hierarchy; only validation makes it (Core 3.0, 3.1.1).
  public static let bottom = HeapType(code: 0)

  /// The type index, or nil for an abstract type.
  @inlinable public var typeIndex: UInt32? { rawValue & Self.abstractBit == 0 ? rawValue : nil }
  /// The code of an abstract type in the binary format, or nil.
  @inlinable public var abstractCode: UInt8? { rawValue & Self.abstractBit != 0 ? UInt8(rawValue & 0xFF) : nil }
}

/// A reference type (Core 3.0, 2.3.5).
@frozen
public struct ReferenceType: Hashable, Sendable {
  public var isNullable: Bool
  public var heapType: HeapType

  @inlinable public init(isNullable: Bool, heapType: HeapType) {
    self.isNullable = isNullable
    self.heapType = heapType
  }

  public static let function = ReferenceType(isNullable: true, heapType: .function)
  public static let external = ReferenceType(isNullable: true, heapType: .external)
}

/// A value type (Core 3.0, 2.3.6), in one 32-bit word.
@frozen
public struct ValueType: Hashable, Sendable {
  /// The low three bits are the kind: 0 bottom, 1 i32, 2 i64, 3 f32, 4 f64, 5 v128, 6 ref, 7 ref null.
  /// The bits above are the raw value of the heap type.
  public let rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The type of any value, in unreachable code (Core 3.0, 3.1.1).
  public static let bottom = ValueType(rawValue: 0)
  public static let i32 = ValueType(rawValue: 1)
  public static let i64 = ValueType(rawValue: 2)
  public static let f32 = ValueType(rawValue: 3)
  public static let f64 = ValueType(rawValue: 4)
  public static let v128 = ValueType(rawValue: 5)
  public static let functionReference = ValueType.reference(.function)
  public static let externalReference = ValueType.reference(.external)
  public static let exceptionReference = ValueType.reference(ReferenceType(isNullable: true, heapType: .exception))

  @inlinable public static func reference(_ type: ReferenceType) -> ValueType {
    ValueType(rawValue: (type.isNullable ? 7 : 6) | type.heapType.rawValue << 3)
  }
  @inlinable public static func reference(_ heapType: HeapType, nullable: Bool) -> ValueType {
    reference(ReferenceType(isNullable: nullable, heapType: heapType))
  }

  @inlinable public var isReference: Bool { rawValue & 7 >= 6 }
  @inlinable public var isVector: Bool { rawValue == 5 }
  @inlinable public var isNumeric: Bool { rawValue >= 1 && rawValue <= 4 }

  /// The reference type, or nil for another kind of value.
  @inlinable public var referenceType: ReferenceType? {
    isReference ? ReferenceType(isNullable: rawValue & 1 == 1, heapType: HeapType(rawValue: rawValue >> 3)) : nil
  }
}

/// The type of addresses of a memory or table (Core 3.0, 2.3.12).
public enum AddressType: UInt8, Hashable, Sendable {
  case i32, i64

  public var valueType: ValueType { self == .i32 ? .i32 : .i64 }
}

/// What a field of a structure or array holds (Core 3.0, 2.3.8).
public enum StorageType: Hashable, Sendable {
  case i8, i16
  case value(ValueType)
}

/// A field of a structure, or the elements of an array.
public struct FieldType: Hashable, Sendable {
  public var storage: StorageType
  public var isMutable: Bool

  public init(storage: StorageType, isMutable: Bool) {
    self.storage = storage
    self.isMutable = isMutable
  }
}

/// A function type (Core 3.0, 2.3.9).
public struct FunctionType: Hashable, Sendable {
  public var parameters: [ValueType]
  public var results: [ValueType]

  public init(parameters: [ValueType] = [], results: [ValueType] = []) {
    self.parameters = parameters
    self.results = results
  }
}

/// A composite type (Core 3.0, 2.3.8).
public enum CompositeType: Hashable, Sendable {
  case function(FunctionType)
  case structure([FieldType])
  case array(FieldType)
}

/// A defined type with the types that it declares itself a subtype of (Core 3.0, 2.3.10).
public struct SubType: Hashable, Sendable {
  public var isFinal: Bool
  public var supertypes: [UInt32]
  public var composite: CompositeType

  public init(isFinal: Bool = true, supertypes: [UInt32] = [], composite: CompositeType) {
    self.isFinal = isFinal
    self.supertypes = supertypes
    self.composite = composite
  }

  /// The function type, or nil where it is another kind of type.
  public var functionType: FunctionType? {
    if case .function(let type) = composite { type } else { nil }
  }
}

/// The limits of a memory or table, in pages or elements (Core 3.0, 2.3.12).
public struct Limits: Hashable, Sendable {
  public var minimum: UInt64
  public var maximum: UInt64?

  public init(minimum: UInt64, maximum: UInt64? = nil) {
    self.minimum = minimum
    self.maximum = maximum
  }
}

/// A memory type (Core 3.0, 2.3.13), with the sharedness of the threads proposal and the page size of custom-page-sizes.
public struct MemoryType: Hashable, Sendable {
  /// In pages of this memory's page size.
  public var limits: Limits
  public var addressType: AddressType
  public var isShared: Bool
  /// The logarithm of the page size in bytes: 16 or 0.
  public var pageSizeLog2: UInt8

  public init(limits: Limits, addressType: AddressType = .i32, isShared: Bool = false, pageSizeLog2: UInt8 = 16) {
    self.limits = limits
    self.addressType = addressType
    self.isShared = isShared
    self.pageSizeLog2 = pageSizeLog2
  }

  /// The size of a page in bytes.
  public var pageSize: UInt64 { 1 << UInt64(pageSizeLog2) }
}

/// A table type (Core 3.0, 2.3.14).
public struct TableType: Hashable, Sendable {
  public var element: ReferenceType
  public var limits: Limits
  public var addressType: AddressType

  public init(element: ReferenceType, limits: Limits, addressType: AddressType = .i32) {
    self.element = element
    self.limits = limits
    self.addressType = addressType
  }
}

/// A global type (Core 3.0, 2.3.15).
public struct GlobalType: Hashable, Sendable {
  public var value: ValueType
  public var isMutable: Bool

  public init(value: ValueType, isMutable: Bool) {
    self.value = value
    self.isMutable = isMutable
  }
}

/// The type of a block (Core 3.0, 2.4.1).
@frozen
public enum BlockType: Hashable, Sendable {
  case empty
  case value(ValueType)
  case type(UInt32)
}
