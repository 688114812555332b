// The commonest instructions, validated from their bytes with all state in local variables.

extension FunctionValidator {
  /// Validates instructions for as long as each is a common one, with short immediates, and valid at first sight. It stops
  /// before any other: ``step(_:)`` goes on from there, and finds the errors. So this adds no rule, it only saves time.
  ///
  /// - Parameter input: The module's bytes up to the end of the body.
  @inline(never)
  mutating func commonInstructions(_ input: borrowing Span<UInt8>) {
    let end = input.count
    var next = reader.reader.position
    var height = stack.height
    var maximumHeight = stack.maximumHeight
    var base = stack.base
    var isUnreachable = stack.isUnreachable
    var count = instructionCount
    var blocks = blockCount
    // Taken out of the structure, so that writes to them need no thought of the rest of it.
    var operands = stack.types
    stack.types = []
    var frames = frames
    self.frames = []
    // Memories but the first are taken only once their use has been noted.
    let usableMemories = firstUses.offset(of: .multiMemory) == nil ? 0 : context.memories.count

    scan: while next < end {
      var position = next &+ 1
      if height &+ 2 > operands.count { operands.append(contentsOf: repeatElement(.bottom, count: operands.count)) }
      let byte = input[next]
      switch byte {
      case 0x20, 0x21, 0x22:  // local.get, local.set, local.tee
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
        if byte == 0x20 {
          operands[height] = type
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        } else {
          guard height > base, operands[height &- 1] == type else { break scan }
          if byte == 0x21 { height &-= 1 }
        }

      case 0x41, 0x42:  // i32.const, i64.const
        // The last byte of the longest form holds bits that must be checked.
        let limit = min(end, position &+ (byte == 0x41 ? 4 : 9))
        while position < limit, input[position] >= 0x80 { position &+= 1 }
        guard position < limit else { break scan }
        position &+= 1
        operands[height] = byte == 0x41 ? .i32 : .i64
        height &+= 1
        if height > maximumHeight { maximumHeight = height }

      case 0x43, 0x44:  // f32.const, f64.const
        position &+= byte == 0x43 ? 4 : 8
        guard position <= end else { break scan }
        operands[height] = byte == 0x43 ? .f32 : .f64
        height &+= 1
        if height > maximumHeight { maximumHeight = height }

      case 0x45...0xBF:  // comparisons, arithmetic, conversions
        let rule = rules[Int(byte)]
        let first = ValueType(rawValue: UInt32(rule.operand0))
        if rule.operandCount == 2 {
          guard height &- base >= 2, operands[height &- 1] == first, operands[height &- 2] == first else { break scan }
          height &-= 1
        } else {
          guard height > base, operands[height &- 1] == first else { break scan }
        }
        operands[height &- 1] = rule.resultType

      case 0x28...0x3E:  // loads and stores
        let rule = rules[Int(byte)]
        guard position < end else { break scan }
        var flags = input[position]
        position &+= 1
        var memory = 0
        if flags >= 0x40 {
          guard flags < 0x80, position < end, input[position] < 0x80 else { break scan }
          memory = Int(input[position])
          guard memory < usableMemories else { break scan }
          flags &= 0x3F
          position &+= 1
        }
        guard flags <= rule.width, memory < context.memories.count else { break scan }
        let limit = min(end, position &+ 4)
        while position < limit, input[position] >= 0x80 { position &+= 1 }
        guard position < limit else { break scan }
        position &+= 1
        let address = context.memories[memory]
        if rule.result != 0 {
          guard height > base, operands[height &- 1] == address else { break scan }
          operands[height &- 1] = rule.resultType
        } else {
          guard height &- base >= 2, operands[height &- 1].rawValue == UInt32(rule.operand0),
            operands[height &- 2] == address
          else { break scan }
          height &-= 2
        }

      case 0x0D:  // br_if
        guard position < end else { break scan }
        let index = Int(input[position])
        position &+= 1
        guard index < 0x80, index < frames.count, height > base, operands[height &- 1] == .i32 else { break scan }
        let frame = frames[frames.count &- 1 &- index]
        guard (frame.kind == .loop ? frame.signature.parameters.count : frame.signature.results.count) == 0 else {
          break scan
        }
        height &-= 1

      case 0x02, 0x03, 0x04:  // block, loop, if
        guard position < end else { break scan }
        let type = input[position]
        position &+= 1
        var signature = Signature.empty
        if type != 0x40 {
          guard type <= 0x7F, type >= 0x7C else { break scan }
          // The types' codes go down as their places go up.
          signature.results = TypeRange(start: UInt32(0x80 &- type), count: 1)
        }
        if byte == 0x04 {
          guard height > base, operands[height &- 1] == .i32 else { break scan }
          height &-= 1
        }
        guard frames.count <= context.limits.nesting else {
          if byte == 0x04 { height &+= 1 }
          break scan
        }
        frames.append(
          ControlFrame(
            kind: byte == 0x02 ? .block : byte == 0x03 ? .loop : .if, signature: signature,
            outerBase: UInt32(truncatingIfNeeded: base), outerIsUnreachable: isUnreachable,
            initializations: UInt32(truncatingIfNeeded: initializations.count)))
        base = height
        isUnreachable = false
        blocks &+= 1
        if frames.count &- 1 > maximumNesting { maximumNesting = frames.count &- 1 }

      case 0x0B:  // end
        guard frames.count > 1 else { break scan }
        let frame = frames[frames.count &- 1]
        let results = Int(frame.signature.results.count)
        guard results <= 1, height &- base == results, frame.initializations == initializations.count,
          frame.kind != .if || (results == 0 && frame.signature.parameters.count == 0)
        else { break scan }
        if results == 1 {
          guard operands[height &- 1] == types[Int(frame.signature.results.start)] else { break scan }
        }
        frames.removeLast()
        base = Int(frame.outerBase)
        isUnreachable = frame.outerIsUnreachable

      case 0x10:  // call
        guard position < end else { break scan }
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
        guard index < context.spaces.functions.count else { break scan }
        let signature = context.signatures[Int(context.spaces.functions[index])]
        let parameters = Int(signature.parameters.count)
        guard height &- base >= parameters else { break scan }
        for offset in 0..<parameters
        where operands[height &- parameters &+ offset] != types[Int(signature.parameters.start) &+ offset] {
          break scan
        }
        guard signature.results.count <= 1 else { break scan }
        height &-= parameters
        if signature.results.count == 1 {
          operands[height] = types[Int(signature.results.start)]
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        }

      case 0x1A:  // drop
        guard height > base else { break scan }
        height &-= 1

      case 0x1B:  // select
        guard height &- base >= 3, operands[height &- 1] == .i32, operands[height &- 2] == operands[height &- 3],
          !operands[height &- 2].isReference
        else { break scan }
        height &-= 2

      case 0x23, 0x24:  // global.get, global.set
        guard position < end, !isConstant else { break scan }
        let index = Int(input[position])
        position &+= 1
        guard index < 0x80, index < context.globals.count else { break scan }
        let global = context.globals[index]
        if byte == 0x23 {
          operands[height] = global.type
          height &+= 1
          if height > maximumHeight { maximumHeight = height }
        } else {
          guard global.isMutable, height > base, operands[height &- 1] == global.type else { break scan }
          height &-= 1
        }

      default:
        break scan
      }
      next = position
      count &+= 1
    }
    self.frames = frames
    stack.types = operands
    stack.height = height
    stack.maximumHeight = maximumHeight
    stack.base = base
    stack.isUnreachable = isUnreachable
    reader.reader.position = next
    instructionCount = count
    blockCount = blocks
  }
}
