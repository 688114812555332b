/// Which memory the name of an import means.
enum MemoryReference: Hashable, Sendable, CustomStringConvertible {
  case number(UInt32)
  case name(String)
  /// `*`: the one whose index is an operand.
  case any

  init(_ text: some StringProtocol) {
    if text == "*" {
      self = .any
    } else if text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let number = UInt32(text) {
      self = .number(number)
    } else {
      self = .name(String(text))
    }
  }

  var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .name(let name): name
    case .any: "*"
    }
  }
}

/// What an import of the module `multi_memory` is to become, read from its name:
///
///     i32.load@1    i64.store8@heap offset=16 align=1    v128.load8_lane@heap 3
///     memory.copy@1,0    memory.grow@heap    memory.index@heap    i32.load@*
struct BindingName {
  /// nil stands for `memory.index`.
  var instruction: Operator?
  /// Two for `memory.copy`: destination, source.
  var memories: [MemoryReference]
  var offset: UInt64 = 0
  /// The logarithm of the alignment.
  var alignment: UInt8
  var lane: UInt8 = 0

  static let indexOperation = "memory.index"

  /// The operators that can be bound, by name.
  private static let operators: [String: Operator] = {
    var operators: [String: Operator] = [:]
    for row in Operator.all {
      switch row.immediates {
      case .memory, .memoryAndMemory, .memoryArgument, .memoryArgumentAndLane: operators[row.name] = row
      default: break
      }
    }
    return operators
  }()

  init(_ text: String) throws(TransformError) {
    let words = text.parts(between: " ").filter { !$0.isEmpty }
    guard let (operation, reference) = words.first?.cut(at: "@") else {
      throw TransformError("the name must be an instruction, '@' and a memory, as in i32.load@1")
    }
    memories = reference.parts(between: ",").map { MemoryReference($0) }
    guard !memories.contains(.name("")) else { throw TransformError("there is no memory after '@' or ','") }
    instruction = nil
    alignment = 0
    var memoryCount = 1
    if operation != Self.indexOperation {
      if operation == "memory.init" || operation == "data.drop" {
        throw TransformError(
          "\(operation) cannot be bound: only the linker knows data segments; copy from memory 0 with memory.copy")
      }
      guard let row = Self.operators[operation] else {
        throw TransformError("there is no memory instruction '\(name: operation)'")
      }
      instruction = row
      alignment = row.width
      if row.immediates == .memoryAndMemory { memoryCount = 2 }
    } else if memories.contains(.any) {
      throw TransformError("\(operation) needs a memory")
    }
    guard memories.count == memoryCount else {
      throw TransformError(
        "\(operation) needs \(memoryCount == 1 ? "one memory" : "two memories, destination and source")")
    }
    try immediates(words.dropFirst())
  }

  private mutating func immediates(_ words: ArraySlice<String>) throws(TransformError) {
    let kind = instruction?.immediates ?? .none
    let hasArgument = kind == .memoryArgument || kind == .memoryArgumentAndLane
    var hasLane = false
    for word in words {
      if hasArgument, word.hasPrefix("offset="), let value = UInt64(word.dropFirst(7)) {
        offset = value
      } else if hasArgument, word.hasPrefix("align="), let value = UInt64(word.dropFirst(6)),
        value.nonzeroBitCount == 1
      {
        alignment = UInt8(value.trailingZeroBitCount)
      } else if kind == .memoryArgumentAndLane, !hasLane, let value = UInt8(word) {
        lane = value
        hasLane = true
      } else {
        throw TransformError("'\(name: word)' is not understood")
      }
    }
    guard let row = instruction, hasArgument else { return }
    guard alignment <= row.width else { throw TransformError("alignment must not be larger than natural") }
    if row.feature == .threads, alignment != row.width {
      throw TransformError("an atomic access needs its natural alignment")
    }
    if kind == .memoryArgumentAndLane {
      guard hasLane else { throw TransformError("a lane is missing, as in v128.load8_lane@1 3") }
      guard lane < 16 >> row.width else { throw TransformError("invalid lane index \(lane)") }
    }
  }
}
