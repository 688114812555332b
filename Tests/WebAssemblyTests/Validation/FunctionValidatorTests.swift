import Testing

@testable import WebAssembly

@Suite struct FunctionValidatorTests {
  private func error(
    _ parameters: [ValueType] = [], _ results: [ValueType] = [], locals: [ValueType] = [],
    _ body: (inout InstructionWriter) -> Void
  ) -> ModuleError? {
    var sample = SampleModule()
    sample.memory()
    sample.function(parameters, results, locals: locals, body)
    return sample.error()
  }

  /// Every operator with a fixed type takes its operands, and nothing else.
  @Test func fixedTypesAreThoseOfTheTable() {
    for row in Operator.all {
      guard let type = row.type, ![.memoryArgument, .memoryArgumentAndLane, .data, .element].contains(row.immediates)
      else { continue }
      let address: [ValueType] = []
      func body(_ operands: [ValueType], _ results: [ValueType]) -> ModuleError? {
        error([], results) { writer in
          for operand in address + operands { writer.constant(operand) }
          writer.plain(row.opcode)
        }
      }
      #expect(body(type.operands, type.results) == nil, "\(row.name)")
      for index in type.operands.indices {
        var wrong = type.operands
        wrong[index] = wrong[index] == .f32 ? .v128 : .f32
        #expect(
          body(wrong, type.results)?.begins(.invalid, "type mismatch: instruction requires") == true, "\(row.name)")
        var fewer = type.operands
        fewer.remove(at: index)
        #expect(
          body(fewer, type.results)?.begins(.invalid, "type mismatch: instruction requires") == true, "\(row.name)")
      }
      #expect(body(type.operands, type.results + [.i32])?.begins(.invalid, "type mismatch") == true, "\(row.name)")
    }
  }

  @Test func messagesShowTheStack() {
    let message = error { writer in
      writer.i64()
      writer.constant(.f32)
      writer.plain(.i32Add)
    }?.message
    #expect(message == "type mismatch: instruction requires [i32 i32] but stack has [i64 f32]")
    let atEnd = error([], [.i32]) { writer in
      writer.i32()
      writer.i32()
    }?.message
    #expect(atEnd == "type mismatch: function requires [i32] at its end but stack has [i32 i32]")
    let unreachable = error([], [.i32]) { writer in
      writer.plain(.unreachable)
      writer.constant(.f64)
      writer.plain(.i32Eqz)
    }?.message
    #expect(unreachable == "type mismatch: instruction requires [i32] but stack has [f64]")
  }

  @Test func errorsKnowTheirFunctionAndOffset() {
    var sample = SampleModule()
    sample.module.imports.append(Import(module: "m", name: "f", type: .function(0)))
    sample.function { _ in }
    sample.function { $0.plain(.drop) }
    let error = sample.error()
    #expect(error?.function == 2)
    #expect(error?.offset == sample.module.bodies[1].range.lowerBound + 1)
  }

  @Test func aMalformedBodyComesBeforeAnInvalidOne() throws {
    func body(_ bytes: [UInt8]) -> [UInt8] { [0] + bytes }
    var sample = SampleModule()
    let type = sample.type()
    sample.function(type, bytes: body([0x1A, 0x0B]))
    sample.function(type, bytes: body([0x0B]))
    #expect(sample.error()?.begins(.invalid, "type mismatch") == true)
    for malformed: [UInt8] in [
      [0xFF, 0x0B], [0x05, 0x0B], [0x02, 0x40, 0x0B], [0x0B, 0x01, 0x0B], [0xFC, 9, 0, 0x0B],
    ] {
      var sample = sample
      sample.function(type, bytes: body(malformed))
      let error = try #require(sample.error())
      #expect(error.kind == .malformed)
      #expect(error.function == 2)
      let validator = try ModuleValidator(sample.module)
      #expect(throws: error) { try validator.validateFunctions(0..<1) }
      #expect(throws: error) { try validator.validateFunctions(2..<3) }
      sample.module.start = 9
      #expect(sample.error() == error, "invalid declarations too")
    }
  }

  @Test func partsMustCoverTheFunctionsOfTheSameModule() throws {
    var sample = SampleModule()
    for count in 0..<10 { sample.function { writer in for _ in 0..<count { writer.plain(.nop) } } }
    let validator = try ModuleValidator(sample.module)
    let other = try ModuleValidator(sample.module)
    let low = try validator.validateFunctions(0..<4)
    let high = try validator.validateFunctions(4..<validator.functionCount)
    let module = try validator.finish([high, low])
    #expect(module.functions.map(\.instructionCount) == Array(1...10))
    #expect(throws: ModuleError.self) { try validator.finish([low]) }
    #expect(throws: ModuleError.self) { try validator.finish([high]) }
    #expect(throws: ModuleError.self) { try validator.finish([low, low, high]) }
    #expect(throws: ModuleError.self) { try other.finish([low, high]) }
  }

  @Test func summaries() throws {
    var sample = SampleModule()
    sample.function([.i32], locals: [.i64, .f32]) { writer in
      writer.block(.block)
      writer.block(.loop)
      writer.i32()
      writer.i32()
      writer.i32()
      writer.plain(.drop)
      writer.plain(.drop)
      writer.block(.if)
      writer.plain(.end)
      writer.plain(.end)
      writer.plain(.end)
    }
    let summary = try sample.validated().functions[0]
    #expect(summary.instructionsStart == 5)
    #expect(summary.maximumHeight == 3)
    #expect(summary.maximumNesting == 3)
    #expect(summary.blockCount == 3)
    #expect(summary.instructionCount == 12)
  }

  @Test func firstUsesOfFeatures() throws {
    var sample = SampleModule()
    let array = sample.type(SubType(composite: .array(FieldType(storage: .value(.i32), isMutable: true))))
    sample.function { writer in
      writer.null(.concrete(array))
      writer.plain(.drop)
    }
    let module = try sample.validated()
    #expect(module.firstUse(of: .gc) == nil, "a null needs no objects")
    #expect(module.firstUse(of: .referenceTypes) == 1)
    sample.function { writer in
      writer.i32()
      writer.plain(.arrayNewDefault, array)
      writer.plain(.drop)
    }
    #expect(try sample.validated().firstUse(of: .gc) == sample.module.bodies[1].range.lowerBound + 3)
  }

  @Test func locals() {
    #expect(error([.i32], [.i32], locals: [.i64]) { $0.plain(.localGet, 0) } == nil)
    #expect(error([.i32], [.i64], locals: [.i64]) { $0.plain(.localGet, 1) } == nil)
    #expect(error([.i32]) { $0.plain(.localGet, 1) }?.begins(.invalid, "unknown local 1") == true)
    #expect(error([.i32]) { $0.plain(.localGet, 300) }?.begins(.invalid, "unknown local 300") == true)
    let reference = ValueType.reference(.function, nullable: false)
    #expect(
      error(locals: [reference]) { writer in
        writer.plain(.localGet, 0)
        writer.plain(.drop)
      }?.begins(.invalid, "uninitialized local 0") == true)
    #expect(
      error([reference], locals: [reference]) { writer in
        writer.plain(.localGet, 0)
        writer.plain(.localSet, 1)
        writer.plain(.localGet, 1)
        writer.plain(.drop)
      } == nil)
    #expect(
      error([reference], locals: [reference]) { writer in
        writer.block(.block)
        writer.plain(.localGet, 0)
        writer.plain(.localTee, 1)
        writer.plain(.drop)
        writer.plain(.localGet, 1)
        writer.plain(.drop)
        writer.plain(.end)
        writer.plain(.localGet, 1)
        writer.plain(.drop)
      }?.begins(.invalid, "uninitialized local 1") == true, "the block's end forgets it")
  }

  @Test func localsAreCountedBeforeTheyAreAllocated() {
    var sample = SampleModule()
    let type = sample.type()
    sample.function(type, bytes: [2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 2, 0x7E, 0x0B])
    #expect(sample.error()?.begins(.malformed, "too many locals") == true)
    var large = SampleModule()
    large.function(large.type(), bytes: [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x0B])
    #expect(large.error()?.kind == .limitExceeded)
  }

  @Test func nestingIsLimited() {
    func nested(_ depth: Int) -> ModuleError? {
      error { writer in
        for _ in 0..<depth { writer.block(.block) }
        for _ in 0..<depth { writer.plain(.end) }
      }
    }
    #expect(nested(50_000) == nil)
    #expect(nested(50_001)?.kind == .limitExceeded)
  }

  @Test func deepStacks() throws {
    var sample = SampleModule()
    sample.function { writer in
      for _ in 0..<10_000 { writer.i32() }
      for _ in 0..<10_000 { writer.plain(.drop) }
    }
    #expect(try sample.validated().functions[0].maximumHeight == 10_000)
  }

  @Test func unreachableCodeTakesAnyOperands() {
    #expect(
      error([], [.i64]) { writer in
        writer.plain(.unreachable)
        writer.plain(.i32Add)
        writer.plain(.drop)
        writer.plain(.select)
        writer.plain(.i64ExtendI32U)
      } == nil)
    #expect(
      error([], [.i32]) { writer in
        writer.plain(.unreachable)
        writer.plain(.refAsNonNull)
        writer.plain(.refIsNull)
      } == nil)
    #expect(
      error([], [.i32]) { writer in
        writer.plain(.unreachable)
        writer.i64()
        writer.plain(.i32Add)
      }?.begins(.invalid, "type mismatch") == true)
  }

  @Test func constantExpressions() {
    func global(_ type: ValueType, _ instructions: Instruction..., features: FeatureSet = .all) -> ModuleError? {
      var sample = SampleModule()
      sample.module.imports.append(
        Import(module: "m", name: "g", type: .global(GlobalType(value: .i32, isMutable: false))))
      var writer = InstructionWriter()
      for instruction in instructions { writer.write(instruction) }
      writer.write(Instruction(.end))
      sample.module.bytes = writer.bytes
      sample.module.globals.append(
        Global(
          type: GlobalType(value: type, isMutable: true),
          initializer: ConstantExpression(range: 0..<writer.bytes.count)))
      return sample.error(features: features)
    }
    let one = Instruction(.i32Const, index: 0, value: 1)
    #expect(global(.i32, one) == nil)
    #expect(global(.i32, Instruction(.globalGet, index: 0)) == nil)
    #expect(global(.i32, Instruction(.globalGet, index: 1))?.begins(.invalid, "unknown global 1") == true, "itself")
    #expect(global(.i32, one, one, Instruction(.i32Add)) == nil)
    #expect(global(.i32, one, Instruction(.i32Eqz))?.begins(.invalid, "constant expression required") == true)
    #expect(global(.i32, one, one)?.begins(.invalid, "type mismatch") == true)
    #expect(global(.i64, one)?.begins(.invalid, "type mismatch") == true)
    #expect(global(.i32)?.begins(.invalid, "type mismatch") == true)
    var features = FeatureSet.all
    features.remove(.extendedConst)
    #expect(
      global(.i32, one, one, Instruction(.i32Add), features: features)?
        .begins(.invalid, "constant expression required") == true)
  }

  @Test func referencesToFunctionsMustBeDeclared() {
    var sample = SampleModule()
    sample.function { writer in
      writer.plain(.refFunc, 0)
      writer.plain(.drop)
    }
    #expect(sample.error()?.begins(.invalid, "undeclared function reference") == true)
    var exported = sample
    exported.module.exports.append(Export(name: "f", kind: .function, index: 0))
    #expect(exported.error() == nil)
    var listed = sample
    listed.module.elements.append(ElementSegment(type: .function, items: .functions([0]), mode: .declarative))
    #expect(listed.error() == nil)
    var initialized = sample
    let expression = initialized.constant(Instruction(.refFunc, index: 0))
    initialized.module.globals.append(
      Global(type: GlobalType(value: .functionReference, isMutable: false), initializer: expression))
    #expect(initialized.error() == nil)
  }

  @Test func exportNamesAreComparedByTheirBytes() {
    var sample = SampleModule()
    sample.memory()
    sample.module.exports = [
      Export(name: "\u{E9}", kind: .memory, index: 0), Export(name: "e\u{301}", kind: .memory, index: 0),
    ]
    #expect(sample.error() == nil)
    sample.module.exports.append(Export(name: "\u{E9}", kind: .memory, index: 0))
    #expect(sample.error()?.begins(.invalid, "duplicate export name") == true)
    // The same among many.
    sample.module.exports.removeLast()
    sample.module.exports += (0..<40).map { Export(name: "m\($0)", kind: .memory, index: 0) }
    #expect(sample.error() == nil)
    sample.module.exports.append(Export(name: "e\u{301}", kind: .memory, index: 0))
    #expect(sample.error()?.begins(.invalid, "duplicate export name") == true)
  }

  /// Cutting a valid body short or changing any of its bytes never does more than make the module malformed or invalid.
  @Test func damagedBodiesAreRefusedWithoutTrapping() {
    var sample = SampleModule()
    sample.memory()
    sample.memory(.i64)
    sample.passiveData()
    sample.type([.i32], [.i32, .i64])
    sample.function([.i32, .i64], [.i32], locals: [.f32, .functionReference]) { writer in
      writer.block(.block, .value(.i32))
      writer.plain(.localGet, 0)
      writer.block(.loop, .type(0))
      writer.plain(.drop)
      writer.i32(-5)
      writer.i64(1 << 40)
      writer.plain(.end)
      writer.access(.i64Load, memory: 1, alignment: 3, offset: 1 << 33)
      writer.plain(.drop)
      writer.branchTable(labels: [0, 0, 0], default: 0)
      writer.plain(.end)
      writer.null(.concrete(0))
      writer.plain(.refIsNull)
      writer.select([.i32])
    }
    let body = sample.module.bodies[0].range
    for position in body {
      for value in 0...255 as ClosedRange<UInt8> {
        var damaged = sample
        damaged.module.bytes[position] = value
        _ = damaged.error()
      }
      var short = sample
      short.module.bodies[0] = FunctionBody(range: body.lowerBound..<position)
      #expect(short.error()?.kind == .malformed)
    }
  }
}
