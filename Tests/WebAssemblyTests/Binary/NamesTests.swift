import Testing

@testable import WebAssembly

@Suite struct NamesTests {
  private func names(_ contents: [UInt8]) throws -> Names {
    Names(try ModuleDecoder.decode(binary(customSection("name", contents))))
  }

  private func error(_ contents: [UInt8]) throws -> String? {
    let module = try ModuleDecoder.decode(binary(customSection("name", contents)))
    do {
      _ = try Names(decoding: module.customSections[0], of: module)
      return nil
    } catch { return error.message }
  }

  @Test func everyNameSpaceIsReadAndWritten() throws {
    var names = Names()
    names.module = "mödule"
    for space in NameSpace.allCases {
      if space.isNested {
        names.setName("x", of: space, 0, in: 3)
        names.setName("y", of: space, 2, in: 3)
        names.setName("z", of: space, 0, in: 7)
      } else {
        names.setName("first", of: space, 0)
        names.setName("", of: space, 200)
      }
    }
    let contents = names.encode()
    #expect(try error(contents) == nil)
    let read = try self.names(contents)
    #expect(read.module == "mödule")
    #expect(read.encode() == contents)
    for space in NameSpace.allCases where !space.isNested {
      #expect(read.name(of: space, 0) == "first")
      #expect(read.name(of: space, 1) == nil)
      #expect(read.name(of: space, 200) == "")
    }
    #expect(read.name(of: .local, 2, in: 3) == "y")
    #expect(read.name(of: .local, 2, in: 4) == nil)
    #expect(read.names(of: .field, in: 3).map(\.name) == ["x", "y"])
    #expect(read.names(of: .label, in: 7).map(\.index) == [0])
  }

  @Test func namesCanBeChangedInAnyOrder() {
    var names = Names()
    for index: UInt32 in [5, 1, 9, 3, 7] { names.setName("n\(index)", of: .function, index) }
    names.setName("again", of: .function, 3)
    names.setName(nil, of: .function, 9)
    names.setName(nil, of: .function, 4)
    #expect(names.names(of: .function).map(\.index) == [1, 3, 5, 7])
    #expect(names.names(of: .function).map(\.name) == ["n1", "again", "n5", "n7"])
    #expect(
      names.encode() == [1, 20, 4, 1, 2, 0x6E, 0x31, 3, 5] + Array("again".utf8) + [5, 2, 0x6E, 0x35, 7, 2, 0x6E, 0x37])
  }

  @Test func whatIsMalformedIsRefusedOrLeftOut() throws {
    #expect(try error([1, 3, 1, 0, 0, 0, 1, 0]) == "name section: unexpected subsection")
    #expect(try error([1, 5, 2, 1, 0, 0, 0]) == "name section: indices are not in ascending order")
    #expect(try error([1, 4, 1, 0, 0, 0]) == "name section: subsection size mismatch")
    #expect(try error([1, 4, 1, 0, 1, 0xFF]) == "malformed UTF-8 encoding")
    #expect(try error([12, 0]) == "name section: malformed subsection id")
    #expect(try error([1, 9, 1, 0]) == "length out of bounds")
    // The second name is no UTF-8, the third is out of order, the last is cut off.
    let read = try names([1, 14, 5, 7, 1, 0x61, 1, 1, 0xFF, 3, 1, 0x62, 7, 1, 0x63, 4, 0, 2, 0, 0])
    #expect(read.names(of: .function).map(\.index) == [3, 7])
    #expect(read.names(of: .function).map(\.name) == ["b", "a"])
  }

  @Test func aCutSectionGivesWhatCouldBeRead() throws {
    var names = Names()
    names.module = "m"
    for index: UInt32 in 0..<20 { names.setName("f\(index)", of: .function, index) }
    names.setName("l", of: .local, 1, in: 2)
    let contents = names.encode()
    for count in contents.indices {
      let read = try self.names(Array(contents[..<count]))
      for (_, index, name) in read.names(of: .function) { #expect(name == "f\(index)") }
    }
  }
}

@Suite struct BranchHintsTests {
  private let fields = "(func $f) (func (param i32) (if (local.get 0) (then)) (br_if 0 (local.get 0)) (call $f))"

  private func module(_ hints: BranchHints) throws -> Module {
    var module = try parsed(fields)
    let start = module.bytes.count
    module.bytes += hints.encode()
    module.customSections.append(
      CustomSection(name: BranchHints.sectionName, range: start..<module.bytes.count, after: .function))
    return try ModuleDecoder.decode(ModuleEncoder.encode(module))
  }

  private func hints(_ index: UInt32, _ offsets: UInt32...) -> BranchHints {
    BranchHints(functions: [.init(index: index, hints: offsets.map { .init(offset: $0, isLikely: true) })])
  }

  @Test func theyAreReadAsTheyWereWritten() throws {
    let hints = hints(1, 3, 8)
    #expect(BranchHints(try module(hints)) == hints)
    #expect(hints.encode() == [1, 1, 2, 3, 1, 1, 8, 1, 1])
  }

  @Test func theyStandAtConditionalBranches() throws {
    #expect(throws: Never.self) { try module(hints(1, 3, 8)).checkCustomSections() }
    for (hints, message) in [
      (hints(1, 1), "@metadata.code.branch_hint annotation: invalid target"),
      (hints(1, 4), "@metadata.code.branch_hint annotation: invalid target"),
      (hints(1, 10), "@metadata.code.branch_hint annotation: invalid target"),
      (hints(1, 10_000), "@metadata.code.branch_hint annotation: invalid target"),
      (hints(9, 1), "@metadata.code.branch_hint annotation: unknown function 9"),
    ] {
      do {
        try module(hints).checkCustomSections()
        Issue.record("accepted")
      } catch let error as ModuleError {
        #expect(error.kind == .invalid)
        #expect(error.message == message)
      }
    }
  }

  @Test func malformedSectionsAreRefused() throws {
    for contents: [UInt8] in [
      [], [1], [1, 1, 1, 3], [1, 1, 1, 3, 2, 0, 0], [1, 1, 1, 3, 1, 2], [1, 1, 2, 3, 1, 0, 3, 1, 0], [2, 1, 0, 1, 0],
      [0, 0],
    ] {
      let module = try ModuleDecoder.decode(binary(customSection(BranchHints.sectionName, contents)))
      #expect(throws: ModuleError.self) { try module.checkCustomSections() }
      #expect(BranchHints(module).functions.isEmpty)
    }
  }
}
