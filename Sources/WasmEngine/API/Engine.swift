import WebAssembly

/// How functions are executed. Programs do the same in every tier.
public enum ExecutionTier: String, Hashable, Sendable, CaseIterable {
  /// Everywhere.
  case interpreter
  /// Machine code. Where the processor or the system does not allow it, and for functions that the compiler cannot do, the
  /// interpreter steps in.
  case compiler = "jit"
}

/// When machine code is made.
public enum CompilationTime: String, Hashable, Sendable, CaseIterable {
  /// When a function is first called.
  case lazy
  /// All of it when a module is made ready, on several threads.
  case eager
}

/// Compiles modules, and holds what all their instances share: the configuration and the canonical types. It can be used
/// by any number of threads at once.
///
/// After a `fork` both processes have engines, modules and stores of their own, with their code and their deadlines. A fork
/// waits a moment for threads that are inside of the engine. A child that was made without the platform's `fork` (by the bare
/// system call) may only execute another program.
public final class Engine: Sendable {
  public struct Configuration: Sendable {
    /// The proposals that modules may use.
    public var features = FeatureSet.standard
    public var limits = ImplementationLimits()
    /// How memories are kept where nothing else is asked for.
    public var memoryPolicy = MemoryPolicy()
    /// Whether executions use up the fuel of their store: one unit for each instruction, charged for each block.
    public var metersFuel = false
    /// Bytes for the frames of wasm functions in each store. Deeper recursion is a trap. At least 4096; where the system does
    /// not give as many, every call is a trap. Compiled code has its frames on the stack of the thread that calls it, of which
    /// a call uses no more than this, and never the last 160 KB.
    public var stackSize = 8 << 20
    /// How many threads validate a module, and compile one eagerly; nil for one per processor. At least one, and at most
    /// ``mostThreads``.
    public var validationThreads: Int?
    /// The largest number of elements that a table can have; each takes 8 bytes.
    public var largestTable: UInt64 = 10_000_000

    /// How functions are executed.
    public var tier = ExecutionTier.compiler

    /// When machine code is made.
    public var compilation = CompilationTime.lazy

    /// How many threads compile ahead, beside those that run code: what is called by functions that have been entered. 0 for
    /// none; nil for one, where there is more than one processor. They last as long as there is something to compile.
    public var aheadThreads: Int?

    /// Modules with fewer bytes of function bodies are compiled sooner than a thread is started.
    public var smallestAheadModule = 128 << 10

    /// Whether compiled code may leave accesses beyond a memory to fault, which needs a handler of SIGSEGV and SIGBUS. It is
    /// installed when the first module is compiled; faults that are not of compiled code go to the handler that was there
    /// before. Without it every access is checked.
    public var usesGuardPages = true

    /// Which extensions of the processor's instruction set compiled code may use. What this machine lacks is left out.
    public var processor = ProcessorFeatures.native

    /// Whether compiled code keeps checked addresses, indices of tables and those of `br_table` within bounds also where the
    /// processor runs ahead past the check, by a conditional move behind each. Accesses that are left to fault need none.
    public var guardsSpeculation = true

    /// Where machine code is kept from run to run; nil for nowhere. Modules take part that are compiled from bytes
    /// (``Engine/compile(_:entering:)``).
    public var codeCache: CodeCache?

    /// Modules of fewer bytes are compiled sooner than found in the cache.
    public var smallestCachedModule = 1 << 20

    /// What tells `perf` about machine code. See ``Engine/profileFailure``.
    public var profile: CodeProfile = []

    /// Whether the compiler proves what it does, function by function: its intermediate representation is verified after
    /// each pass, and each allocation of registers is checked. That takes several times as long as compiling; it is for
    /// tests and fuzzing. On by default in debug builds, which stop at a mistake; else see ``Engine/compilerFaults``.
    public var checksCompiler = Configuration.isDebugBuild

    #if DEBUG
      private static let isDebugBuild = true
    #else
      private static let isDebugBuild = false
    #endif

    /// More threads than this are never used for one piece of work.
    public static let mostThreads = 256

    public init() {}
  }

  public let configuration: Configuration
  let thunks = MachineCode.ThunkCache()
  let aheadThreads: AheadThreads
  let checks: CompilerChecks?
  let profiler: CodeProfiler?
  /// Why a file that ``Configuration/profile`` asks for could not be made.
  public let profileFailure: String?
  let types = CanonicalTypes()

  public init(_ configuration: Configuration = Configuration()) {
    FirstUse.prepare(compiling: configuration.tier == .compiler)
    self.configuration = configuration
    aheadThreads = AheadThreads(limit: configuration.aheadThreads ?? (Threads.processorCount > 1 ? 1 : 0))
    checks = configuration.checksCompiler ? CompilerChecks() : nil
    var failure: String?
    profiler = CodeProfiler.make(configuration.profile, failure: &failure)
    profileFailure = failure
  }

  /// Whether this engine makes machine code at all.
  var makesMachineCode: Bool {
    configuration.tier == .compiler && MachineCode.pieces != nil
  }

  /// The mistakes of the compiler that were found so far, where ``Configuration/checksCompiler`` asks to look for them.
  public var compilerFaults: [String] { checks?.faults ?? [] }

  // MARK: Types

  /// The most parameters and the most results of a host function.
  static let largestArity = 1000

  /// Registers a function type without type indices, as that of a function or tag of the host.
  func register(_ type: FunctionType) throws(UsageError) -> RegisteredTypes {
    guard type.parameters.count <= Self.largestArity, type.results.count <= Self.largestArity else {
      throw .unusableType("function with more than \(Self.largestArity) parameters or results")
    }
    for value in type.parameters + type.results { try Self.checkUsable(value) }
    return types.register(type)
  }

  /// Throws for types that the host cannot name: those with type indices, and the bottom type.
  static func checkUsable(_ type: ValueType) throws(UsageError) {
    if type.isNumeric || type.isVector { return }
    guard let heapType = type.referenceType?.heapType, let code = heapType.abstractCode, code != 0 else {
      throw .unusableType("\(type)")
    }
  }

  func functionType(_ id: UInt32) -> FunctionType { types.functionType(id) }

  func isSubtype(_ type: UInt32, of expected: UInt32) -> Bool { types.isSubtype(type, of: expected) }

  func matches(_ type: ValueType, _ expected: ValueType) -> Bool { types.matches(type, expected) }

  /// Whether the values of a heap type are functions.
  func isFunctionType(_ type: HeapType) -> Bool {
    type == .function || type == .noFunction
      || matches(.reference(type, nullable: true), .reference(.function, nullable: true))
  }
}
