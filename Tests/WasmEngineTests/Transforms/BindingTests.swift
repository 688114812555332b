import Testing
import WasmEngine
import WebAssembly

/// Calls of imports from `multi_memory`, and what becomes of them.
@Suite struct BindingTests {
  static func bind(_ text: String, _ memories: String...) throws -> BoundModule {
    let module = try ModuleParser.parse(Array(text.utf8), features: .all).module
    var options = BindingOptions()
    options.memories = try memories.map { try MemoryDeclaration(parsing: $0) }
    let bound = try MemoryBinding.bind(try ModuleValidator.validate(module), options: options)
    #expect(!bound.module.imports.contains { $0.module == "multi_memory" })
    return bound
  }

  /// The binary, decoded anew, as an instance on each tier.
  static func instances(
    _ bound: BoundModule, imports: (Store) throws -> [ExternalValue] = { _ in [] }
  ) throws -> [Instance] {
    let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(bound.module))
    return try [ExecutionTier.interpreter, .compiler].map { tier in
      let engine = makeEngine { $0.tier = tier }
      let store = Store(engine)
      return try store.instantiate(engine.compile(decoded), imports: try imports(store))
    }
  }

  /// The integers that a call returns.
  static func call(_ instance: Instance, _ name: String, _ arguments: Value...) throws -> [Int64] {
    try instance.function(name).call(arguments).map { value in
      switch value {
      case .i32(let value): Int64(value)
      case .i64(let value): value
      default: try #require(Int64("\(value) is no integer"))
      }
    }
  }

  /// The instructions of a body but its `end`.
  static func instructions(_ module: Module, body: Int) throws -> [Instruction] {
    var reader = InstructionReader(module.bytes, range: module.bodies[body].range)
    _ = try reader.locals()
    var result: [Instruction] = []
    while !reader.isAtEnd { result.append(try reader.next()) }
    return result.dropLast()
  }

  static let operators = Operator.all.filter {
    switch $0.immediates {
    case .memory, .memoryAndMemory, .memoryArgument, .memoryArgumentAndLane: true
    default: false
    }
  }

  /// The parameters, with an address type for the memory, and the results.
  static func type(_ row: Operator, _ address: String) -> (parameters: [String], results: [String]) {
    switch row.opcode {
    case .memorySize: ([], [address])
    case .memoryGrow: ([address], [address])
    case .memoryFill: ([address, "i32", address], [])
    case .memoryDiscard: ([address, address], [])
    case .memoryCopy: ([address, address, address], [])
    default: ([address] + (row.type?.operands.map(\.description) ?? []), row.type?.results.map(\.description) ?? [])
    }
  }

  static func signature(_ type: (parameters: [String], results: [String])) -> String {
    "(param \(type.parameters.joined(separator: " "))) (result \(type.results.joined(separator: " ")))"
  }

  /// Every instruction on a memory, at both address types: bound, inlined, alone in the body, on memory 1.
  @Test(arguments: ["i32", "i64"]) func everyMemoryInstruction(address: String) throws {
    #expect(Self.operators.count > 100)
    for row in Self.operators {
      let type = Self.type(row, address)
      let lane = row.immediates == .memoryArgumentAndLane ? " 1" : ""
      let reference = row.opcode == .memoryCopy ? "1,1" : "1"
      let gets = type.parameters.indices.map { "(local.get \($0))" }.joined(separator: " ")
      let bound = try Self.bind(
        """
        (module (import "multi_memory" "\(row.name)@\(reference)\(lane)" (func $f \(Self.signature(type))))
          (memory 1)
          (func (export "f") \(Self.signature(type)) \(gets) (call $f)))
        """, "1=\(address),max=2,shared")
      _ = try ModuleValidator.validate(bound.module)
      let body = try Self.instructions(bound.module, body: 0)
      #expect(body.count == type.parameters.count + 1, "\(row.name)")
      let last = try #require(body.last)
      #expect(last.opcode == row.opcode && last.index == 1 && last.lane == (lane.isEmpty ? 0 : 1), "\(row.name)")
      #expect(bound.imports.map(\.callCount) == [1] && bound.imports.first?.functionName == nil)
    }
  }

  @Test func valuesArriveInTheirMemory() throws {
    let bound = try Self.bind(
      """
      (module
        (import "multi_memory" "i32.store@heap offset=4 align=1" (func $store (param i32 i32)))
        (import "env" "id" (func $id (param i32) (result i32)))
        (import "multi_memory" "i32.load@1" (func $load (param i32) (result i32)))
        (import "multi_memory" "memory.copy@0,heap" (func $copy (param i32 i32 i32)))
        (import "multi_memory" "memory.grow@heap" (func $grow (param i32) (result i32)))
        (import "multi_memory" "memory.size@heap" (func $size (result i32)))
        (import "multi_memory" "memory.index@heap" (func $index (result i32)))
        (memory 1)
        (func (export "run") (result i32 i32 i32 i32 i32)
          (call $store (i32.const 12) (call $id (i32.const 7)))
          (call $copy (i32.const 100) (i32.const 16) (i32.const 4))
          (i32.load (i32.const 100)) (call $load (i32.const 16))
          (call $grow (i32.const 2)) (call $size) (call $index))
        (func (export "tail") (param i32) (result i32) (i32.const 3) (return_call $load (local.get 0))))
      """, "1=name=heap,max=3")
    for instance in try Self.instances(
      bound,
      imports: { store in
        [
          .function(
            try Function(in: store, type: FunctionType(parameters: [.i32], results: [.i32])) { _, values in values })
        ]
      })
    {
      #expect(try Self.call(instance, "run") == [7, 7, 1, 3, 1])
      #expect(try Self.call(instance, "tail", .i32(16)) == [7])
    }
  }

  @Test func usesThatAreNoCallsGetAFunction() throws {
    let bound = try Self.bind(
      """
      (module
        (import "multi_memory" "i32.load@1" (func $load (param i32) (result i32)))
        (import "multi_memory" "i32.load8_u@1" (func $load8 (param i32) (result i32)))
        (import "multi_memory" "i32.store@1" (func $store (param i32 i32)))
        (type $t (func (param i32) (result i32)))
        (table funcref (elem $load))
        (global $g funcref (ref.func $load8))
        (elem declare func $load8)
        (export "store" (func $store))
        (memory 1)
        (func (export "indirect") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0)))
        (func (export "reference") (param i32) (result i32) (call_ref $t (local.get 0) (ref.func $load8)))
        (func $forward (export "forward") (param i32) (result i32) (call $load (local.get 0)))
        (func $again (param i32) (result i32) (return_call $forward (local.get 0)))
        (func (export "thunk") (param i32) (result i32) (call $again (local.get 0))))
      """)
    for instance in try Self.instances(bound) {
      _ = try instance.function("store").call([.i32(8), .i32(0x1FF)])
      for (name, value) in [("indirect", 0x1FF), ("reference", 0xFF), ("forward", 0x1FF), ("thunk", 0x1FF)] {
        #expect(try callI32(instance, name, .i32(8)) == Int32(value), "\(name)")
      }
    }
    #expect(bound.inlinedFunctionCount == 3)
    #expect(bound.imports.map(\.functionName) == ["load", "load8", "store"])
    // What was a call through two others is a load.
    #expect(try Self.instructions(bound.module, body: 4).map(\.opcode) == [.localGet, .i32Load])
  }

  @Test func aMemoryThatIsAnOperand() throws {
    let bound = try Self.bind(
      """
      (module
        (import "multi_memory" "i32.load@*" (func $load (param i32 i32) (result i32)))
        (import "multi_memory" "i32.store@*" (func $store (param i32 i32 i32)))
        (import "multi_memory" "memory.copy@*,*" (func $copy (param i32 i32 i32 i32 i32)))
        (import "multi_memory" "memory.copy@1,*" (func $copy1 (param i32 i32 i32 i32)))
        (import "multi_memory" "memory.size@*" (func $size (param i32) (result i32)))
        (import "multi_memory" "i64.load@*" (func $load64 (param i32 i64) (result i64)))
        (memory 1)
        (export "load" (func $load)) (export "store" (func $store)) (export "copy" (func $copy))
        (export "copy1" (func $copy1)) (export "size" (func $size)) (export "load64" (func $load64)))
      """, "1=min=2", "2=i64,min=1", "3=min=3")
    for instance in try Self.instances(bound) {
      let store = try instance.function("store")
      let load = try instance.function("load")
      for memory: Int32 in [0, 1, 3] { _ = try store.call([.i32(memory), .i32(16), .i32(memory + 40)]) }
      for memory: Int32 in [0, 1, 3] {
        #expect(try Self.call(instance, "load", .i32(memory), .i32(16)) == [Int64(memory) + 40])
      }
      #expect(try Self.call(instance, "load64", .i32(2), .i64(0)) == [0])
      for to: Int32 in [0, 1, 3] {
        for from: Int32 in [3, 1, 0] {
          _ = try instance.function("copy").call([.i32(to), .i32(32 + 4 * from), .i32(from), .i32(16), .i32(4)])
          #expect(try Self.call(instance, "load", .i32(to), .i32(32 + 4 * from)) == [Int64(from) + 40])
        }
      }
      _ = try instance.function("copy1").call([.i32(0), .i32(3), .i32(16), .i32(4)])
      #expect(try Self.call(instance, "load", .i32(1), .i32(0)) == [43])
      #expect(try [0, 1, 3].map { try callI32(instance, "size", .i32($0)) } == [1, 2, 3])
      // Memory 2 has other addresses, memory 4 is not there.
      for memory: Int32 in [2, 4, 5, -1, .min] {
        #expect(trapKind { _ = try load.call([.i32(memory), .i32(0)]) } == .unreachable)
        #expect(
          trapKind { _ = try instance.function("copy").call([.i32(0), .i32(0), .i32(memory), .i32(0), .i32(0)]) }
            == .unreachable)
      }
      #expect(trapKind { _ = try instance.function("load64").call([.i32(0), .i64(0)]) } == .unreachable)
    }
  }

  @Test func importedMemoriesComeFirst() throws {
    let bound = try Self.bind(
      """
      (module
        (import "env" "first" (memory $first 1))
        (import "multi_memory" "i32.load8_u@first" (func $first (param i32) (result i32)))
        (import "multi_memory" "i32.load8_u@1" (func $own (param i32) (result i32)))
        (import "multi_memory" "i32.load8_u@heap" (func $heap (param i32) (result i32)))
        (import "multi_memory" "memory.index@heap" (func $index (result i32)))
        (memory $own 1)
        (data (memory 1) (i32.const 0) "b")
        (func (export "loads") (result i32 i32 i32 i32)
          (call $first (i32.const 0)) (call $own (i32.const 0)) (call $heap (i32.const 0)) (call $index))
        (func (export "plain") (result i32 i32)
          (i32.load8_u 0 (i32.const 0)) (i32.load8_u 1 (i32.const 0)))
        (export "own" (memory 1)))
      """, "2=import:env.heap,name=heap,export:shown")
    #expect(bound.memories.map(\.index) == [0, 2, 1])
    #expect(bound.memories.map(\.name) == ["first", "own", "heap"])
    for instance in try Self.instances(
      bound,
      imports: { store in
        try [UInt8(ascii: "a"), UInt8(ascii: "c")].map { byte in
          let memory = try Memory(in: store, type: MemoryType(limits: Limits(minimum: 1)))
          try memory.store(byte, at: 0)
          return .memory(memory)
        }
      })
    {
      #expect(try Self.call(instance, "loads") == [97, 98, 99, 1])
      #expect(try Self.call(instance, "plain") == [97, 98])
      #expect(try instance.memory("shown").load(UInt8.self, at: 0) == 99)
      #expect(try instance.memory("own").load(UInt8.self, at: 0) == 98)
    }
  }

  @Test func namesHintsAndDeclarationsInTheModule() throws {
    let bound = try Self.bind(
      """
      (module
        (@custom "multi_memory" "heap=export,min=2\\n1=name=heap2\\00heap=export,min=2\\n")
        (@custom ".debug_info" "x") (@custom "keep" "y")
        (import "multi_memory" "i32.load@heap" (func $load (param i32) (result i32)))
        (import "env" "f" (func $f))
        (memory 1)
        (func $g (param $a i32) (call $f)
          (drop (call $load (local.get $a)))
          (@metadata.code.branch_hint "\\01") (if (local.get $a) (then (call $f)))))
      """)
    #expect(bound.memories.map(\.name) == [nil, "heap2", "heap"])
    #expect(bound.memories[2].type.limits == Limits(minimum: 2))
    #expect(bound.droppedSections == [".debug_info"])
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(bound.module))
    let names = Names(module)
    #expect(names.names(of: .function).map(\.name) == ["f", "g"])
    #expect(names.name(of: .local, 0, in: 1) == "a")
    #expect(names.name(of: .memory, 2) == "heap")
    #expect(module.customSections.map(\.name).sorted() == ["keep", "metadata.code.branch_hint", "name"])
    let hints = BranchHints(module)
    try hints.check(in: module)
    #expect(hints.functions.map(\.index) == [1])
  }

  static let refusals: [(import: String, type: String, message: String)] = [
    ("i32.load", "", "the name must be an instruction, '@' and a memory, as in i32.load@1"),
    ("i32.laod@1", "", "there is no memory instruction 'i32.laod'"),
    ("i32.add@1", "", "there is no memory instruction 'i32.add'"),
    ("i32.load@", "", "there is no memory after '@' or ','"),
    ("i32.load@1,2", "", "i32.load needs one memory"),
    ("memory.copy@1", "", "memory.copy needs two memories, destination and source"),
    ("memory.index@*", "", "memory.index needs a memory"),
    (
      "memory.init@1", "",
      "memory.init cannot be bound: only the linker knows data segments; copy from memory 0 with memory.copy"
    ),
    ("i32.load@1 ofset=4", "", "'ofset=4' is not understood"),
    ("i32.load@1 align=3", "", "'align=3' is not understood"),
    ("i32.load@1 align=8", "", "alignment must not be larger than natural"),
    ("i32.atomic.load@1 align=2", "", "an atomic access needs its natural alignment"),
    ("memory.size@1 offset=1", "", "'offset=1' is not understood"),
    ("v128.load8_lane@1", "", "a lane is missing, as in v128.load8_lane@1 3"),
    ("v128.load64_lane@1 2", "", "invalid lane index 2"),
    (
      "i32.load@1 offset=4294967296", "(param i32) (result i32)", "offset out of range: the memory has 32-bit addresses"
    ),
    ("i32.load@100", "", "a module has at most 100 memories"),
    ("i32.load@1", "(param i64) (result i32)", "expected the type [i32] -> [i32], found [i64] -> [i32]"),
    ("i64.store8@heap", "(param i32 i32)", "expected the type [i32 i64] -> [], found [i32 i32] -> []"),
    ("memory.copy@1,big", "(param i32 i64 i64)", "expected the type [i32 i64 i32] -> [], found [i32 i64 i64] -> []"),
    ("memory.size@big", "(result i32)", "expected the type [] -> [i64], found [] -> [i32]"),
    ("i32.load@*", "(param i32) (result i32)", "expected the type [i32 i32] -> [i32], found [i32] -> [i32]"),
  ]

  @Test(arguments: refusals.map(\.import)) func whatCannotBeBoundIsNamed(name: String) throws {
    let refusal = try #require(Self.refusals.first { $0.import == name })
    let error = #expect(throws: TransformError.self) {
      _ = try Self.bind("(module (import \"multi_memory\" \"\(name)\" (func \(refusal.type))) (memory 1))", "big=i64")
    }
    #expect(error?.message.contains(refusal.message) == true, "\(error?.message ?? "")")
    if !refusal.message.hasPrefix("a module") {
      #expect(error?.message.hasPrefix("the import \"multi_memory\" \"\(name)\": ") == true)
    }
  }

  static let badMemories: [(memories: [String], message: String)] = [
    (["=export"], "expected NAME=ATTRIBUTE"),
    (["heap=exprt"], "'exprt' is not understood"),
    (["heap=min=x"], "'min=x' is not understood"),
    (["1=export"], "a memory with a number needs a name to be exported"),
    (["heap=min=3,max=2"], "its minimum of 3 is above its maximum of 2"),
    (["heap=shared"], "a shared memory needs a maximum"),
    (["0=min=4"], "is the module's own memory 0: only export and name can be given"),
    (["memory=i64"], "is the module's own memory 0: only export and name can be given"),
    (["heap", "heap=i64"], "memory 'heap' is declared twice"),
    (["1=min=1", "1=min=2"], "memory '1' is declared twice"),
    (["heap=export:memory"], "there is an export \"memory\" already"),
    (["1=name=heap", "2=name=heap"], "the name 'heap' is that of memory 1, and is given to memory 2"),
  ]

  @Test(arguments: badMemories.indices) func memoriesThatCannotBeAddedAreNamed(number: Int) throws {
    let (memories, message) = Self.badMemories[number]
    let error = #expect(throws: TransformError.self) {
      var options = BindingOptions()
      options.memories = try memories.map { try MemoryDeclaration(parsing: $0) }
      let module = try ModuleParser.parse(Array("(module (memory (export \"memory\") 1))".utf8), features: .all).module
      _ = try MemoryBinding.bind(try ModuleValidator.validate(module), options: options)
    }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func boundModulesCanBeLowered() throws {
    let bound = try Self.bind(
      """
      (module
        (import "multi_memory" "i64.store@1" (func $store (param i32 i64)))
        (import "multi_memory" "i64.load@*" (func $load (param i32 i32) (result i64)))
        (import "multi_memory" "memory.grow@1" (func $grow (param i32) (result i32)))
        (memory 1)
        (func (export "run") (param i32) (result i64)
          (drop (call $grow (i32.const 1)))
          (call $store (local.get 0) (i64.const -5)) (call $load (i32.const 1) (local.get 0))))
      """, "1=min=1,max=2")
    let lowered = try MemoryLowering.lower(try ModuleValidator.validate(bound.module)).module
    for tier in [ExecutionTier.interpreter, .compiler] {
      let engine = makeEngine {
        $0.tier = tier
        $0.features.remove(.multiMemory)
      }
      let instance = try Store(engine).instantiate(
        engine.compile(try ModuleDecoder.decode(ModuleEncoder.encode(lowered), features: engine.configuration.features))
      )
      #expect(try Self.call(instance, "run", .i32(131064)) == [-5])
      #expect(trapKind { _ = try instance.function("run").call([.i32(131065)]) } == .outOfBoundsMemoryAccess)
    }
  }
}
