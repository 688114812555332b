import Testing

@testable import WebAssembly

@Suite struct ModuleDecoderTests {
  @Test func theHeaderIsChecked() {
    #expect(malformation([]) == "unexpected end")
    #expect(malformation([0, 0x61, 0x73]) == "unexpected end")
    #expect(malformation([1, 0x61, 0x73, 0x6D, 1, 0, 0, 0]) == "magic header not detected")
    #expect(malformation([0, 0x61, 0x73, 0x6D, 1, 0, 0]) == "unexpected end")
    #expect(malformation([0, 0x61, 0x73, 0x6D, 2, 0, 0, 0]) == "unknown binary version 2")
    #expect(malformation(binary()) == nil)
  }

  @Test func sectionsStandInOrderAndOnce() {
    #expect(malformation(binary([14, 0])) == "malformed section id")
    #expect(malformation(binary([0x80, 0])) == "malformed section id")
    let order: [SectionID] = [
      .type, .import, .function, .table, .memory, .tag, .global, .export, .element, .dataCount, .code, .data,
    ]
    let sections = order.map { section($0, [0]) }
    #expect(malformation(binary(sections.flatMap { $0 })) == nil)
    for index in order.indices {
      #expect(malformation(binary(sections[index], sections[index])) == "unexpected content after last section")
      if index > 0 {
        #expect(malformation(binary(sections[index], sections[index - 1])) == "unexpected content after last section")
      }
    }
  }

  @Test func customSectionsStandAnywhere() throws {
    let module = try ModuleDecoder.decode(
      binary(
        customSection("a", [1, 2]), section(.type, [0]), customSection("a", []), section(.import, [0]),
        customSection("ü", [3])))
    #expect(module.customSections.map(\.name) == ["a", "a", "ü"])
    #expect(module.customSections.map(\.after) == [nil, .type, .import])
    #expect(Array(module.bytes[module.customSections[0].range]) == [1, 2])
    #expect(malformation(binary([0, 0])) == "unexpected end of section or function")
    #expect(malformation(binary([0, 2, 3, 0x61])) == "length out of bounds")
    #expect(malformation(binary(section(.custom, [1, 0xFF]))) == "malformed UTF-8 encoding")
  }

  @Test func sizesMustFit() {
    #expect(malformation(binary([1, 2, 0])) == "length out of bounds")
    #expect(malformation(binary([1, 2, 0, 0])) == "section size mismatch")
    // The contents are whole, but longer than their size.
    #expect(malformation(binary([1, 3, 1, 0x60, 0, 0])) == "section size mismatch")
    // The contents are cut short.
    #expect(malformation(binary([1, 3, 1, 0x60, 0])) == "unexpected end of section or function")
  }

  @Test func countsAreNotTrusted() {
    #expect(malformation(binary(section(.type, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]))) == "length out of bounds")
    #expect(malformation(binary(section(.function, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]))) == "length out of bounds")
    #expect(malformation(binary(section(.type, [1, 0x4E, 0xFF, 0xFF, 0x7F]))) == "length out of bounds")
    #expect(malformation(binary(section(.type, [1, 0x60, 0xFF, 0xFF, 0x7F]))) == "length out of bounds")
  }

  @Test func namesAreStrictUTF8() {
    func error(_ name: [UInt8]) -> String? {
      malformation(binary(section(.import, [1, UInt8(name.count)] + name + [0, 3, 0x7F, 0])))
    }
    #expect(error(Array("aé€😀".utf8)) == nil)
    #expect(error([0xC0, 0x80]) == "malformed UTF-8 encoding")
    #expect(error([0xE0, 0x80, 0x80]) == "malformed UTF-8 encoding")
    #expect(error([0xED, 0xA0, 0x80]) == "malformed UTF-8 encoding")
    #expect(error([0xF4, 0x90, 0x80, 0x80]) == "malformed UTF-8 encoding")
    #expect(error([0xE2, 0x82]) == "malformed UTF-8 encoding")
  }

  @Test func functionsAndBodiesAreAsMany() {
    let types = section(.type, [1, 0x60, 0, 0])
    let message = "function and code section have inconsistent lengths"
    #expect(malformation(binary(types, section(.function, [1, 0]))) == message)
    #expect(malformation(binary(section(.code, [1, 2, 0, 0x0B]))) == message)
    #expect(malformation(binary(types, section(.function, [1, 0]), section(.code, [1, 2, 0, 0x0B]))) == nil)
  }

  @Test func theDataCountAgrees() {
    let message = "data count and data section have inconsistent lengths"
    #expect(malformation(binary(section(.dataCount, [1]))) == message)
    #expect(malformation(binary(section(.dataCount, [1]), section(.data, [2, 1, 0, 1, 0]))) == message)
    #expect(malformation(binary(section(.dataCount, [1]), section(.data, [1, 1, 0]))) == nil)
    #expect(malformation(function([0xFC, 9, 0, 0x0B])) == "data count section required")
    #expect(malformation(function([0xFC, 9, 0, 0x0B], dataCount: [0])) == nil)
  }

  @Test func kindsAndFlagsAreKnown() {
    #expect(malformation(binary(section(.import, [1, 0, 0, 5, 0]))) == "malformed import kind")
    #expect(malformation(binary(section(.export, [1, 0, 5, 0]))) == "malformed export kind")
    #expect(malformation(binary(section(.table, [1, 0x7F, 0, 0]))) == "malformed reference type")
    #expect(malformation(binary(section(.table, [1, 0x70, 2, 0]))) == "malformed limits flags")
    #expect(malformation(binary(section(.global, [1, 0x7F, 2, 0x41, 0, 0x0B]))) == "malformed mutability")
    #expect(malformation(binary(section(.element, [1, 8]))) == "malformed elements segment kind")
    #expect(malformation(binary(section(.element, [1, 1, 1, 0]))) == "malformed element kind")
    #expect(malformation(binary(section(.tag, [1, 1, 0]))) == "zero byte expected")
  }

  @Test func featuresDecideWhatIsKnown() {
    let old: FeatureSet = [.mutableGlobals, .multiValue]
    #expect(malformation(binary(section(.dataCount, [0])), features: old) == "malformed section id")
    #expect(malformation(binary(section(.tag, [0])), features: old) == "malformed section id")
    #expect(malformation(binary(section(.memory, [1, 2, 0])), features: old) == "malformed limits flags")
    #expect(malformation(binary(section(.memory, [1, 4, 0])), features: old) == "malformed limits flags")
    #expect(malformation(binary(section(.memory, [1, 8, 0, 0])), features: .standard) == "malformed limits flags")
    #expect(malformation(binary(section(.type, [1, 0x5F, 0])), features: old) == "malformed definition type")
    #expect(malformation(function([0xFD, 12] + [UInt8](repeating: 0, count: 16) + [0x1A, 0x0B])) == nil)
    #expect(
      malformation(function([0xFD, 12] + [UInt8](repeating: 0, count: 16) + [0x1A, 0x0B]), features: old)?
        .hasPrefix("illegal opcode") == true)
  }

  @Test func typesBelongToFeatures() {
    func error(_ type: [UInt8], _ features: FeatureSet) -> String? {
      malformation(binary(section(.type, [1, 0x60, 1] + type + [0])), features: features)
    }
    #expect(error([0x7B], [.simd]) == nil)
    #expect(error([0x7B], []) == "malformed value type")
    #expect(error([0x70], [.referenceTypes]) == nil)
    #expect(error([0x70], []) == "malformed value type")
    #expect(error([0x64, 0x70], [.referenceTypes]) == "malformed value type")
    #expect(error([0x64, 0], [.referenceTypes, .functionReferences]) == nil)
    #expect(error([0x6E], [.referenceTypes, .functionReferences]) == "malformed value type")
    #expect(error([0x64, 0x6B], [.referenceTypes, .functionReferences]) == "malformed heap type")
    #expect(error([0x69], [.referenceTypes]) == "malformed value type")
    #expect(error([0x69], [.referenceTypes, .exceptions]) == nil)
    // Tables have always held functions.
    #expect(malformation(binary(section(.table, [1, 0x70, 0, 0])), features: []) == nil)
    #expect(malformation(binary(section(.table, [1, 0x6F, 0, 0])), features: []) == "malformed reference type")
  }

  @Test func typesKeepTheirGroups() throws {
    let bytes = binary(
      section(
        .type,
        [
          4, 0x60, 1, 0x7F, 0, 0x4E, 1, 0x60, 0, 0, 0x4E, 2, 0x50, 0, 0x5F, 1, 0x78, 1, 0x4F, 1, 2, 0x5F, 2, 0x78, 1,
          0x63,
          2, 0, 0x5E, 0x77, 0,
        ]))
    let module = try ModuleDecoder.decode(bytes)
    #expect(module.recursionGroups.map(\.range) == [0..<1, 1..<2, 2..<4, 4..<5])
    #expect(module.recursionGroups.map(\.isExplicit) == [false, true, true, false])
    #expect(!module.types[2].isFinal)
    #expect(module.types[3].supertypes == [2])
    #expect(module.types[4].composite == .array(FieldType(storage: .i16, isMutable: false)))
    #expect(ModuleEncoder.encode(module) == bytes)
  }

  @Test func everyKindOfElementSegmentIsRead() throws {
    let offset: [UInt8] = [0x41, 0, 0x0B]
    let item: [UInt8] = [0xD2, 0, 0x0B]
    let contents: [[UInt8]] = [
      [0] + offset + [1, 0], [1, 0, 1, 0], [2, 1] + offset + [0, 1, 0], [3, 0, 1, 0], [4] + offset + [1] + item,
      [5, 0x70, 1] + item, [6, 1] + offset + [0x70, 1] + item, [7, 0x6F, 1, 0xD0, 0x6F, 0x0B],
    ]
    let bytes = binary(section(.element, [UInt8(contents.count)] + contents.flatMap { $0 }))
    let module = try ModuleDecoder.decode(bytes)
    #expect(module.elements.count == 8)
    #expect(module.elements[0].type == ReferenceType(isNullable: false, heapType: .function))
    #expect(module.elements[4].type == .function)
    #expect(module.elements[7].type == .external)
    #expect(module.elements[3].mode == .declarative)
    #expect(ModuleEncoder.encode(module) == bytes)
  }

  @Test func expressionsEndWhereTheirBlocksDo() throws {
    let expression: [UInt8] = [0x02, 0x7F, 0x41, 0x0B, 0x0B, 0x0B]
    let bytes = binary(section(.global, [2, 0x7F, 0] + expression + [0x7F, 1, 0x41, 1, 0x0B]))
    let module = try ModuleDecoder.decode(bytes)
    #expect(Array(module.bytes[module.globals[0].initializer.range]) == expression)
    #expect(malformation(binary(section(.global, [1, 0x7F, 0, 0xFF, 0x0B]))) == "illegal opcode ff")
    #expect(malformation(binary(section(.global, [1, 0x7F, 0, 0x41, 0]))) == "unexpected end of section or function")
  }

  @Test func limitsAreKept() {
    var limits = ImplementationLimits()
    limits.memories = 2
    limits.functionSize = 3
    limits.nameSize = 4
    func isRefused(_ bytes: [UInt8]) -> Bool {
      do {
        _ = try ModuleDecoder.decode(bytes, limits: limits)
        return false
      } catch { return error.kind == .limitExceeded }
    }
    let memory: [UInt8] = [0, 0]
    #expect(!isRefused(binary(section(.memory, [2] + memory + memory))))
    #expect(isRefused(binary(section(.memory, [3] + memory + memory + memory))))
    let imported = section(.import, [1, 0, 0, 2] + memory)
    #expect(!isRefused(binary(imported, section(.memory, [1] + memory))))
    #expect(isRefused(binary(imported, section(.memory, [2] + memory + memory))))
    #expect(!isRefused(function([1, 0x0B])))
    #expect(isRefused(function([1, 1, 0x0B])))
    #expect(isRefused(binary(customSection("12345", []))))
  }

  @Test func noPrefixOfAModuleIsAccepted() throws {
    let module = try parsed(
      """
      (module $m
        (type $s (struct (field $f i32)))
        (import "a" "b" (memory $i 1 2))
        (memory $k i64 1)
        (table $t 2 funcref (ref.null func))
        (tag $e (param i32))
        (global $g (mut i64) (i64.const 7))
        (export "f" (func $f))
        (start $f)
        (elem (table $t) (i32.const 0) func $f)
        (func $f (local $x i32) (local f64)
          (block $l (br_table $l $l (i32.const 0)))
          (memory.init $k $d (i64.const 0) (i32.const 0) (i32.const 1)))
        (data $d "abc"))
      """, emitNames: true)
    let bytes = ModuleEncoder.encode(module)
    #expect(malformation(bytes) == nil)
    var accepted: [Int] = []
    for count in 0..<bytes.count where malformation(Array(bytes[..<count])) == nil { accepted.append(count) }
    // Only the header alone, and what ends with a whole section that nothing after it must match.
    for count in accepted {
      let module = try ModuleDecoder.decode(Array(bytes[..<count]))
      #expect(count == 8 || module.sections.last?.range.upperBound == count)
    }
  }

  @Test func flippedBitsDoNotTrap() throws {
    let module = try parsed(
      "(import \"a\" \"b\" (memory 1)) (memory 1 2) (func (result i32) (i32.load 1 (i32.const 0))) (data \"abc\")")
    let bytes = ModuleEncoder.encode(module)
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << UInt8(bit)
        if let module = try? ModuleDecoder.decode(changed) {
          _ = ModuleEncoder.encode(module)
          _ = try? ModulePrinter.text(module)
          _ = BodyScanner.firstMalformation(in: module)
        }
      }
    }
  }
}
