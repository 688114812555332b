/// What a host does for a module with a memory that stays outside of it. The numbers are unsigned, addresses and pages are
/// of the memory's own address type, and every address is in bounds.
enum MemoryAccessor: Int, CaseIterable {
  case size, grow, load8, load16, load32, load64, store8, store16, store32, store64

  var name: String {
    switch self {
    case .size: "size"
    case .grow: "grow"
    case .load8: "load8"
    case .load16: "load16"
    case .load32: "load32"
    case .load64: "load64"
    case .store8: "store8"
    case .store16: "store16"
    case .store32: "store32"
    case .store64: "store64"
    }
  }

  func type(_ address: ValueType) -> FunctionType {
    switch self {
    case .size: FunctionType(parameters: [], results: [address])
    case .grow: FunctionType(parameters: [address], results: [address])
    case .load8, .load16, .load32: FunctionType(parameters: [address], results: [.i32])
    case .load64: FunctionType(parameters: [address], results: [.i64])
    case .store8, .store16, .store32: FunctionType(parameters: [address, .i32], results: [])
    case .store64: FunctionType(parameters: [address, .i64], results: [])
    }
  }

  /// What reads so many bytes (the logarithm of their number, at most 3; vectors are two words).
  static func load(width: UInt8) -> MemoryAccessor { [.load8, .load16, .load32, .load64][Int(min(width, 3))] }
  static func store(width: UInt8) -> MemoryAccessor { [.store8, .store16, .store32, .store64][Int(min(width, 3))] }

  /// The instruction on the combined memory that reads what ``load(width:)`` of the same width yields.
  static func plainLoad(width: UInt8) -> Opcode { [.i32Load8U, .i32Load16U, .i32Load, .i64Load][Int(min(width, 3))] }
  static func plainStore(width: UInt8) -> Opcode {
    [.i32Store8, .i32Store16, .i32Store, .i64Store][Int(min(width, 3))]
  }
}
