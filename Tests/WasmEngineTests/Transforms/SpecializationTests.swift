import Testing
import WasmEngine
import WebAssembly

/// Copies of functions that work on other memories.
@Suite struct SpecializationTests {
  static func validated(_ text: String) throws -> ValidatedModule {
    try ModuleValidator.validate(try ModuleParser.parse(Array(text.utf8), features: .all).module)
  }

  static func instances(_ module: Module, _ imports: (Store) throws -> [ExternalValue] = { _ in [] }) throws
    -> [Instance]
  {
    let decoded = try ModuleDecoder.decode(ModuleEncoder.encode(module))
    return try [ExecutionTier.interpreter, .compiler].map { tier in
      let engine = makeEngine { $0.tier = tier }
      let store = Store(engine)
      return try store.instantiate(engine.compile(decoded), imports: try imports(store))
    }
  }

  /// An insertion sort of words of 32 bits, with a function that it calls and one that touches no memory.
  static let sort = """
    (func $before (param $a i32) (param $b i32) (result i32) (i32.lt_s (local.get $a) (local.get $b)))
    (func $at (param $base i32) (param $index i32) (result i32)
      (i32.load (i32.add (local.get $base) (i32.shl (local.get $index) (i32.const 2)))))
    (func $sort (export "sort") (param $base i32) (param $count i32)
      (local $i i32) (local $j i32) (local $value i32)
      (local.set $i (i32.const 1))
      (block $done
        (loop $next
          (@metadata.code.branch_hint "\\00") (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
          (local.set $value (call $at (local.get $base) (local.get $i)))
          (local.set $j (local.get $i))
          (block $placed
            (loop $shift
              (br_if $placed (i32.eqz (local.get $j)))
              (br_if $placed
                (i32.eqz (call $before (local.get $value)
                  (call $at (local.get $base) (i32.sub (local.get $j) (i32.const 1))))))
              (i32.store (i32.add (local.get $base) (i32.shl (local.get $j) (i32.const 2)))
                (call $at (local.get $base) (i32.sub (local.get $j) (i32.const 1))))
              (local.set $j (i32.sub (local.get $j) (i32.const 1)))
              (br $shift)))
          (i32.store (i32.add (local.get $base) (i32.shl (local.get $j) (i32.const 2))) (local.get $value))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    """

  static let numbers: [Int32] = [5, -3, 900, 0, 7, 7, -100, 42, 1, .min, .max]

  static func fill(_ memory: Memory, at address: UInt64 = 64) throws {
    for (place, number) in numbers.enumerated() { try memory.store(number, at: address + UInt64(4 * place)) }
  }

  static func contents(_ memory: Memory, at address: UInt64 = 64) throws -> [Int32] {
    try numbers.indices.map { try memory.load(Int32.self, at: address + UInt64(4 * $0)) }
  }

  @Test func oneSortForAnyMemory() throws {
    let result = try FunctionSpecialization.dispatch(
      try Self.validated(
        """
        (module (memory (export "m0") 1) (memory (export "m1") 1) (memory (export "m2") 1) (memory (export "m3") 1)
          (memory i64 1) \(Self.sort))
        """), functions: ["sort"])
    #expect(result.functions.map(\.exportName) == ["sort@*"])
    #expect(result.copyCount == 6)
    #expect(result.sharedCount == 1)
    for instance in try Self.instances(result.module) {
      let memories = try (0..<4).map { try instance.memory("m\($0)") }
      for (index, memory) in memories.enumerated() {
        for other in memories { try Self.fill(other) }
        _ = try instance.function("sort@*").call([.i32(Int32(index)), .i32(64), .i32(Int32(Self.numbers.count))])
        #expect(try Self.contents(memory) == Self.numbers.sorted())
        for (place, other) in memories.enumerated() where place != index {
          #expect(try Self.contents(other) == Self.numbers)
        }
      }
      for index: Int32 in [4, 5, 100, -1, .min] {
        #expect(
          trapKind { _ = try instance.function("sort@*").call([.i32(index), .i32(64), .i32(2)]) } == .unreachable)
      }
      // An address that is out of bounds is so in the copy too.
      #expect(
        trapKind { _ = try instance.function("sort@*").call([.i32(2), .i32(65536), .i32(2)]) }
          == .outOfBoundsMemoryAccess)
    }
  }

  @Test func namesAndHintsOfCopies() throws {
    let result = try FunctionSpecialization.specialize(
      try Self.validated("(module (memory $a 1) (memory $b 1) \(Self.sort))"), functions: ["sort"],
      memories: [("a", "b")])
    let module = try ModuleDecoder.decode(ModuleEncoder.encode(result.module))
    _ = try ModuleValidator.validate(module)
    let names = Names(module)
    #expect(names.names(of: .function).map(\.name) == ["before", "at", "sort", "sort@b", "at@b"])
    #expect(names.names(of: .local, in: 3).map(\.name) == ["base", "count", "i", "j", "value"])
    #expect(result.functions.map(\.exportName) == ["sort@b"])
    let hints = BranchHints(module)
    try hints.check(in: module)
    #expect(hints.functions.map(\.index) == [2, 3])
    // The originals are as they were.
    for index in 0..<3 {
      #expect(try BindingTests.instructions(module, body: index).allSatisfy { $0.opcode != .i32Load || $0.index == 0 })
    }
    #expect(try BindingTests.instructions(module, body: 4).contains { $0.opcode == .i32Load && $0.index == 1 })
  }

  @Test func everyInstructionOnEveryMemory() throws {
    let result = try FunctionSpecialization.specialize(
      try Self.validated(
        """
        (module (memory 1 8) (memory 1 8) (memory 1 8) (memory 1 8) (data $d "abcd")
          (func $all (export "all") (param i32) (result i32)
            (v128.store offset=16 (local.get 0) (v128.load 1 (local.get 0)))
            (memory.copy 1 0 (local.get 0) (local.get 0) (i32.const 4))
            (memory.fill 1 (local.get 0) (i32.const 1) (i32.const 4))
            (memory.init 0 $d (local.get 0) (i32.const 0) (i32.const 4))
            (drop (i32.atomic.rmw.add 1 (local.get 0) (i32.const 1)))
            (drop (v128.load8_lane 1 3 (local.get 0) (v128.const i64x2 0 0)))
            (drop (memory.grow 1 (memory.size 0)))
            (return_call $all (local.get 0))))
        """), functions: ["all"], memories: [("0", "2"), ("1", "3")])
    let copy = try BindingTests.instructions(result.module, body: 1)
    for instruction in copy {
      switch instruction.opcode.row.immediates {
      case .memoryArgument, .memoryArgumentAndLane, .memory: #expect([2, 3].contains(instruction.index))
      case .memoryAndMemory: #expect(instruction.index == 3 && instruction.index2 == 2)
      case .dataAndMemory: #expect(instruction.index2 == 2)
      default: break
      }
    }
    #expect(copy.last?.index == 1)
    _ = try ModuleValidator.validate(result.module)
  }

  @Test func importsOfCopiesAreReplaced() throws {
    let result = try FunctionSpecialization.dispatch(
      try Self.validated(
        """
        (module
          (import "env" "log" (func $log (param i32)))
          (import "specialized" "sort@*" (func $sort_any (param i32 i32 i32)))
          (import "env" "last" (func $last))
          (memory (export "m0") 1) (memory (export "m1") 1)
          (table funcref (elem $sort_any $last))
          (type $t (func (param i32 i32 i32)))
          (func (export "direct") (param i32)
            (call $log (i32.const 1)) (call $sort_any (local.get 0) (i32.const 64) (i32.const 11)) (call $last))
          (func (export "indirect") (param i32)
            (call_indirect (type $t) (local.get 0) (i32.const 64) (i32.const 11) (i32.const 0)))
          \(Self.sort))
        """), functions: ["sort"])
    #expect(result.functions.map(\.replacesImport) == [true])
    #expect(result.module.imports.map(\.name) == ["log", "last"])
    let names = Names(result.module)
    #expect(
      names.names(of: .function).map(\.name) == ["log", "last", "before", "at", "sort", "sort@1", "at@1", "sort@*"])
    for instance in try Self.instances(
      result.module,
      { store in
        [
          .function(try Function(in: store, type: FunctionType(parameters: [.i32])) { _, _ in [] }),
          .function(try Function(in: store, type: FunctionType()) { _, _ in [] }),
        ]
      })
    {
      for (index, name) in [(0, "direct"), (1, "direct"), (0, "indirect"), (1, "indirect")] {
        let memory = try instance.memory("m\(index)")
        try Self.fill(memory)
        _ = try instance.function(name).call([.i32(Int32(index))])
        #expect(try Self.contents(memory) == Self.numbers.sorted())
      }
    }
  }

  static let stackText = """
    (module (memory 1) (memory (export "other") 1) (global $__stack_pointer (mut i32) (i32.const 65536))
      (func (export "f") (param i32) (result i32) (local $frame i32)
        (global.set $__stack_pointer (local.tee $frame (i32.sub (global.get $__stack_pointer) (i32.const 16))))
        (i32.store (local.get $frame) (local.get 0))
        (i32.load (local.get $frame))
        (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 16)))))
    """

  @Test func aStackOfTheCopiesOwn() throws {
    var options = SpecializationOptions()
    options.stack = .at(1024)
    let result = try FunctionSpecialization.specialize(
      try Self.validated(Self.stackText), functions: ["f"], memories: [("0", "1")], options: options)
    #expect(Names(result.module).name(of: .global, 1) == "__stack_pointer@1")
    for instance in try Self.instances(result.module) {
      #expect(try callI32(instance, "f@1", .i32(77)) == 77)
      #expect(try callI32(instance, "f@1", .i32(78)) == 78)
      #expect(try instance.memory("other").load(Int32.self, at: 1008) == 78)
      #expect(try instance.memory("other").load(Int32.self, at: 65520) == 0)
    }
    options.stack = .shared
    let shared = try FunctionSpecialization.specialize(
      try Self.validated(Self.stackText), functions: ["f"], memories: [("0", "1")], options: options)
    for instance in try Self.instances(shared.module) {
      #expect(try callI32(instance, "f@1", .i32(77)) == 77)
      #expect(try instance.memory("other").load(Int32.self, at: 65520) == 77)
    }
  }

  @Test func aStackPointerWithoutAName() throws {
    let module = try Self.validated(Self.stackText.replacing("$__stack_pointer", with: "$sp"))
    let error = #expect(throws: TransformError.self) {
      _ = try FunctionSpecialization.specialize(module, functions: ["f"], memories: [("0", "1")])
    }
    #expect(error?.message.contains("keeps variables on the stack of global 'sp'") == true)
  }

  static let staticText = """
    (module (memory (export "own") 1) (memory (export "other") 1) (data (i32.const 1024) "\\01\\02\\03\\04")
      (func (export "f") (param i32) (result i32)
        (i32.store (i32.const 2048) (local.get 0))
        (i32.add (i32.load8_u offset=1024 (i32.and (local.get 0) (i32.const 3)))
          (i32.add (i32.load (i32.const 2048)) (i32.load (local.get 0))))))
    """

  @Test func staticDataStaysOrMoves() throws {
    var options = SpecializationOptions()
    options.staticData = .stay
    let stays = try FunctionSpecialization.specialize(
      try Self.validated(Self.staticText), functions: ["f"], memories: [("0", "1")], options: options)
    options.staticData = .move
    let moves = try FunctionSpecialization.specialize(
      try Self.validated(Self.staticText), functions: ["f"], memories: [("0", "1")], options: options)
    for (module, expected, own, other) in [
      (stays.module, 103 as Int32, 1 as Int32, 0 as Int32), (moves.module, 101, 0, 1),
    ] {
      for instance in try Self.instances(module) {
        try instance.memory("own").store(1000 as Int32, at: 1)
        try instance.memory("other").store(100 as Int32, at: 1)
        #expect(try callI32(instance, "f@1", .i32(1)) == expected)
        #expect(try instance.memory("own").load(Int32.self, at: 2048) == own)
        #expect(try instance.memory("other").load(Int32.self, at: 2048) == other)
      }
    }
  }

  /// A module, the functions and memories, and the words of the refusal.
  static let refusals: [(module: String, memories: [(String, String)], message: String)] = [
    (
      "(memory 1) (memory i64 1)", [("0", "1")],
      "memory 1 cannot take the place of memory 0: it has i64 addresses, and the code has i32 ones"
    ),
    ("(memory i64 1) (memory 1)", [("0", "1")], "it has i32 addresses, and the code has i64 ones"),
    ("(memory 1)", [("0", "1")], "there is no memory 1: the module has 1"),
    ("(memory 1) (memory 1)", [("0", "heap")], "there is no memory 'heap'"),
    ("(memory 1) (memory 1)", [("0", "1"), ("0", "1")], "memory 0 is replaced twice"),
    (
      "(memory 1) (memory 1) (table 1 funcref) (func $g (call_indirect (i32.const 0)))", [("0", "1")],
      "'g' calls through a table or a reference (at offset"
    ),
    ("(import \"env\" \"g\" (func $g)) (memory 1) (memory 1)", [("0", "1")], "'f' calls the import \"env\" \"g\""),
    (
      "(memory 1) (memory 1) (func $g (drop (i32.load (i32.const 8))))", [("0", "1")],
      "'g' accesses static data at address 8 of memory 0"
    ),
    (
      "(memory 1) (memory 1) (global $__stack_pointer (mut i32) (i32.const 0)) (func $g (drop (i32.load (global.get 0))))",
      [("0", "1")], "'g' keeps variables on the stack of global '__stack_pointer'"
    ),
    (
      "(memory 1) (memory 1 (pagesize 1)) (func $g (drop (memory.size)))", [("0", "1")],
      "'g' asks for the size of memory 0 or grows it, whose pages are not of the size of those of memory 1"
    ),
    ("(memory 1) (memory 1) (export \"f@1\" (memory 0)) (func $g)", [("0", "1")], "there is an export \"f@1\" already"),
    (
      "(import \"specialized\" \"f@1\" (func (param i32))) (memory 1) (memory 1) (func $g)", [("0", "1")],
      "the import \"specialized\" \"f@1\": expected the type func [] -> [], found func [i32] -> []"
    ),
  ]

  @Test(arguments: refusals.indices) func whatCannotBeCopiedIsNamed(number: Int) throws {
    let refusal = Self.refusals[number]
    let call = refusal.module.contains("$g") ? "(call $g)" : ""
    let module = try Self.validated("(module \(refusal.module) (func $f (export \"f\") \(call)))")
    let error = #expect(throws: TransformError.self) {
      _ = try FunctionSpecialization.specialize(
        module, functions: ["f"], memories: refusal.memories.map { ($0.0, $0.1) })
    }
    #expect(error?.message.contains(refusal.message) == true, "\(error?.message ?? "")")
  }

  @Test func functionsThatAreNotThere() throws {
    let module = try Self.validated("(module (import \"a\" \"g\" (func $g)) (memory 1) (memory 1) (func $f))")
    for (name, message) in [
      ("h", "there is no function 'h'"), ("g", "the function 'g' is imported"), ("7", "there is no function '7'"),
    ] {
      let error = #expect(throws: TransformError.self) {
        _ = try FunctionSpecialization.dispatch(module, functions: [name])
      }
      #expect(error?.message.contains(message) == true)
    }
    #expect(try FunctionSpecialization.dispatch(module, functions: ["1"]).functions.map(\.exportName) == ["f@*"])
  }

  @Test func allowedCallsAreNoted() throws {
    var options = SpecializationOptions()
    options.allowsImports = true
    options.allowsIndirectCalls = true
    let result = try FunctionSpecialization.specialize(
      try Self.validated(
        """
        (module (import "a" "g" (func $g)) (memory 1) (memory 1) (table 1 funcref)
          (func $f (param i32) (call $g) (call_indirect (i32.const 0)) (drop (i32.load (local.get 0)))))
        """), functions: ["f"], memories: [("0", "1")], options: options)
    #expect(
      result.notes == [
        "'f' calls through a table or a reference: what it calls keeps its memories",
        "'f' calls the import \"a\" \"g\", which keeps its memories",
      ])
    _ = try ModuleValidator.validate(result.module)
  }
}
