/// What a function reference points to: 32 bytes at a fixed address for the life of the store. A funcref is the address
/// of its record as a 64-bit word; null is 0.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | machine code (of a tier that has it), or null |
/// | 8 | the ``VMContext`` in which the function runs; for a host function the store's host context |
/// | 16 | the canonical type id, 32 bits |
/// | 20 | the index of the function in its module, or of the host function in the store, 32 bits |
/// | 24 | interpreter code: address of an ``InterpreterCode`` header; never null: a stub that translates stands here first |
@usableFromInline
struct FunctionRecord: Equatable {
  @usableFromInline let base: UnsafeMutableRawPointer

  @inline(__always) init(_ base: UnsafeMutableRawPointer) { self.base = base }

  static let size = 32
  static let machineCodeOffset = 0
  static let contextOffset = 8
  static let typeOffset = 16
  static let indexOffset = 20
  static let interpreterCodeOffset = 24

  @inline(__always) var context: VMContext {
    get { VMContext(base.load(fromByteOffset: Self.contextOffset, as: UnsafeMutableRawPointer.self)) }
    nonmutating set {
      base.storeBytes(of: newValue.base, toByteOffset: Self.contextOffset, as: UnsafeMutableRawPointer.self)
    }
  }
  /// The address of machine code; 0 where no tier makes any.
  @inline(__always) var machineCode: UInt {
    get { base.load(fromByteOffset: Self.machineCodeOffset, as: UInt.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: Self.machineCodeOffset, as: UInt.self) }
  }
  @inline(__always) var typeID: UInt32 {
    get { base.load(fromByteOffset: Self.typeOffset, as: UInt32.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: Self.typeOffset, as: UInt32.self) }
  }
  @inline(__always) var index: UInt32 {
    get { base.load(fromByteOffset: Self.indexOffset, as: UInt32.self) }
    nonmutating set { base.storeBytes(of: newValue, toByteOffset: Self.indexOffset, as: UInt32.self) }
  }
  @inline(__always) var interpreterCode: UnsafeMutableRawPointer {
    get { base.load(fromByteOffset: Self.interpreterCodeOffset, as: UnsafeMutableRawPointer.self) }
    nonmutating set {
      base.storeBytes(of: newValue, toByteOffset: Self.interpreterCodeOffset, as: UnsafeMutableRawPointer.self)
    }
  }

  /// The reference as a word of guest state.
  @inline(__always) var word: UInt64 { UInt64(UInt(bitPattern: base)) }

  /// The record of a non-null function reference.
  @inline(__always) init?(word: UInt64) {
    guard let base = UnsafeMutableRawPointer(bitPattern: UInt(word)) else { return nil }
    self.base = base
  }
}
