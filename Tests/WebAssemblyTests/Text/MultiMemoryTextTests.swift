import Testing
import WebAssembly

/// The rules for the text format of modules with several memories.
@Suite struct MultiMemoryTextTests {
  let memories = "(memory $a 1) (memory $b 1) (data $d \"x\") (data $m (i32.const 0) \"y\")"

  @Test func theIndexStandsBeforeOffsetAndAlignment() throws {
    #expect(
      try instructions("i32.const 0 i32.load $b offset=4 align=1 drop", fields: memories)
        == [0x41, 0, 0x28, 0x40, 1, 4, 0x1A, 0x0B])
    #expect(
      try instructions("(drop (i32.load 1 (i32.const 0)))", fields: memories)
        == [0x41, 0, 0x28, 0x42, 1, 0, 0x1A, 0x0B])
    #expect(
      try instructions("(drop (i32.load $a (i32.const 0)))", fields: memories)
        == [0x41, 0, 0x28, 2, 0, 0x1A, 0x0B])
    #expect(
      textError("(memory 1) (memory 1) (func (drop (i32.load offset=4 1 (i32.const 0))))")
        == "unexpected token 1, expected '(' or ')'")
    #expect(
      textError("(memory 1) (func (drop (i32.load align=1 offset=4 (i32.const 0))))")
        == "unexpected token offset=4, expected '(' or ')'")
  }

  @Test func copyTakesNoneOrTwoIndices() throws {
    let operands = "(i32.const 0) (i32.const 0) (i32.const 0)"
    func code(_ text: String) throws -> [UInt8] {
      Array(try instructions("(\(text) \(operands))", fields: memories)[6...])
    }
    #expect(try code("memory.copy") == [0xFC, 10, 0, 0, 0x0B])
    #expect(try code("memory.copy $b $a") == [0xFC, 10, 1, 0, 0x0B])
    #expect(try code("memory.copy 0 1") == [0xFC, 10, 0, 1, 0x0B])
    #expect(try code("memory.fill $b") == [0xFC, 11, 1, 0x0B])
    #expect(try code("memory.fill") == [0xFC, 11, 0, 0x0B])
    #expect(try code("memory.discard 1") == [0xFC, 0x12, 1, 0x0B])
    let second = "expected the memory's index or identifier"
    #expect(textError("(memory 1) (func (memory.copy 1 \(operands)))") == "unexpected token (, \(second)")
    #expect(textError("(memory 1) (func memory.copy 1)") == "unexpected token ), \(second)")
    #expect(
      textError("(memory 1) (func (memory.fill 0 1 \(operands)))") == "unexpected token 1, expected '(' or ')'")
    #expect(textError("(memory 1) (func (memory.size 0 1))") == "unexpected token 1, expected '(' or ')'")
    #expect(textError("(memory $m 1) (func (drop (memory.size (memory $m))))")?.hasPrefix("unexpected token") == true)
  }

  @Test func oneIndexOfInitIsTheSegment() throws {
    let operands = "(i32.const 0) (i32.const 0) (i32.const 0)"
    func code(_ text: String) throws -> [UInt8] {
      Array(try instructions("(\(text) \(operands))", fields: memories)[6...])
    }
    #expect(try code("memory.init $d") == [0xFC, 8, 0, 0, 0x0B])
    #expect(try code("memory.init $b $m") == [0xFC, 8, 1, 1, 0x0B])
    #expect(try code("memory.init 1 0") == [0xFC, 8, 0, 1, 0x0B])
    #expect(textError("(memory $m 1) (data \"x\") (func (memory.init $m \(operands)))") == "unknown data segment $m")
  }

  @Test func theLastNumberOfALaneInstructionIsTheLane() throws {
    let fields = memories + "(func (param v128))"
    func code(_ text: String) throws -> [UInt8] {
      let module = try parsed(
        "(module \(fields) (func (param v128) i32.const 0 local.get 0 v128.load8_lane \(text) drop))")
      return Array(body(module, 1)[4...].dropLast(2))
    }
    #expect(try code("1") == [0xFD, 0x54, 0, 0, 1])
    #expect(try code("1 1") == [0xFD, 0x54, 0x40, 1, 0, 1])
    #expect(try code("1 offset=0 1") == [0xFD, 0x54, 0x40, 1, 0, 1])
    #expect(try code("1 align=1 15") == [0xFD, 0x54, 0x40, 1, 0, 15])
    #expect(try code("offset=3 15") == [0xFD, 0x54, 0, 3, 15])
    #expect(try code("$b 7") == [0xFD, 0x54, 0x40, 1, 0, 7])
    let missing = "unexpected token ), expected the number of a lane"
    #expect(textError("(memory $m 1) (func v128.load8_lane $m)") == missing)
    #expect(textError("(memory 1) (func v128.load8_lane)") == missing)
    // A lane that the shape does not have is for validation to refuse.
    #expect(textError("(memory 1) (func (param v128) i32.const 0 local.get 0 v128.load8_lane 16 drop)") == nil)
    #expect(textError("(func (param v128) (drop (i8x16.extract_lane_u 16 (local.get 0))))") == nil)
    #expect(
      textError("(func (param v128) (drop (i8x16.extract_lane_u 256 (local.get 0))))") == "i8 constant out of range")
  }

  @Test func identifiersAreResolvedOrRefused() {
    #expect(textError("(func (drop (memory.size $zz)))") == "unknown memory $zz")
    #expect(textError("(memory $a 1) (memory $a 1)") == "duplicate memory $a")
    #expect(textError("(memory 1) (import \"\" \"\" (memory 1))") == "import after memory")
    #expect(textError("(memory 1) (memory (import \"\" \"\") 1)") == "import after memory")
    #expect(textError("(memory 1) (memory $i (export \"x\") (import \"\" \"\") 1)") == "import after memory")
    #expect(textError("(memory 1) (func (drop (memory.size 4294967296)))") == "i32 constant out of range")
    #expect(textError("(memory 1) (func (drop (i32.load 4294967296 (i32.const 0))))") == "i32 constant out of range")
    #expect(textError("(memory 1) (export \"m\" (memory 4294967296))") == "i32 constant out of range")
  }

  @Test func theNameOfADataSegmentIsItsOwn() throws {
    let module = try parsed(
      "(memory 1) (memory $n 1) (data $m (i32.const 0) \"ab\") (data (memory $n) (offset i32.const 1) \"c\")")
    #expect(module.data.count == 2)
    guard case .active(0, _) = module.data[0].mode, case .active(1, let offset) = module.data[1].mode else {
      Issue.record("segments in the wrong memories")
      return
    }
    #expect(Array(module.bytes[module.data[0].range]) == Array("ab".utf8))
    #expect(Array(module.bytes[offset.range]) == [0x41, 1, 0x0B])
    #expect(textError("(memory 1) (data 0 (i32.const 0) \"x\")") == "unexpected token 0, expected ')'")
    #expect(textError("(memory $m 1) (data (memory $x) (i32.const 0))") == "unknown memory $x")
  }

  @Test func aMemoryMayBringItsData() throws {
    let module = try parsed("(memory 1) (memory $m (data \"abc\")) (memory i64 (data \"d\" \"e\")) (data $last \"f\")")
    #expect(module.memories.map(\.limits.minimum) == [1, 1, 1])
    #expect(module.memories.map(\.limits.maximum) == [nil, 1, 1])
    #expect(module.memories[2].addressType == .i64)
    #expect(module.data.count == 3)
    guard case .active(2, let offset) = module.data[1].mode else {
      Issue.record("segment in the wrong memory")
      return
    }
    #expect(Array(module.bytes[offset.range]) == [0x42, 0, 0x0B])
  }

  @Test func indicesOfImportsComeFirst() throws {
    let module = try parsed(
      """
      (module
        (memory $a (export "x") (export "y") (import "m" "a") 1)
        (import "m" "b" (memory $b i64 1 2 shared))
        (memory $c 3)
        (export "z" (memory $d))
        (memory $d 4 (pagesize 1)))
      """)
    #expect(module.imports.count == 2)
    #expect(module.exports.map(\.index) == [0, 0, 3])
    #expect(module.memories[1].pageSizeLog2 == 0)
    guard case .memory(let type) = module.imports[1].type else {
      Issue.record("no memory")
      return
    }
    #expect(type.isShared && type.addressType == .i64)
  }
}
