/// Where the arguments and results of a call are: the calling convention of compiled code (see ARCHITECTURE.md).
///
/// The context is in r15. The first six integers are in rdi, rsi, rdx, rcx, r8, r9 and the first eight floats and vectors
/// in xmm0 to xmm7; what is left is on the stack, 8 or 16 bytes each, and popped by the callee. Results are in rax, rdx, rcx
/// and xmm0, xmm1, xmm2. r11 holds the record of a function that is called through it.
struct CallLayout {
  enum Place: Hashable {
    case register(VirtualRegister)
    /// Bytes above the stack pointer at the call.
    case stack(Int)
  }

  private(set) var arguments: [Place] = []
  /// A multiple of 16.
  private(set) var stackBytes = 0
  /// nil where there are more results than registers.
  private(set) var results: [VirtualRegister]? = []

  static let integerArguments: [Register] = [.rdi, .rsi, .rdx, .rcx, .r8, .r9]
  static let integerResults: [Register] = [.rax, .rdx, .rcx]
  static let vectorArgumentCount = 8
  static let vectorResultCount = 3

  init(parameters: [IRType], results resultTypes: [IRType]) {
    var integers = 0
    var vectors = 0
    for type in parameters {
      if type.inVectorRegister {
        if vectors < Self.vectorArgumentCount {
          arguments.append(.register(VirtualRegister(VectorRegister(UInt8(vectors)))))
          vectors += 1
          continue
        }
      } else if integers < Self.integerArguments.count {
        arguments.append(.register(VirtualRegister(Self.integerArguments[integers])))
        integers += 1
        continue
      }
      arguments.append(.stack(stackBytes))
      stackBytes += type == .v128 ? 16 : 8
    }
    stackBytes = (stackBytes + 15) & ~15
    integers = 0
    vectors = 0
    var registers: [VirtualRegister] = []
    for type in resultTypes {
      if type.inVectorRegister {
        registers.append(VirtualRegister(VectorRegister(UInt8(vectors))))
        vectors += 1
      } else {
        if integers < Self.integerResults.count { registers.append(VirtualRegister(Self.integerResults[integers])) }
        integers += 1
      }
    }
    results = integers <= Self.integerResults.count && vectors <= Self.vectorResultCount ? registers : nil
  }

  /// The registers of the arguments, as bits.
  var argumentBits: UInt32 {
    arguments.reduce(0) { bits, place in
      if case .register(let register) = place { bits | 1 << register.id } else { bits }
    }
  }

  /// The registers of the results, as bits.
  var resultBits: UInt32 { (results ?? []).reduce(0) { $0 | 1 << $1.id } }
}
