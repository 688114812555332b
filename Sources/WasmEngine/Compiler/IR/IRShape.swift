import WebAssembly

/// Which fields of an instruction mean what: the one table that the printer, the parser and the verifier go by.
enum IRShape: Equatable {
  /// `a`, `b`, `c` as far as they exist; `aux` and `imm` are printed where they are not zero.
  case operands
  /// Operands behind an ``IRCondition`` or ``IRFloatCondition`` in `aux`.
  case compare, floatCompare
  /// An operand behind the number of bits in `aux`.
  case extend
  /// An operand; bit 0 of `aux` says whether it is signed.
  case signed
  case parameter, constant, vectorConstant, contextAddress, vector
  case contextLoad, contextStore, load, store, boundsCheck, indexCheck, trapIf
  case call, callRecord, callRuntime, result
  case jump, branch, branchTable, `return`, trap, tailCall, tailCallRecord, throwReference
}

extension IROperation {
  var shape: IRShape {
    switch self {
    case .parameter: .parameter
    case .constant: .constant
    case .vectorConstant: .vectorConstant
    case .contextAddress: .contextAddress
    case .extend: .extend
    case .compare: .compare
    case .floatCompare: .floatCompare
    case .convert, .truncate, .truncateSaturating: .signed
    case .vector: .vector
    case .contextLoad: .contextLoad
    case .contextStore: .contextStore
    case .load: .load
    case .store: .store
    case .boundsCheck: .boundsCheck
    case .indexCheck: .indexCheck
    case .trapIf: .trapIf
    case .call: .call
    case .callRecord: .callRecord
    case .callRuntime: .callRuntime
    case .result: .result
    case .jump, .jumpOrCatch: .jump
    case .throwReference: .throwReference
    case .branch: .branch
    case .branchTable: .branchTable
    case .return: .return
    case .trap: .trap
    case .tailCall: .tailCall
    case .tailCallRecord: .tailCallRecord
    default: .operands
    }
  }
}

extension IRInstruction {
  /// Whether others can use what it makes. The type of a store is that of the value that is stored.
  var makesValue: Bool { type != .none && operation != .store }
}

/// The words of the text form.
enum IRWords {
  static func word<Case>(_ value: Case) -> String { String(describing: value) }

  static let operations = table(IROperation.allCases)
  static let types = table([IRType.i32, .i64, .f32, .f64, .v128])
  static let conditions = table(IRCondition.allCases)
  static let floatConditions = table(IRFloatCondition.allCases)
  static let regions = table(IRContextRegion.allCases)
  static let accesses = table(IRAccess.allCases)
  static let traps = table(Trap.Kind.allCases)
  static let runtimeEntries = table(RuntimeEntry.allCases)
  static let opcodes: [String: Opcode] = {
    var result: [String: Opcode] = [:]
    // Some operators share a name; the first stands for it.
    for row in Operator.all where row.feature == .simd && result[row.name] == nil { result[row.name] = row.opcode }
    return result
  }()

  private static func table<Case>(_ cases: [Case]) -> [String: Case] {
    Dictionary(uniqueKeysWithValues: cases.map { (word($0), $0) })
  }
}
