import WebAssembly

/// How much code runs at most before it looks at the interrupt word, in units: an instruction is one, a division or square
/// root 16, 64 bytes of a bulk operation one.
///
/// No path is longer than ``longestPath``, calls included. Code is made one function at a time, so what a function may
/// cost its callers without a look is fixed here for all of them:
///
/// - Functions that call anything look when they are entered. Others need not if they take at most ``quiet`` units to
///   their first look, and from the last one to their end: a call costs that much where nothing is known of the callee.
/// - Within a function at most ``inFunction`` units go by.
/// - From its last look to its end a function takes at most ``beforeReturn`` units, which is where its caller goes on. From
///   there the caller comes to a look or a call after at most ``afterCall`` units, or returns after at most
///   ``unwinding``: a deep stack may be unwound by returns alone. A frame has 32 bytes, so ``frames`` of them fit
///   into the stack that engines have by default; for a larger one the bound grows with it.
///
/// The compiler keeps to it by ``InterruptLooks``, which ``IRVerifier`` repeats; the interpreter as it translates
/// (``RegisterTranslator``), where every call looks.
enum LookBudget {
  static let longestPath = 1 << 20
  static let quiet = 1 << 10
  static let inFunction = longestPath - 2 * quiet
  static let beforeReturn = 1 << 16
  static let afterCall = 1 << 16
  static let unwinding = 3
  static let frames = (8 << 20) / 32

  /// What the units are of a call into the runtime that does a constant amount of work.
  static let runtimeCall = 128
  /// The bytes of a bulk operation between two looks, and their units.
  static let bulkSlice = 1 << 18
  static let bulkSliceUnits = bulkSlice / 64
  /// How many frames an exception passes between two looks.
  static let unwoundFrames = 1 << 10

  /// What a division or square root is beyond one unit; 0 for all other instructions.
  static func additional(_ opcode: Opcode) -> Int {
    switch opcode {
    case .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i64DivS, .i64DivU, .i64RemS, .i64RemU, .f32Div, .f64Div, .f32Sqrt,
      .f64Sqrt, .f32x4Div, .f64x2Div, .f32x4Sqrt, .f64x2Sqrt:
      15
    default: 0
    }
  }
}

/// The most units that have gone by, on any path to a place in the code.
struct LookDistance {
  /// Since the last look in this function or, where that is later, its beginning. Calls count as ``LookBudget/quiet``.
  var sinceLook = 0
  /// Since the first return of a call behind the last look; -1 where no path has such a call.
  var sinceReturn = -1
  /// Since the function was entered; -1 where every path has had a look.
  var sinceEntry = -1

  /// At the beginning of a function.
  static let entry = LookDistance(sinceLook: 0, sinceReturn: -1, sinceEntry: 0)

  mutating func add(_ units: Int) {
    sinceLook += units
    if sinceReturn >= 0 { sinceReturn += units }
    if sinceEntry >= 0 { sinceEntry += units }
  }

  mutating func look() { self = LookDistance() }

  /// A call of a function of which nothing is known, or which looks when it is entered.
  mutating func call(looks: Bool) {
    if looks {
      self = LookDistance(sinceLook: 0, sinceReturn: 0)
    } else {
      add(LookBudget.quiet)
      sinceReturn = max(sinceReturn, 0)
    }
  }

  mutating func merge(_ other: LookDistance) {
    sinceLook = max(sinceLook, other.sinceLook)
    sinceReturn = max(sinceReturn, other.sinceReturn)
    sinceEntry = max(sinceEntry, other.sinceEntry)
  }

  /// Whether so many more units are too many without a look.
  func isOver(with units: Int) -> Bool {
    sinceLook + units > LookBudget.inFunction || sinceReturn >= 0 && sinceReturn + units > LookBudget.afterCall
  }

  /// Whether the function may not end after so many more units without a look.
  func isOverAtReturn(with units: Int) -> Bool {
    sinceLook + units > LookBudget.beforeReturn || sinceReturn >= 0 && sinceReturn + units > LookBudget.unwinding
  }
}
