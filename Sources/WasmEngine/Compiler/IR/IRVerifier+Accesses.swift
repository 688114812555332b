import WebAssembly

/// The proof that accesses of memories stay within them. For each one there must be a reason why its address is in bounds or
/// faults (the cases of ``FunctionTranslator/address(of:_:width:isStore:isExact:)``), and its base must be the base of its
/// memory, read anew where that can move.
extension IRVerifier {
  /// An address as something that is not known and a number, whose sum it is, modulo 2^64.
  private struct Sum: Hashable {
    var unknown: IRValue
    var number: UInt64
  }

  /// A check: for which bytes beyond its address nothing was found to be out of bounds.
  private struct Check {
    var value: IRValue
    var number: UInt64
    var extent: UInt64
    var allowsStores: Bool
  }

  private struct Key: Hashable {
    var memory: Int
    var unknown: IRValue
  }

  mutating func checkAccesses(_ dominators: Dominators) {
    guard let environment else { return }
    var checks: [Key: [Check]] = [:]
    for (index, block) in function.blocks.enumerated() where dominators.isReachable(index) {
      for value in function.instructions(of: block) where function[value].operation == .boundsCheck {
        let instruction = function[value]
        let memory = Int(CheckedAccess(tag: instruction.c).memory)
        guard environment.accessClasses.indices.contains(memory) else { continue }
        let record = environment.layout.memory(memory)
        // A sum that is always out of bounds is compared with no bytes.
        let isWritable = isLoad(instruction.b, record + 16, .memories) || function.constant(instruction.b) == 0
        guard isWritable || isLoad(instruction.b, record + 8, .memories) else {
          report(index, value, "does not compare with the memory's size")
          continue
        }
        let sum = sum(instruction.a)
        checks[Key(memory: memory, unknown: sum.unknown), default: []].append(
          Check(
            value: value, number: sum.number, extent: UInt64(bitPattern: instruction.imm), allowsStores: isWritable))
      }
    }
    for (index, block) in function.blocks.enumerated() where dominators.isReachable(index) {
      for value in function.instructions(of: block) {
        let instruction = function[value]
        guard instruction.operation == .load || instruction.operation == .store,
          let place = instruction.place, let memory = place.memory,
          environment.accessClasses.indices.contains(Int(memory))
        else { continue }
        if let message = mistake(of: instruction, at: place, value, checks, environment, dominators) {
          report(index, value, message)
        }
      }
    }
  }

  private func mistake(
    of access: IRInstruction, at place: AccessPlace, _ value: IRValue, _ checks: [Key: [Check]],
    _ environment: CompilationEnvironment, _ dominators: Dominators
  ) -> String? {
    let memory = Int(place.memory ?? 0)
    let type = environment.module.spaces.memories[memory]
    let accessClass = environment.accessClasses[memory]
    let region: IRContextRegion = accessClass == .movable ? .memories : .invariant
    guard isLoad(access.a, environment.layout.memory(memory), region) else { return "another base than the memory's" }
    let isStore = access.operation == .store
    let width = (IRAccess(rawValue: access.aux) ?? .full).width(access.type)
    let extent = UInt64(place.displacement.value) + UInt64(width)
    let isReserved = environment.usesGuardPages && accessClass == .reserved
    if isReserved, isNarrow(access.b), extent <= AccessClass.largestUncheckedExtent { return nil }
    var sum = Sum(unknown: .none, number: 0)
    if access.b.exists { sum = self.sum(access.b) }
    if !sum.unknown.exists, !isStore {
      let (minimum, overflow) = type.limits.minimum.multipliedReportingOverflow(by: type.pageSize)
      let (end, wraps) = sum.number.addingReportingOverflow(extent)
      if !wraps, overflow || end <= minimum { return nil }
    }
    let candidates = checks[Key(memory: memory, unknown: sum.unknown)] ?? []
    let isChecked = candidates.contains { check in
      // Modulo 2^64: the check has shown that nothing wraps up to its extent.
      let distance = sum.number &+ UInt64(place.displacement.value) &- check.number
      let (end, wraps) = distance.addingReportingOverflow(UInt64(width))
      return !wraps && end <= check.extent && (check.allowsStores || !isStore)
        && isBefore(check.value, value, dominators)
    }
    return isChecked ? nil : "nothing shows that it stays within its memory of the class \(accessClass.rawValue)"
  }

  /// Whether a value is read from the context at an offset, as something that may change as the region does.
  private func isLoad(_ value: IRValue, _ offset: Int, _ region: IRContextRegion) -> Bool {
    let instruction = function[value]
    return instruction.operation == .contextLoad && !instruction.a.exists && instruction.imm == Int64(offset)
      && instruction.aux == region.rawValue
  }

  private func sum(_ value: IRValue) -> Sum {
    var sum = Sum(unknown: value, number: 0)
    while true {
      let instruction = function[sum.unknown]
      switch instruction.operation {
      case .boundsCheck: sum.unknown = instruction.a
      case .add:
        guard let constant = function.constant(instruction.b) else { return sum }
        sum.number &+= UInt64(bitPattern: constant)
        sum.unknown = instruction.a
      case .constant: return Sum(unknown: .none, number: sum.number &+ UInt64(bitPattern: instruction.imm))
      default: return sum
      }
    }
  }

  /// Whether an index, if there is one, has no more than 32 bits.
  private func isNarrow(_ value: IRValue) -> Bool {
    guard value.exists else { return true }
    let instruction = function[value]
    return switch instruction.operation {
    case .zeroExtend: true
    case .boundsCheck: isNarrow(instruction.a)
    case .constant: UInt64(bitPattern: instruction.imm) <= UInt64(UInt32.max)
    default: false
    }
  }
}
