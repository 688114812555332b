// The most frequent instructions, validated from their bytes with all state in local variables.

extension FunctionValidator {
  /// Validates instructions for as long as each is a frequent one, with short immediates, and valid at first sight. It stops
  /// before any other: ``step(_:)`` goes on from there, and finds the errors. So this adds no rule, it only saves time.
  ///
  /// - Parameter input: The module's bytes up to the end of the body.
  @inline(never)
  mutating func frequentInstructions(_ input: borrowing Span<UInt8>) {
    let end = input.count
    var next = reader.reader.position
    var height = stack.height
    var maximumHeight = stack.maximumHeight
    var base = stack.base
    var isUnreachable = stack.isUnreachable
    var count = instructionCount
    var blocks = blockCount
    // Taken out of the structure, so that writes to them need no thought of the rest.
    var frames = frames
    self.frames = []
    // Memories but the first are taken only once their use has been noted.
    let usableMemories = firstUses.offset(of: .multiMemory) == nil ? 1 : context.memories.count
    var stackTypes = stack.types
    stack.types = []
    var operands = stackTypes.mutableSpan

    scan: while next < end {
      var position = next &+ 1
      // One instruction leaves one operand more, at most.
      guard height < operands.count else { break scan }
      let byte = input[next]
      let rule = rules[Int(byte)]
      switch rule.frequent {
      case .none:
        break scan

      case .localGet, .localSet, .localTee:
        guard position < end else { break scan }
        var index = Int(input[position])
        position &+= 1
        if index >= 0x80 {
          guard position < end, input[position] < 0x80 else { break scan }
          index = index & 0x7F | Int(input[position]) << 7
          position &+= 1
        }
        guard index < locals.count else { break scan }
        let type = locals[index]
        guard type.rawValue & Self.uninitialized == 0 else { break scan }
        if rule.frequent == .localGet {
          operands[height] = type
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        } else {
          guard height > base, operands[height &- 1] == type else { break scan }
          if rule.frequent == .localSet { height &-= 1 }
        }

      case .i32Const, .i64Const:
        // The last byte of the longest form holds bits that must be checked.
        let limit = min(end, position &+ (rule.frequent == .i32Const ? 4 : 9))
        while position < limit, input[position] >= 0x80 { position &+= 1 }
        guard position < limit else { break scan }
        position &+= 1
        operands[height] = rule.resultType
        height &+= 1
        if height > maximumHeight { maximumHeight = height }

      case .f32Const, .f64Const:
        position &+= rule.frequent == .f32Const ? 4 : 8
        guard position <= end else { break scan }
        operands[height] = rule.resultType
        height &+= 1
        if height > maximumHeight { maximumHeight = height }

      case .unary:
        guard height > base, operands[height &- 1].rawValue == UInt32(rule.operand0) else { break scan }
        operands[height &- 1] = rule.resultType
        if rule.feature != 0 { firstUses.note(rule.feature, at: UInt32(truncatingIfNeeded: next)) }

      case .binary:
        guard height &- base >= 2, operands[height &- 1].rawValue == UInt32(rule.operand0),
          operands[height &- 2].rawValue == UInt32(rule.operand0)
        else { break scan }
        height &-= 1
        operands[height &- 1] = rule.resultType

      case .load, .store:
        guard position < end else { break scan }
        var flags = input[position]
        position &+= 1
        var memory = 0
        if flags >= 0x40 {
          guard flags < 0x80, context.decoding.hasMultiMemory, position < end, input[position] < 0x80 else {
            break scan
          }
          memory = Int(input[position])
          flags &= 0x3F
          position &+= 1
        }
        guard flags <= rule.width, memory < usableMemories, memory < context.memories.count else { break scan }
        // Four bytes hold no offset that an address type excludes.
        let limit = min(end, position &+ 4)
        while position < limit, input[position] >= 0x80 { position &+= 1 }
        guard position < limit else { break scan }
        position &+= 1
        let address = context.memories[memory]
        if rule.frequent == .load {
          guard height > base, operands[height &- 1] == address else { break scan }
          operands[height &- 1] = rule.resultType
        } else {
          guard height &- base >= 2, operands[height &- 1].rawValue == UInt32(rule.operand0),
            operands[height &- 2] == address
          else { break scan }
          height &-= 2
        }

      case .br, .brIf, .return:
        var depth = frames.count &- 1
        if rule.frequent != .return {
          guard position < end else { break scan }
          depth = Int(input[position])
          position &+= 1
          guard depth < 0x80, depth < frames.count else { break scan }
        }
        let label = frames[frames.count &- 1 &- depth].label
        let condition = rule.frequent == .brIf ? 1 : 0
        guard label.count <= 1, height &- base >= Int(label.count) &+ condition else { break scan }
        if condition == 1 {
          guard operands[height &- 1] == .i32 else { break scan }
        }
        if label.count == 1 {
          guard operands[height &- 1 &- condition] == types[Int(label.start)] else { break scan }
        }
        if condition == 1 {
          height &-= 1
        } else {
          height = base
          isUnreachable = true
        }

      case .unreachable:
        height = base
        isUnreachable = true

      case .block, .loop, .if:
        guard position < end else { break scan }
        let type = input[position]
        position &+= 1
        var signature = Signature.empty
        if type != 0x40 {
          guard type <= 0x7F, type >= 0x7C else { break scan }
          // The types' codes go down as their places go up.
          signature.results = TypeRange(start: UInt32(0x80 &- type), count: 1)
        }
        guard frames.count <= context.limits.nesting else { break scan }
        var kind = ControlFrame.Kind.block
        if rule.frequent == .if {
          guard height > base, operands[height &- 1] == .i32 else { break scan }
          height &-= 1
          kind = .if
        } else if rule.frequent == .loop {
          kind = .loop
        }
        frames.append(
          ControlFrame(
            kind: kind, signature: signature, outerBase: UInt32(truncatingIfNeeded: base),
            outerIsUnreachable: isUnreachable, initializations: UInt32(truncatingIfNeeded: initializations.count)))
        base = height
        isUnreachable = false
        blocks &+= 1
        if frames.count &- 1 > maximumNesting { maximumNesting = frames.count &- 1 }

      case .else, .end:
        guard frames.count > 1 else { break scan }
        let frame = frames[frames.count &- 1]
        let results = frame.signature.results
        guard results.count <= 1, frame.initializations == initializations.count else { break scan }
        if results.count == 1, height == base, isUnreachable {
          operands[height] = types[Int(results.start)]
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        }
        guard height &- base == Int(results.count),
          results.count == 0 || operands[height &- 1] == types[Int(results.start)]
        else { break scan }
        if rule.frequent == .else {
          guard frame.kind == .if, frame.signature.parameters.count == 0 else { break scan }
          frames[frames.count &- 1].kind = .else
          height = base
          isUnreachable = false
        } else {
          guard frame.kind != .if || (results.count == 0 && frame.signature.parameters.count == 0) else { break scan }
          frames.removeLast()
          base = Int(frame.outerBase)
          isUnreachable = frame.outerIsUnreachable
        }

      case .call, .callIndirect:
        var index = 0
        var shift = 0
        let limit = min(end, position &+ 4)
        while position < limit, input[position] >= 0x80 {
          index |= Int(input[position] & 0x7F) &<< shift
          shift &+= 7
          position &+= 1
        }
        guard position < limit else { break scan }
        index |= Int(input[position]) &<< shift
        position &+= 1
        var top = height
        if rule.frequent == .call {
          guard index < context.spaces.functions.count else { break scan }
          index = Int(context.spaces.functions[index])
        } else {
          guard position < end else { break scan }
          let table = Int(input[position])
          position &+= 1
          guard table < 0x80, table < context.tables.count, context.tables[table].element == .functionReference,
            top > base, operands[top &- 1] == context.tables[table].address
          else { break scan }
          top &-= 1
        }
        guard index < context.signatures.count else { break scan }
        let signature = context.signatures[index]
        let parameters = Int(signature.parameters.count)
        guard signature.isFunction, signature.results.count <= 1, top &- base >= parameters else { break scan }
        top &-= parameters
        var parameter = 0
        while parameter < parameters {
          guard operands[top &+ parameter] == types[Int(signature.parameters.start) &+ parameter] else { break scan }
          parameter &+= 1
        }
        height = top
        if signature.results.count == 1 {
          operands[height] = types[Int(signature.results.start)]
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        }

      case .drop:
        guard height > base else { break scan }
        height &-= 1

      case .select:
        guard height &- base >= 3, operands[height &- 1] == .i32, operands[height &- 2] == operands[height &- 3],
          !operands[height &- 2].isReference
        else { break scan }
        height &-= 2

      case .globalGet, .globalSet:
        guard position < end else { break scan }
        let index = Int(input[position])
        position &+= 1
        guard index < 0x80, index < context.globals.count else { break scan }
        let global = context.globals[index]
        if rule.frequent == .globalGet {
          operands[height] = global.type
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        } else {
          guard global.isMutable, height > base, operands[height &- 1] == global.type else { break scan }
          height &-= 1
        }
      }
      next = position
      count &+= 1
    }
    self.frames = frames
    stack.types = stackTypes
    stack.height = height
    stack.maximumHeight = maximumHeight
    stack.base = base
    stack.isUnreachable = isUnreachable
    reader.reader.position = next
    instructionCount = count
    blockCount = blocks
  }
}
