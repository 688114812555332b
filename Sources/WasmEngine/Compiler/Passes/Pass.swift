/// A pass over the intermediate representation: a row of the ``Pipeline``.
struct Pass: Sendable {
  /// What `--dump ir:NAME` and the golden files call it.
  let name: String
  let run: @Sendable (_ function: inout IRFunction, _ environment: CompilationEnvironment) -> Void
  /// What must hold of its place among the others, and why.
  let order: [PassOrder]

  init(_ name: String, order: [PassOrder] = [], _ run: @escaping @Sendable (inout IRFunction) -> Void) {
    self.name = name
    self.order = order
    self.run = { function, _ in run(&function) }
  }

  /// A pass that looks at the module.
  init(
    _ name: String, order: [PassOrder] = [],
    inModule run: @escaping @Sendable (inout IRFunction, CompilationEnvironment) -> Void
  ) {
    self.name = name
    self.order = order
    self.run = run
  }
}

/// A constraint on the place of a pass, with its reason.
struct PassOrder: Sendable {
  enum Place: Sendable, Equatable {
    case first
    case last
    /// Behind every occurrence of the other pass, which may be absent.
    case after(String)
    /// In front of every occurrence of the other pass, which may be absent.
    case before(String)
    /// Some later row must be the other pass.
    case followed(by: String)
  }

  let place: Place
  let reason: String

  static func first(_ reason: String) -> PassOrder { PassOrder(place: .first, reason: reason) }
  static func last(_ reason: String) -> PassOrder { PassOrder(place: .last, reason: reason) }
  static func after(_ pass: String, _ reason: String) -> PassOrder { PassOrder(place: .after(pass), reason: reason) }
  static func before(_ pass: String, _ reason: String) -> PassOrder { PassOrder(place: .before(pass), reason: reason) }
  static func followed(by pass: String, _ reason: String) -> PassOrder {
    PassOrder(place: .followed(by: pass), reason: reason)
  }
}
