import Testing

@testable import WasmEngine

/// What is known about code survives its short form.
struct CodeMetadataTests {
  private static func function(_ count: Int, _ generator: inout SystemRandomNumberGenerator) -> CompiledFunction {
    var function = CompiledFunction(code: [0xC3], sites: [], accesses: [], keepsContext: Bool.random())
    var offset: UInt32 = 0
    var position: UInt32 = 70_000
    for _ in 0..<count {
      offset += .random(in: 1...300, using: &generator)
      position = UInt32(Int(position) + .random(in: -200...400, using: &generator))
      var site = CodeSite(codeOffset: offset, position: position, trap: Trap.Kind.allCases.randomElement())
      site.isTrap = Bool.random()
      site.isPrologue = Bool.random()
      if Bool.random() {
        site.trap = .outOfBoundsMemoryAccess
        site.memory = .random(in: 0...UInt32.max)
        site.width = [1, 2, 4, 8, 16].randomElement()!
      } else if Bool.random() {
        site.trap = nil
      }
      if Bool.random() { site.landing = .random(in: 0...UInt32.max) }
      function.sites.append(site)
      let address = Address(.rdi, index: .r12, scale: 3, .random(in: Int32.min...Int32.max))
      function.accesses.append(
        AccessSite(
          codeOffset: Int(offset), position: position, memory: .random(in: 0...UInt16.max),
          width: [1, 2, 4, 8, 16].randomElement()!, Bool.random() ? address : Address(.rax)))
    }
    return function
  }

  @Test(arguments: [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000])
  func everythingIsFoundAgain(count: Int) {
    var generator = SystemRandomNumberGenerator()
    let function = Self.function(count, &generator)
    var bytes: [UInt8] = [1, 2, 3]
    CodeMetadata.write(function, to: &bytes)
    let storage = CodeMetadata.Storage(bytes)
    let metadata = storage.slice(3, UInt32(bytes.count - 3))
    #expect(metadata.keepsContext == function.keepsContext)
    for site in function.sites {
      let found = metadata.site(at: site.codeOffset)
      #expect(found?.codeOffset == site.codeOffset && found?.position == site.position)
      #expect(found?.trap == site.trap && found?.memory == site.memory && found?.width == site.width)
      #expect(found?.landing == site.landing)
      #expect(found?.isTrap == site.isTrap && found?.isPrologue == site.isPrologue)
    }
    let offsets = Set(function.sites.map(\.codeOffset))
    for offset in 0..<(function.sites.last?.codeOffset ?? 0) + 50 where !offsets.contains(offset) {
      #expect(metadata.site(at: offset) == nil)
    }
    for (index, access) in function.accesses.enumerated() {
      let end = index + 1 < count ? function.accesses[index + 1].codeOffset : access.codeOffset + 100
      for offset in [access.codeOffset, end - 1] {
        let found = metadata.access(at: offset)
        #expect(found?.codeOffset == access.codeOffset && found?.position == access.position)
        #expect(found?.displacement == access.displacement && found?.memory == access.memory)
        #expect(found?.operands == access.operands)
      }
    }
    #expect(metadata.access(at: 0) == nil)
  }

  @Test("Reading what is no metadata finds something or nothing, and ends")
  func anyBytesCanBeRead() {
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255) }
      let metadata = CodeMetadata.Storage(bytes)
      let slice = metadata.slice(0, UInt32(bytes.count))
      _ = slice.site(at: .random(in: 0...1000))
      _ = slice.access(at: .random(in: 0...UInt32.max))
      _ = slice.keepsContext
      withExtendedLifetime(metadata) {}
    }
  }
}
