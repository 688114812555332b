import WebAssembly

/// A piece of a generated function: operands, then code, with nested bodies where it is a structured instruction.
///
/// It leaves `result` on the stack, or nothing; statements, which leave nothing, can be dropped without harm.
struct Node {
  var operands: [Node] = []
  /// What is written behind the operands: an instruction, or the head of a block.
  var code: [UInt8] = []
  /// The bodies of a structured instruction, divided by `else`.
  var bodies: [[Node]] = []
  /// What is written behind the `end`, or behind the instruction.
  var tail: [UInt8] = []
  var result: ValueType?
  /// Whether it makes bits known, so that it cannot be left out.
  var isFixed = false
  /// Whether what stands behind it in its body is not reached.
  var ends = false

  func write(_ output: inout [UInt8]) {
    for operand in operands { operand.write(&output) }
    output += code
    if !bodies.isEmpty {
      for (index, body) in bodies.enumerated() {
        if index > 0 { output.append(0x05) }
        for node in body { node.write(&output) }
      }
      output.append(0x0B)
    }
    output += tail
  }

  /// The number of nodes, itself included.
  var size: Int {
    operands.reduce(1) { $0 + $1.size } + bodies.reduce(0) { $0 + $1.reduce(0) { $0 + $1.size } }
  }
}

/// A function of a generated module.
struct ProgramFunction {
  var type: Int
  var locals: [ValueType]
  var body: [Node]
}

/// A generated module, of which functions and nodes can be taken away.
struct Program {
  /// Names of memories that are three, but one to whoever compares what they look like.
  static let alike = ["\u{C5}", "A\u{30A}", "\u{212B}"]

  struct Memory {
    var is64: Bool
    var minimum: Int
    var maximum: Int?
    /// Whether it is imported; the second import of the same memory has the same name.
    var importName: String?
    /// The logarithm of the size of its pages.
    var pageSizeLog2 = 16
    var isShared = false
    /// Whether others can see it, so that it may be the same as an imported one as far as the compiler knows.
    var isExported = false

    var byteCount: UInt64 { UInt64(minimum) << UInt64(pageSizeLog2) }
    /// Whether addresses of 31 bits do not reach all of it.
    var isLarge: Bool { byteCount >= 1 << 31 }
  }

  struct Table {
    var is64: Bool
    var size: Int
  }

  var types: [FunctionType] = []
  /// The types of imported functions.
  var imports: [Int] = []
  /// The types of tags.
  var tags: [Int] = []
  var memories: [Memory] = []
  var globals: [(type: ValueType, bits: UInt64)] = []
  var tables: [Table] = []
  var elements: [Int] = []
  var functions: [ProgramFunction] = []
  var data: [[UInt8]] = []

  static let fuelGlobal = 0

  var bytes: [UInt8] { write(nil).bytes }

  /// The module with a counter for each piece of code, as exported globals `c0` and so on, and what they count.
  var counting: (bytes: [UInt8], counts: ExecutionCounts) { write(ExecutionCounts()) }

  private func write(_ counting: ExecutionCounts?) -> (bytes: [UInt8], counts: ExecutionCounts) {
    var counts = counting ?? ExecutionCounts()
    let bodies = functions.map { function in
      var body = ByteWriter()
      body.u32(UInt32(function.locals.count))
      for local in function.locals {
        body.u32(1)
        body.valueType(local)
      }
      for node in function.body { node.write(&body.bytes) }
      body.byte(0x0B)
      return counting == nil ? body.bytes : counts.count(body.bytes, firstGlobal: globals.count)
    }
    var output = ByteWriter()
    output.bytes = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    section(1, &output) { section in
      section.u32(UInt32(types.count))
      for type in types {
        section.byte(0x60)
        section.u32(UInt32(type.parameters.count))
        for value in type.parameters { section.valueType(value) }
        section.u32(UInt32(type.results.count))
        for value in type.results { section.valueType(value) }
      }
    }
    let importedMemories = memories.filter { $0.importName != nil }
    section(2, &output) { section in
      section.u32(UInt32(imports.count + importedMemories.count))
      for type in imports {
        section.name("host")
        section.name("f")
        section.byte(0)
        section.u32(UInt32(type))
      }
      for memory in importedMemories {
        section.name("host")
        section.name(memory.importName ?? "")
        section.byte(2)
        Self.write(memory, &section)
      }
    }
    section(3, &output) { section in
      section.u32(UInt32(functions.count))
      for function in functions { section.u32(UInt32(function.type)) }
    }
    section(4, &output) { section in
      section.u32(UInt32(tables.count))
      for table in tables {
        section.byte(0x70)
        section.byte(table.is64 ? 4 : 0)
        section.u64(UInt64(table.size))
      }
    }
    section(5, &output) { section in
      let own = memories.filter { $0.importName == nil }
      section.u32(UInt32(own.count))
      for memory in own { Self.write(memory, &section) }
    }
    section(13, &output) { section in
      section.u32(UInt32(tags.count))
      for type in tags {
        section.byte(0)
        section.u32(UInt32(type))
      }
    }
    section(6, &output) { section in
      section.u32(UInt32(globals.count + counts.pieces.count))
      for global in globals + counts.pieces.map({ _ in (.i64, 0) }) {
        section.valueType(global.type)
        section.byte(1)
        section.bytes += Self.constant(global.type, global.bits)
        section.byte(0x0B)
      }
    }
    section(7, &output) { section in
      let exported = memories.indices.filter { memories[$0].isExported }
      section.u32(UInt32(functions.count + globals.count + counts.pieces.count + exported.count))
      for index in functions.indices {
        section.name("f\(index)")
        section.byte(0)
        section.u32(UInt32(imports.count + index))
      }
      for index in globals.indices {
        section.name("g\(index)")
        section.byte(3)
        section.u32(UInt32(index))
      }
      for index in counts.pieces.indices {
        section.name("c\(index)")
        section.byte(3)
        section.u32(UInt32(globals.count + index))
      }
      for index in exported {
        section.name("m\(index)")
        section.byte(2)
        section.u32(UInt32(index))
      }
    }
    section(9, &output) { section in
      // One for each table, and one that is passive.
      section.u32(UInt32(tables.count + 1))
      for table in tables.indices {
        section.byte(2)
        section.u32(UInt32(table))
        section.bytes += [tables[table].is64 ? 0x42 : 0x41, UInt8(table), 0x0B, 0]
        section.u32(UInt32(elements.count))
        for element in elements { section.u32(UInt32(element)) }
      }
      section.byte(1)
      section.byte(0)
      section.u32(UInt32(elements.count))
      for element in elements { section.u32(UInt32(element)) }
    }
    section(12, &output) { $0.u32(UInt32(data.count)) }
    section(10, &output) { section in
      section.u32(UInt32(functions.count))
      for body in bodies {
        section.u32(UInt32(body.count))
        section.bytes += body
      }
    }
    section(11, &output) { section in
      section.u32(UInt32(data.count))
      for segment in data {
        section.byte(1)
        section.u32(UInt32(segment.count))
        section.bytes += segment
      }
    }
    return (output.bytes, counts)
  }

  private static func write(_ memory: Memory, _ output: inout ByteWriter) {
    let isCustom = memory.pageSizeLog2 != 16
    output.byte(
      (memory.maximum == nil ? 0 : 1) | (memory.isShared ? 2 : 0) | (memory.is64 ? 4 : 0) | (isCustom ? 8 : 0))
    output.u64(UInt64(memory.minimum))
    if let maximum = memory.maximum { output.u64(UInt64(maximum)) }
    if isCustom { output.u32(UInt32(memory.pageSizeLog2)) }
  }

  private func section(_ id: UInt8, _ output: inout ByteWriter, _ write: (inout ByteWriter) -> Void) {
    var section = ByteWriter()
    write(&section)
    output.byte(id)
    output.u32(UInt32(section.bytes.count))
    output.bytes += section.bytes
  }

  static func vectorConstant(_ low: UInt64, _ high: UInt64) -> [UInt8] {
    var output = ByteWriter()
    output.bytes = [0xFD, 12]
    output.word(low, bytes: 8)
    output.word(high, bytes: 8)
    return output.bytes
  }

  static func constant(_ type: ValueType, _ bits: UInt64) -> [UInt8] {
    var output = ByteWriter()
    switch type {
    case .i32:
      output.byte(0x41)
      output.s32(Int32(truncatingIfNeeded: bits))
    case .i64:
      output.byte(0x42)
      output.s64(Int64(bitPattern: bits))
    case .f32:
      output.byte(0x43)
      output.word(bits, bytes: 4)
    case .v128: return vectorConstant(bits, bits &* 0x9E37_79B9_7F4A_7C15)
    default:
      output.byte(0x44)
      output.word(bits, bytes: 8)
    }
    return output.bytes
  }
}
