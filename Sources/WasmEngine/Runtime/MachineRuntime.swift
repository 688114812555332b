/// The runtime functions in the platform's C convention, for compiled code: the context first, then words.
enum MachineRuntime {
  typealias Word = UInt64
  typealias Context = UnsafeMutableRawPointer

  /// By ``RuntimeEntry``. Made once; it never changes.
  nonisolated(unsafe) static let table: UnsafeMutablePointer<UInt> = {
    let table = UnsafeMutablePointer<UInt>.allocate(capacity: RuntimeEntry.allCases.count)
    for entry in RuntimeEntry.allCases { table[Int(entry.rawValue)] = address(entry) }
    return table
  }()

  private static func address(_ entry: RuntimeEntry) -> UInt {
    switch entry {
    case .memoryGrow:
      let function: @convention(c) (Context, Word, Word) -> Word = {
        // The host may be asked, and call the guest.
        MachineFrames.noteRuntimeCall(VMContext($0))
        return RuntimeCalls.memoryGrow(VMContext($0), UInt32($1), by: $2)
      }
      return unsafeBitCast(function, to: UInt.self)
    case .memoryFill:
      let function: @convention(c) (Context, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.memoryFill(VMContext($0), UInt32($1), at: $2, value: UInt32(truncatingIfNeeded: $3), count: $4)
          .rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .memoryCopy:
      let function: @convention(c) (Context, Word, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.memoryCopy(VMContext($0), UInt32($1), UInt32($2), to: $3, from: $4, count: $5).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .memoryInit:
      let function: @convention(c) (Context, Word, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.memoryInit(VMContext($0), UInt32($1), segment: UInt32($2), to: $3, from: $4, count: $5).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .dataDrop:
      let function: @convention(c) (Context, Word) -> Word = {
        RuntimeCalls.dataDrop(VMContext($0), segment: UInt32($1))
        return 0
      }
      return unsafeBitCast(function, to: UInt.self)
    case .memoryDiscard:
      let function: @convention(c) (Context, Word, Word, Word) -> Word = {
        RuntimeCalls.memoryDiscard(VMContext($0), UInt32($1), at: $2, count: $3).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .tableGrow:
      let function: @convention(c) (Context, Word, Word, Word) -> Word = {
        MachineFrames.noteRuntimeCall(VMContext($0))
        return RuntimeCalls.tableGrow(VMContext($0), UInt32($1), by: $2, filledWith: $3)
      }
      return unsafeBitCast(function, to: UInt.self)
    case .tableFill:
      let function: @convention(c) (Context, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.tableFill(VMContext($0), UInt32($1), at: $2, $3, count: $4).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .tableCopy:
      let function: @convention(c) (Context, Word, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.tableCopy(VMContext($0), UInt32($1), UInt32($2), to: $3, from: $4, count: $5).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .tableInit:
      let function: @convention(c) (Context, Word, Word, Word, Word, Word) -> Word = {
        RuntimeCalls.tableInit(VMContext($0), UInt32($1), segment: UInt32($2), to: $3, from: $4, count: $5).rawValue
      }
      return unsafeBitCast(function, to: UInt.self)
    case .elemDrop:
      let function: @convention(c) (Context, Word) -> Word = {
        RuntimeCalls.elemDrop(VMContext($0), segment: UInt32($1))
        return 0
      }
      return unsafeBitCast(function, to: UInt.self)
    case .isSubtype:
      let function: @convention(c) (Context, Word, Word) -> Word = {
        RuntimeCalls.isSubtype(VMContext($0), UInt32(truncatingIfNeeded: $1), of: UInt32(truncatingIfNeeded: $2))
          ? 1 : 0
      }
      return unsafeBitCast(function, to: UInt.self)
    case .makeException:
      let function: @convention(c) (Context, Word, Word) -> Word = {
        RuntimeCalls.makeException(VMContext($0), tag: UInt32($1), slots: nil, count: UInt32($2))
      }
      return unsafeBitCast(function, to: UInt.self)
    case .exceptionCaught:
      let function: @convention(c) (Context, Word, Word) -> Word = {
        RuntimeCalls.exceptionCaught(VMContext($0), $1, byReference: $2 != 0)
        return 0
      }
      return unsafeBitCast(function, to: UInt.self)
    }
  }
}
