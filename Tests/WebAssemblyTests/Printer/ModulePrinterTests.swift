import Testing

@testable import WebAssembly

/// The bytes that a text stands for, and those that the text printed from them stands for.
private func roundTrip(_ text: String) throws -> (bytes: [UInt8], printed: String, again: [UInt8]) {
  let bytes = ModuleEncoder.encode(try parsed(text, emitNames: true))
  let printed = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
  return (bytes, printed, ModuleEncoder.encode(try parsed(printed, emitNames: true)))
}

@Suite struct ModulePrinterTests {
  /// Empty sections are not in the text, so names behind them are behind the last section all the same. Found by
  /// `polymnia-fuzz mutate`.
  @Test(arguments: [SectionID.import, .function, .table, .memory, .global, .export, .element, .code, .data])
  func namesBehindAnEmptySection(_ empty: SectionID) throws {
    let names = customSection("name", [4, 4, 1, 0, 1, UInt8(ascii: "t")])
    let bytes = binary(section(.type, [1, 0x60, 0, 0]), section(empty, [0]), names)
    let printed = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
    let again = ModuleEncoder.encode(try parsed(printed, emitNames: true))
    #expect(again == binary(section(.type, [1, 0x60, 0, 0]), names))
    #expect(try ModulePrinter.text(try ModuleDecoder.decode(again)) == printed)
  }

  @Test func everyOperatorIsPrintedAsItIsRead() throws {
    for row in Operator.all where ![.labels, .valueTypes, .tryTable].contains(row.immediates) {
      guard ![.block, .loop, .if, .else, .end].contains(row.opcode) else { continue }
      var instruction = Instruction(row.opcode, index: 1, index2: 2)
      switch row.immediates {
      case .memoryArgument, .memoryArgumentAndLane:
        instruction.index2 = 0
        instruction.memoryOffset = 17
        instruction.alignment = row.width == 0 ? 1 : 0
        instruction.lane = 1
      case .lane: instruction.lane = 1
      case .lanes, .v128:
        instruction.value = 0x0706_0504_0302_0100
        instruction.value2 = 0x0F0E_0D0C_0B0A_0908
      case .i32: instruction.value = 0xFFFF_FFFF
      case .i64: instruction.value = 1 << 63
      case .f32: instruction.value = 0x7FA0_0001
      case .f64: instruction.value = 0x8000_0000_0000_0001
      case .heapType: instruction.heapType = .concrete(3)
      case .castLabel:
        instruction.castSource = .external
        instruction.castTarget = ReferenceType(isNullable: false, heapType: .noExternal)
      default: break
      }
      var writer = InstructionWriter()
      writer.write(instruction)
      let fields = """
        (type (func)) (type (func)) (type (func)) (type (struct (field i32 i32 i32)))
        (memory 1) (memory 1) (memory 1) (table 1 funcref) (table 1 funcref) (table 1 funcref)
        """
      var module = try parsed(fields + "(func (type 1))")
      let start = module.bytes.count
      module.bytes += [0] + writer.bytes + [0x0B]
      module.bodies[0] = FunctionBody(range: start..<module.bytes.count)
      module.dataCount = 0
      let printed = try ModulePrinter.text(module)
      let again = try parsed(printed)
      #expect(Array(again.bytes[again.bodies[0].range]) == Array(module.bytes[start...]), "\(row.name): \(printed)")
    }
  }

  @Test func floatsArePrintedExactly() throws {
    let singles: [UInt32] = [
      0, 0x8000_0000, 1, 0x007F_FFFF, 0x0080_0000, 0x3F80_0001, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000,
      0xFFC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x4B80_0001,
    ]
    for bits in singles {
      let (bytes, printed, again) = try roundTrip("(func f32.const 0 drop)")
      #expect(bytes == again, "\(printed)")
      var module = try ModuleDecoder.decode(bytes)
      let start = module.bodies[0].range.lowerBound + 2
      for index in 0..<4 { module.bytes[start + index] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * index)) }
      let text = try ModulePrinter.text(module)
      #expect(ModuleEncoder.encode(try parsed(text)) == module.bytes, "\(text)")
    }
    let doubles: [UInt64] = [
      0, 1 << 63, 1, 0x000F_FFFF_FFFF_FFFF, 0x7FEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0000,
      0xFFF0_0000_0000_0001, 0x3FB9_9999_9999_999A, 0x4340_0000_0000_0001,
    ]
    for bits in doubles {
      var module = try ModuleDecoder.decode(ModuleEncoder.encode(try parsed("(func f64.const 0 drop)")))
      let start = module.bodies[0].range.lowerBound + 2
      for index in 0..<8 { module.bytes[start + index] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)) }
      let text = try ModulePrinter.text(module)
      #expect(ModuleEncoder.encode(try parsed(text)) == module.bytes, "\(text)")
    }
  }

  @Test func customSectionsKeepTheirPlaces() throws {
    let bytes = binary(
      customSection("a", [0, 0x22, 0x5C, 0xFF]), section(.type, [1, 0x60, 0, 0]), customSection("b \u{202E}\"", []),
      section(.function, [1, 0]), customSection("c", [1]), customSection("a", [2]), section(.code, [1, 2, 0, 0x0B]),
      customSection("d", [3]))
    let text = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
    #expect(ModuleEncoder.encode(try parsed(text, emitNames: true)) == bytes, "\(text)")
    #expect(text.contains("\\u{202e}"))
  }

  @Test func namesBecomeIdentifiers() throws {
    let (bytes, printed, again) = try roundTrip(
      """
      (module $"a module"
        (type $s (struct (field $x i32) (field i32) (field $"the field" (mut i64))))
        (import "" "" (func $imported (param $p i32)))
        (func $f (param i32) (param $b i32) (local f32) (local $"lo cal" f32)
          (block $l (loop (block $l (br $l) (br 2))))
          (call $f (i32.const 0) (i32.const 1)))
        (memory $m 1) (table $t 1 funcref) (global $g i32 (i32.const 0)) (tag $e)
        (elem $el func $f) (data $d "") (export "f" (func $f)) (start $imported))
      """)
    #expect(bytes == again)
    #expect(printed.contains("(module $\"a module\"\n"))
    #expect(printed.contains("(field $\"the field\" (mut i64))"))
    #expect(printed.contains("(param $p i32)"))
    #expect(printed.contains("(local f32) (local $\"lo cal\" f32)"))
    #expect(printed.contains("br $l"))
    #expect(!printed.contains("@custom"))
  }

  /// A module with two functions and the given contents of its name section.
  private func module(names: [UInt8], after: [UInt8] = []) -> [UInt8] {
    binary(
      section(.type, [1, 0x60, 0, 0]), section(.function, [2, 0, 0]), section(.code, [2, 2, 0, 0x0B, 2, 0, 0x0B]),
      customSection("name", names), after)
  }

  @Test func oddNameSectionsStayAsTheyAre() throws {
    let odd: [[UInt8]] = [
      // The same name twice, an empty name, an index that does not exist, a local that does not exist.
      [1, 7, 2, 0, 1, 0x66, 1, 1, 0x66], [1, 4, 1, 0, 0, 0], [1, 4, 1, 9, 1, 0x66], [2, 6, 1, 0, 1, 3, 1, 0x66],
      // Overlong integers, an empty map, subsections out of order, an unknown one, no contents, nonsense.
      [1, 5, 0x81, 0, 0, 1, 0x66], [1, 1, 0], [1, 4, 1, 0, 1, 0x66, 0, 2, 1, 0x6D], [77, 1, 0], [], [1, 0xFF, 0xFF],
      [0, 1, 0], [3, 6, 1, 0, 1, 0, 1, 0x66],
    ]
    for contents in odd {
      let bytes = module(names: contents)
      let text = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
      #expect(ModuleEncoder.encode(try parsed(text, emitNames: true)) == bytes, "\(text)")
    }
  }

  @Test func theNameSectionKeepsItsPlaceAmongOthers() throws {
    let names: [UInt8] = [1, 4, 1, 0, 1, 0x66]
    let bytes = module(names: names, after: customSection("producers", [1]))
    let text = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
    #expect(text.contains("(func $f"))
    #expect(!text.contains("@custom \"name\""))
    #expect(ModuleEncoder.encode(try parsed(text, emitNames: true)) == bytes)
    let twice = module(names: names, after: customSection("name", names))
    let other = try ModulePrinter.text(try ModuleDecoder.decode(twice))
    #expect(ModuleEncoder.encode(try parsed(other, emitNames: true)) == twice)
  }

  @Test func branchHintsBecomeAnnotations() throws {
    let (bytes, printed, again) = try roundTrip(
      """
      (func (param i32)
        local.get 0 (@metadata.code.branch_hint "\\01") if end
        local.get 0 (@metadata.code.branch_hint "\\00") br_if 0)
      """)
    #expect(bytes == again)
    #expect(printed.contains("(@metadata.code.branch_hint \"\\01\") if"))
    #expect(!printed.contains("@custom"))
  }

  @Test func oddBranchHintsStayAsTheyAre() throws {
    for contents: [UInt8] in [[0], [1, 0, 1, 0, 1, 1], [9], [1, 0, 0]] {
      let bytes = binary(
        section(.type, [1, 0x60, 0, 0]), section(.function, [1, 0]),
        customSection("metadata.code.branch_hint", contents), section(.code, [1, 2, 0, 0x0B]))
      let text = try ModulePrinter.text(try ModuleDecoder.decode(bytes))
      #expect(ModuleEncoder.encode(try parsed(text)) == bytes, "\(text)")
    }
  }

  @Test func withoutNamesAndCommentsOnlyIndicesAreLeft() throws {
    var options = ModulePrinter.Options()
    options.usesNames = false
    options.hasComments = false
    let module = try parsed("(func $f (block $l (br $l)) (call $f))", emitNames: true)
    let text = try ModulePrinter.text(module, options: options)
    #expect(
      text == """
        (module
          (type (func))
          (func (type 0)
            block
              br 0
            end
            call 0)
          (@custom "name" (after code) "\\01\\04\\01\\00\\01f\\03\\06\\01\\00\\01\\00\\01l")
        )

        """)
  }

  @Test func malformedBodiesAreErrorsAndSoAreLocalsBeyondTheLimit() throws {
    let module = try ModuleDecoder.decode(function([0x02, 0x40, 0x0B]))
    do {
      _ = try ModulePrinter.text(module)
      Issue.record("printed")
    } catch {
      #expect(error.kind == .malformed)
      #expect(error.function == 0)
    }
    let locals = try ModuleDecoder.decode(
      binary(
        section(.type, [1, 0x60, 0, 0]), section(.function, [1, 0]),
        section(.code, [1, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x0B])))
    do {
      _ = try ModulePrinter.text(locals)
      Issue.record("printed")
    } catch { #expect(error.kind == .limitExceeded) }
  }

  @Test func deepNestingNeedsNoStack() throws {
    let depth = 20_000
    let body: [UInt8] =
      [0] + (0..<depth).flatMap { _ in [0x02, 0x40] as [UInt8] } + [UInt8](repeating: 0x0B, count: depth + 1)
    var module = try parsed("(func)")
    let start = module.bytes.count
    module.bytes += body
    module.bodies[0] = FunctionBody(range: start..<module.bytes.count)
    let again = try parsed(try ModulePrinter.text(module))
    #expect(Array(again.bytes[again.bodies[0].range]) == body)
  }

  @Test func invalidModulesArePrintedToo() throws {
    let text = try ModulePrinter.text(
      try ModuleDecoder.decode(
        binary(
          section(.import, [1, 0, 0, 0, 99]), section(.function, [1, 77]), section(.export, [1, 1, 0x65, 2, 50]),
          section(.start, [9]), section(.code, [1, 8, 0, 0x10, 5, 0x20, 6, 0x0C, 7, 0x0B]))))
    #expect(text.contains("(export \"e\" (memory 50))"))
    #expect(text.contains("call 5"))
    #expect(text.contains("br 7"))
  }
}
