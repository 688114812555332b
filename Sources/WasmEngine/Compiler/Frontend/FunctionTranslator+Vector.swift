import WebAssembly

/// Vector instructions. Comparisons have one direction each in the intermediate representation, so that there are fewer to
/// select instructions for, and so that equal ones are found.
extension FunctionTranslator {
  mutating func translateVector(_ instruction: Instruction) throws(CompilationRefusal) {
    let opcode = instruction.opcode
    guard let type = opcode.row.type, opcode.row.feature == .simd, let result = type.results.first else {
      throw CompilationRefusal(reason: opcode.name)
    }
    var operands: [IRValue] = [.none, .none, .none]
    for index in type.operands.indices.reversed() { operands[index] = pop() }
    var vector = IRInstruction(
      .vector, IRType(result), operands[0], operands[1], operands[2], aux: opcode.rawValue)
    switch opcode.row.immediates {
    case .lane: vector.imm = Int64(instruction.lane)
    case .lanes: vector.imm = vectorIndex(instruction.value, instruction.value2)
    default: break
    }
    if let turned = Self.turned(opcode) {
      vector.aux = turned.rawValue
      swap(&vector.a, &vector.b)
    }
    if let bits = ir.constant(operands[0]), let splat = Self.splat(opcode, UInt64(bitPattern: bits)) {
      return push(vectorConstant(splat, splat))
    }
    push(make(vector))
  }

  /// The place of a vector in the pool. The last ones are looked through for an equal one.
  mutating func vectorIndex(_ low: UInt64, _ high: UInt64) -> Int64 {
    let vector = SIMD2(low, high)
    for index in ir.vectors.indices.suffix(16) where ir.vectors[index] == vector { return Int64(index) }
    ir.vectors.append(vector)
    return Int64(ir.vectors.count - 1)
  }

  /// The comparison that gives the same with its operands exchanged, for those that are not kept.
  private static func turned(_ opcode: Opcode) -> Opcode? {
    switch opcode {
    case .i8x16LtS: .i8x16GtS
    case .i8x16LtU: .i8x16GtU
    case .i8x16LeS: .i8x16GeS
    case .i8x16LeU: .i8x16GeU
    case .i16x8LtS: .i16x8GtS
    case .i16x8LtU: .i16x8GtU
    case .i16x8LeS: .i16x8GeS
    case .i16x8LeU: .i16x8GeU
    case .i32x4LtS: .i32x4GtS
    case .i32x4LtU: .i32x4GtU
    case .i32x4LeS: .i32x4GeS
    case .i32x4LeU: .i32x4GeU
    case .i64x2LtS: .i64x2GtS
    case .i64x2LeS: .i64x2GeS
    case .f32x4Gt: .f32x4Lt
    case .f32x4Ge: .f32x4Le
    case .f64x2Gt: .f64x2Lt
    case .f64x2Ge: .f64x2Le
    default: nil
    }
  }

  /// Each half of a constant's splat.
  private static func splat(_ opcode: Opcode, _ bits: UInt64) -> UInt64? {
    switch opcode {
    case .i8x16Splat: (bits & 0xFF) &* 0x0101_0101_0101_0101
    case .i16x8Splat: (bits & 0xFFFF) &* 0x0001_0001_0001_0001
    case .i32x4Splat, .f32x4Splat: (bits & 0xFFFF_FFFF) &* 0x0000_0001_0000_0001
    case .i64x2Splat, .f64x2Splat: bits
    default: nil
    }
  }

  // MARK: Memory

  /// Loads that make a vector of less than 16 bytes, and accesses of single lanes (Core 3.0, 4.4.5).
  mutating func translateVectorAccess(_ instruction: Instruction) throws(CompilationRefusal) {
    let opcode = instruction.opcode
    let width = 1 << Int(opcode.row.width)
    let memory = Int(instruction.index)
    if let access = Self.vectorAccess(opcode) {
      let source = try address(of: pop(), instruction, width: width, isStore: false)
      return push(try load(.v128, from: source, access, memory: memory))
    }
    guard let lane = Self.laneAccess(opcode) else { throw CompilationRefusal(reason: opcode.name) }
    let vector = pop()
    let place = Int64(instruction.lane)
    if lane.isStore {
      let target = try address(of: pop(), instruction, width: width, isStore: true)
      // The lowest lane is where a float of its width would be.
      let isLowest = place == 0 && width >= 4
      let type: IRType = width == 8 ? (isLowest ? .f64 : .i64) : isLowest ? .f32 : .i32
      let extract: Opcode = isLowest ? (width == 8 ? .f64x2ExtractLane : .f32x4ExtractLane) : lane.opcode
      let value = make(IRInstruction(.vector, type, vector, imm: place, aux: extract.rawValue))
      return try store(value, to: target, lane.access, memory: memory)
    }
    let source = try address(of: pop(), instruction, width: width, isStore: false)
    let value = try load(width == 8 ? .i64 : .i32, from: source, lane.access, memory: memory)
    push(make(IRInstruction(.vector, .v128, vector, value, imm: place, aux: lane.opcode.rawValue)))
  }

  private static func vectorAccess(_ opcode: Opcode) -> IRAccess? {
    switch opcode {
    case .v128Load8x8S: .extend8Signed
    case .v128Load8x8U: .extend8Unsigned
    case .v128Load16x4S: .extend16Signed
    case .v128Load16x4U: .extend16Unsigned
    case .v128Load32x2S: .extend32Signed
    case .v128Load32x2U: .extend32Unsigned
    case .v128Load8Splat: .splat8
    case .v128Load16Splat: .splat16
    case .v128Load32Splat: .splat32
    case .v128Load64Splat: .splat64
    case .v128Load32Zero: .zero32
    case .v128Load64Zero: .zero64
    default: nil
    }
  }

  /// The instruction on the vector, and the access of the lane by itself.
  private static func laneAccess(_ opcode: Opcode) -> (opcode: Opcode, access: IRAccess, isStore: Bool)? {
    switch opcode {
    case .v128Load8Lane: (.i8x16ReplaceLane, .unsigned8, false)
    case .v128Load16Lane: (.i16x8ReplaceLane, .unsigned16, false)
    case .v128Load32Lane: (.i32x4ReplaceLane, .full, false)
    case .v128Load64Lane: (.i64x2ReplaceLane, .full, false)
    case .v128Store8Lane: (.i8x16ExtractLaneU, .unsigned8, true)
    case .v128Store16Lane: (.i16x8ExtractLaneU, .unsigned16, true)
    case .v128Store32Lane: (.i32x4ExtractLane, .full, true)
    case .v128Store64Lane: (.i64x2ExtractLane, .full, true)
    default: nil
    }
  }
}
