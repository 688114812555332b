/// Where the arguments and results of a call are: the calling convention of compiled code (see ARCHITECTURE.md).
///
/// The context is in r15. The first six integers are in rdi, rsi, rdx, rcx, r8, r9 and the first eight floats and vectors
/// in xmm0 to xmm7; what is left is on the stack, 8 or 16 bytes each, and popped by the callee. Results are in rax, rdx, rcx
/// and xmm0, xmm1, xmm2; further ones go in an area of the caller's that begins where the stack arguments end. So the area is
/// at the stack pointer when the call returns, and a tail call, whose stack arguments end where its caller's did, passes it
/// on. r11 holds the record of a function that is called through it.
///
/// There are at most 1000 parameters and as many results (``ImplementationLimits/largest``), so that both areas have 32 KiB:
/// less than is kept free below the limit of the stack (``ThreadStack/reserve``), and than a return can pop in 16 bits.
struct CallLayout {
  enum Place: Hashable {
    case register(VirtualRegister)
    /// For arguments bytes above the stack pointer at the call, for results bytes above the beginning of the area.
    case stack(Int)
  }

  private(set) var arguments: [Place] = []
  /// A multiple of 16.
  private(set) var stackBytes = 0
  private(set) var results: [Place] = []
  /// The size of the area for results. A multiple of 16.
  private(set) var resultStackBytes = 0
  /// The registers of the arguments and of the results, as bits.
  private(set) var argumentBits: UInt32 = 0
  private(set) var resultBits: UInt32 = 0

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
    for type in resultTypes {
      if type.inVectorRegister {
        if vectors < Self.vectorResultCount {
          results.append(.register(VirtualRegister(VectorRegister(UInt8(vectors)))))
          vectors += 1
          continue
        }
      } else if integers < Self.integerResults.count {
        results.append(.register(VirtualRegister(Self.integerResults[integers])))
        integers += 1
        continue
      }
      results.append(.stack(resultStackBytes))
      resultStackBytes += type == .v128 ? 16 : 8
    }
    resultStackBytes = (resultStackBytes + 15) & ~15
    argumentBits = Self.bits(arguments)
    resultBits = Self.bits(results)
  }

  private static func bits(_ places: [Place]) -> UInt32 {
    places.reduce(0) { bits, place in
      if case .register(let register) = place { bits | 1 << register.id } else { bits }
    }
  }
}
