/// What the compiler spends on a function at most, in proportion to its body: whoever makes a module decides how much work it
/// is, so that must not grow with the product of two things in it. A function that wants more is interpreted.
struct CompilationBudget {
  /// What a part of the compiler does again and again: instructions times the loops around them, words of the sets of what
  /// is live, pieces that the allocator looks at.
  let steps: Int
  /// The values that branches take along. Each costs memory in every part.
  let arguments: Int
  /// The values that there are. Programs have some two for each byte, and more where functions are inlined.
  let values: Int

  init(bodyBytes: Int) {
    steps = (1 << 20) + 256 * bodyBytes
    arguments = (1 << 17) + 16 * bodyBytes
    values = (1 << 17) + 12 * bodyBytes
  }

  /// A budget that is never used up.
  static let unlimited = CompilationBudget()

  private init() {
    steps = .max
    arguments = .max
    values = .max
  }
}
