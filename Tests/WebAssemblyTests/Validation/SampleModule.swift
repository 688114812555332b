@testable import WebAssembly

/// A module that a test builds part by part.
struct SampleModule {
  var module = Module()

  @discardableResult
  mutating func type(_ parameters: [ValueType] = [], _ results: [ValueType] = []) -> UInt32 {
    type(SubType(composite: .function(FunctionType(parameters: parameters, results: results))))
  }

  @discardableResult
  mutating func type(_ type: SubType) -> UInt32 {
    group([type])
  }

  /// A recursion group. Returns the index of its first type.
  @discardableResult
  mutating func group(_ types: [SubType]) -> UInt32 {
    let start = module.types.count
    module.types += types
    module.recursionGroups.append(
      RecursionGroup(range: start..<module.types.count, isExplicit: types.count != 1))
    return UInt32(start)
  }

  mutating func memory(_ addressType: AddressType = .i32, pages: UInt64 = 1) {
    module.memories.append(MemoryType(limits: Limits(minimum: pages), addressType: addressType))
  }

  /// A constant expression of one instruction.
  mutating func constant(_ instruction: Instruction) -> ConstantExpression {
    var writer = InstructionWriter()
    writer.write(instruction)
    writer.write(Instruction(.end))
    return ConstantExpression(range: append(writer.bytes))
  }

  mutating func passiveData() {
    module.data.append(DataSegment(mode: .passive, range: append([1, 2, 3])))
    module.dataCount = UInt32(module.data.count)
  }

  mutating func function(_ type: UInt32, bytes: [UInt8]) {
    module.functions.append(type)
    module.bodies.append(FunctionBody(range: append(bytes)))
  }

  /// A function of its own type. The final `end` is added.
  mutating func function(
    _ parameters: [ValueType] = [], _ results: [ValueType] = [], locals: [ValueType] = [],
    _ body: (inout InstructionWriter) -> Void
  ) {
    var writer = InstructionWriter()
    writer.locals(locals.map { (1, $0) })
    body(&writer)
    writer.write(Instruction(.end))
    function(type(parameters, results), bytes: writer.bytes)
  }

  private mutating func append(_ bytes: [UInt8]) -> Range<Int> {
    let start = module.bytes.count
    module.bytes += bytes
    return start..<module.bytes.count
  }

  func validated(features: FeatureSet = .all, limits: ImplementationLimits = .init()) throws -> ValidatedModule {
    try ModuleValidator.validate(module, features: features, limits: limits)
  }

  /// The error of validation, or nil for a valid module.
  func error(features: FeatureSet = .all, limits: ImplementationLimits = .init()) -> ModuleError? {
    do {
      _ = try ModuleValidator.validate(module, features: features, limits: limits)
      return nil
    } catch { return error }
  }
}

extension ModuleError {
  /// Kind and the part of the message before the explanation.
  func begins(_ kind: Kind, _ prefix: String) -> Bool { self.kind == kind && message.hasPrefix(prefix) }
}

extension InstructionWriter {
  mutating func i32(_ value: Int32 = 0) {
    write(Instruction(.i32Const, index: 0, value: UInt64(UInt32(bitPattern: value))))
  }
  mutating func i64(_ value: Int64 = 0) {
    write(Instruction(.i64Const, index: 0, value: UInt64(bitPattern: value)))
  }
  mutating func address(_ type: AddressType) { if type == .i32 { i32() } else { i64() } }
  mutating func constant(_ type: ValueType) {
    switch type {
    case .i32: i32()
    case .i64: i64()
    case .f32: write(Instruction(.f32Const, index: 0))
    case .f64: write(Instruction(.f64Const, index: 0))
    default: write(Instruction(.v128Const, index: 0))
    }
  }
  mutating func plain(_ opcode: Opcode, _ index: UInt32 = 0, _ index2: UInt32 = 0) {
    write(Instruction(opcode, index: index, index2: index2))
  }
  mutating func block(_ opcode: Opcode, _ type: BlockType = .empty) {
    var instruction = Instruction(opcode)
    instruction.blockType = type
    write(instruction)
  }
  mutating func access(
    _ opcode: Opcode, memory: UInt32 = 0, alignment: UInt8 = 0, offset: UInt64 = 0, lane: UInt8 = 0
  ) {
    var instruction = Instruction(opcode, index: memory)
    instruction.alignment = alignment
    instruction.memoryOffset = offset
    instruction.lane = lane
    write(instruction)
  }
  mutating func null(_ type: HeapType) {
    var instruction = Instruction(.refNull)
    instruction.heapType = type
    write(instruction)
  }
}
