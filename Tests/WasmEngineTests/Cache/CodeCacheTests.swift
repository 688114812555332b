import Foundation
import Synchronization
import Testing
import WebAssembly

@testable import WasmEngine

/// A folder that goes with the test.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appending(path: "polymnia-cache-\(UUID().uuidString)").path
  var cache: String { path + "/polymnia" }

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []).sorted() }
  func contents(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: cache + "/" + name)) }
  func write(_ data: Data, _ name: String) throws { try data.write(to: URL(filePath: cache + "/" + name)) }
}

/// A module of many functions, one of which calls all others, with all that the metadata of code tells of.
enum CachedProgram {
  static func text(_ count: Int = 40) -> String {
    let functions = (0..<count).map { index in
      """
      (func $f\(index) (type $binary)
        (i32.store $b offset=\(index * 4) (local.get 0) (i32.add (local.get 0) (i32.const \(index))))
        (i32.add (local.get 1) (i32.load $b offset=\(index * 4) (local.get 0))))
      """
    }
    let calls = (0..<count).map { index in
      "(local.set 1 (call_indirect (type $binary) (i32.const 0) (local.get 1) (i32.const \(index))))"
    }
    return """
      (module (type $other (func)) (type $binary (func (param i32 i32) (result i32)))
        (import "env" "m" (memory $a 1 4)) (memory $b 1 2)
        (table funcref (elem \((0..<count).map { "$f\($0)" }.joined(separator: " ")) $none))
        (func $none)
        \(functions.joined(separator: "\n"))
        (func (export "sum") (param i32) (result i32) (local i32) \(calls.joined(separator: "\n")) (local.get 1))
        (func (export "fault") (param i32) (result i32) (i32.load $b offset=4 (local.get 0)))
        (func (export "mismatch") (drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const \(count)))))
        (func (export "never") (param f64) (result f64) (f64.sqrt (local.get 0))))
      """
  }

  static let sum: Int32 = (0..<40).reduce(0, +)

  static func binary() throws -> [UInt8] {
    ModuleEncoder.encode(try ModuleParser.parse(Array(text().utf8)).module)
  }

  static func instance(_ module: CompiledModule) throws -> Instance {
    let store = Store(module.engine)
    let type = MemoryType(limits: Limits(minimum: 1, maximum: 4))
    return try store.instantiate(module, imports: [.memory(try Memory(in: store, type: type))])
  }

  /// Runs all of it but one function, and expects what is right.
  static func run(_ module: CompiledModule) throws {
    let instance = try instance(module)
    #expect(try callI32(instance, "sum", .i32(0)) == sum)
    do {
      _ = try callI32(instance, "fault", .i32(65533))
      Issue.record("it does not trap")
    } catch let trap as Trap {
      #expect(trap.memoryFault == Trap.MemoryFault(memoryIndex: 1, address: 65537, length: 4))
      #expect(trap.backtrace.map(\.function) == [42])
    }
    #expect(trapKind { _ = try instance.function("mismatch").call([]) } == .indirectCallTypeMismatch)
  }
}

@Suite(.enabled(if: MachineCode.isAvailable, "There is no compiler for this system."))
struct CodeCacheTests {
  private func engine(_ path: String, _ change: (inout Engine.Configuration) -> Void = { _ in }) -> Engine {
    makeEngine {
      $0.codeCache = CodeCache(path: path)
      $0.smallestCachedModule = 0
      change(&$0)
    }
  }

  /// How many functions are settled before anything runs.
  private func settled(_ module: CompiledModule) -> Int {
    module.module.functions.indices.count { module.machine?.isSettled($0) == true }
  }

  /// Compiles, runs and saves the program once.
  private func fill(_ folder: TemporaryFolder) throws {
    let module = try engine(folder.cache).compile(CachedProgram.binary())
    try CachedProgram.run(module)
    #expect(module.saveCode())
  }

  @Test func whatWasCompiledIsThereInTheNextRun() throws {
    let folder = try TemporaryFolder()
    let binary = try CachedProgram.binary()
    let first = try engine(folder.cache).compile(binary)
    #expect(settled(first) == 0)
    try CachedProgram.run(first)
    #expect(first.saveCode())
    #expect(folder.files.count == 1)
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.cache)
    #expect(attributes[.posixPermissions] as? Int == 0o700)

    let second = try engine(folder.cache).compile(binary)
    // All but "never" and "$none", which nobody called.
    #expect(settled(second) == second.module.functions.count - 2)
    try CachedProgram.run(second)
    // What is missing is made.
    guard case .f64(let root)? = try CachedProgram.instance(second).function("never").call([.f64(2.25)]).first else {
      Issue.record("no result")
      return
    }
    #expect(root == 1.5)
  }

  @Test("Types have other numbers in another engine")
  func codeDoesNotDependOnTheEngine() throws {
    let folder = try TemporaryFolder()
    try fill(folder)
    let engine = engine(folder.cache)
    for count in 1..<20 {
      let parameters = String(repeating: "i64 ", count: count)
      _ = try engine.compile(text: "(module (type (func (param \(parameters)))) (func (type 0)))")
    }
    let module = try engine.compile(CachedProgram.binary())
    #expect(settled(module) > 40)
    try CachedProgram.run(module)
  }

  @Test func eagerCodeIsAllThere() throws {
    let folder = try TemporaryFolder()
    let module = try engine(folder.cache) { $0.compilation = .eager }.compile(CachedProgram.binary())
    #expect(settled(module) == module.module.functions.count)
    #expect(module.saveCode())
    let second = try engine(folder.cache).compile(CachedProgram.binary())
    #expect(settled(second) == second.module.functions.count)
    try CachedProgram.run(second)
  }

  @Test("Other settings, other modules and other sets of code have entries of their own")
  func keysDiffer() throws {
    let folder = try TemporaryFolder()
    try fill(folder)
    let guardless = try engine(folder.cache) { $0.usesGuardPages = false }.compile(CachedProgram.binary())
    #expect(settled(guardless) == 0)
    let checked = try engine(folder.cache) { $0.memoryPolicy.bounds = .checked }.compile(CachedProgram.binary())
    #expect(settled(checked) == 0)
    let unguarded = try engine(folder.cache) { $0.guardsSpeculation = false }.compile(CachedProgram.binary())
    #expect(settled(unguarded) == 0)
    if ProcessorFeatures.native != .baseline {
      let plain = try engine(folder.cache) { $0.processor = .baseline }.compile(CachedProgram.binary())
      #expect(settled(plain) == 0)
    }
    var other = try CachedProgram.binary()
    // A custom section at the end changes nothing but the bytes.
    other += [0, 2, 1, 0x78]
    #expect(settled(try engine(folder.cache).compile(other)) == 0)
    for module in [guardless, checked] {
      try CachedProgram.run(module)
      #expect(module.saveCode())
    }
    #expect(folder.files.count == 3)
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) > 40)
  }

  @Test("The code for weaker memories is kept too")
  func bothSetsOfCode() throws {
    let folder = try TemporaryFolder()
    let module = try engine(folder.cache).compile(CachedProgram.binary())
    let store = Store(module.engine)
    let type = MemoryType(limits: Limits(minimum: 1, maximum: 4))
    let weak = try Memory(in: store, type: type, policy: MemoryPolicy(bounds: .checked))
    let instance = try store.instantiate(module, imports: [.memory(weak)])
    #expect(try callI32(instance, "sum", .i32(0)) == CachedProgram.sum)
    #expect(module.saveCode())
    #expect(folder.files.count == 1)
    let again = try engine(folder.cache).compile(CachedProgram.binary())
    #expect(settled(again) == 0)
    let secondStore = Store(again.engine)
    let memory = try Memory(in: secondStore, type: type, policy: MemoryPolicy(bounds: .checked))
    let second = try secondStore.instantiate(again, imports: [.memory(memory)])
    #expect(second.data.machine?.isSettled(1) == true)
    #expect(try callI32(second, "sum", .i32(0)) == CachedProgram.sum)
  }

  @Test("Small modules, text and interpreters leave nothing behind")
  func notEverythingIsKept() throws {
    let folder = try TemporaryFolder()
    let large = try engine(folder.cache) { $0.smallestCachedModule = 1 << 20 }.compile(CachedProgram.binary())
    try CachedProgram.run(large)
    #expect(large.saveCode())
    let interpreted = try engine(folder.cache) { $0.tier = .interpreter }.compile(CachedProgram.binary())
    #expect(interpreted.saveCode())
    #expect(!FileManager.default.fileExists(atPath: folder.cache))
  }

  // MARK: Damage

  @Test func damagedEntriesAreIgnoredAndMadeAnew() throws {
    let folder = try TemporaryFolder()
    try fill(folder)
    let name = try #require(folder.files.first)
    let whole = try folder.contents(name)
    var damaged: [Data] = [Data(), whole.dropLast(), whole.prefix(40), whole + Data([0])]
    for position in stride(from: 0, to: whole.count, by: max(1, whole.count / 97)) {
      var copy = whole
      copy[copy.startIndex + position] ^= 1 << (position % 8)
      damaged.append(copy)
      damaged.append(whole.prefix(position))
    }
    for data in damaged {
      try folder.write(Data(data), name)
      let module = try engine(folder.cache).compile(CachedProgram.binary())
      #expect(settled(module) == 0)
    }
    let module = try engine(folder.cache).compile(CachedProgram.binary())
    try CachedProgram.run(module)
    #expect(module.saveCode())
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) > 40)
  }

  @Test("An entry under another one's name is not taken")
  func entriesHaveTheirKeyInside() throws {
    let folder = try TemporaryFolder()
    try fill(folder)
    let original = try #require(folder.files.first)
    var other = try CachedProgram.binary()
    other += [0, 2, 1, 0x78]
    let module = try engine(folder.cache).compile(other)
    try CachedProgram.run(module)
    #expect(module.saveCode())
    let second = try #require(folder.files.first { $0 != original })
    try folder.write(try folder.contents(original), second)
    #expect(settled(try engine(folder.cache).compile(other)) == 0)
  }

  @Test("A file that others can write, a link and a folder are no entries")
  func onlyOwnFilesAreRead() throws {
    let folder = try TemporaryFolder()
    try fill(folder)
    let name = try #require(folder.files.first)
    let path = folder.cache + "/" + name
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) > 40)
    try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/elsewhere")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/elsewhere")
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) == 0)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(settled(try engine(folder.cache).compile(CachedProgram.binary())) == 0)
  }

  // MARK: The folder

  /// What is said of a folder that is used.
  private func failures(_ path: String) throws -> [CodeCache.Failure] {
    let said = Mutex<[CodeCache.Failure]>([])
    let engine = makeEngine {
      $0.codeCache = CodeCache(path: path) { failure in said.withLock { $0.append(failure) } }
      $0.smallestCachedModule = 0
    }
    for _ in 0..<2 {
      let module = try engine.compile(CachedProgram.binary())
      try CachedProgram.run(module)
      module.saveCode()
    }
    return said.withLock { $0 }
  }

  @Test(arguments: [0o755, 0o770, 0o701, 0o1700, 0o500])
  func foldersThatOthersCanEnterAreRefusedOnce(mode: Int) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.cache, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    #expect(chmod(folder.cache, mode_t(mode)) == 0)
    let failures = try failures(folder.cache)
    #expect(failures.count == 1 && failures.first?.isUnsafe == true)
    #expect(folder.files.isEmpty)
  }

  @Test func linkedFoldersAreRefused() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/real", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try FileManager.default.createSymbolicLink(atPath: folder.cache, withDestinationPath: folder.path + "/real")
    let failures = try failures(folder.cache)
    #expect(failures.count == 1 && failures.first?.isUnsafe == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/real").isEmpty)
  }

  @Test func filesAndForeignFoldersAreRefused() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(filePath: folder.cache))
    let failures = try failures(folder.cache)
    #expect(failures.count == 1 && failures.first?.isUnsafe == true)
    let absent = try self.failures("/proc/no/polymnia")
    #expect(absent.count == 1 && absent.first?.isUnsafe == false)
    // Belongs to the super-user, and to nobody else.
    if geteuid() != 0 { #expect(try self.failures("/root").count == 1) }
  }

  @Test func foldersAreMade() throws {
    let folder = try TemporaryFolder()
    #expect(try failures(folder.path + "/a/b/polymnia").isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/a/b/polymnia").count == 1)
  }

  @Test("The oldest entries make room, and what killed processes have left goes")
  func theFolderStaysSmall() throws {
    let folder = try TemporaryFolder()
    let cache = CodeCache(path: folder.cache, capacity: 1000)
    func key(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: CodeFile.keySize) }
    func put(_ byte: UInt8, _ size: Int) -> Bool {
      cache.write(key(byte), size: size) { sink in
        try [UInt8](repeating: byte, count: size).withUnsafeBytes(sink)
      }
    }
    func has(_ byte: UInt8) -> Bool { cache.read(key(byte)) { size, _ in size } != nil }
    for byte in 1...3 {
      #expect(put(UInt8(byte), 300))
      let old = Date(timeIntervalSinceNow: Double(byte - 10) * 60)
      let name = String(repeating: "0\(byte)", count: 32) + ".code"
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: folder.cache + "/" + name)
    }
    try folder.write(Data([1]), "new-1-2-3")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: folder.cache + "/new-1-2-3")
    // The first one is used, and so the second one is the oldest.
    #expect(has(1))
    #expect(put(4, 300))
    #expect(has(1) && !has(2) && has(3) && has(4))
    #expect(!folder.files.contains("new-1-2-3"))
    #expect(!put(5, 1001))
    #expect(has(1) && has(3) && has(4))
  }

  @Test("A write that fails leaves nothing behind")
  func failedWrites() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    let cache = CodeCache(path: folder.cache)
    #expect(!cache.write([UInt8](repeating: 1, count: CodeFile.keySize), size: 10) { _ in throw Stop() })
    #expect(folder.files.isEmpty)
  }

  @Test("Many at once read and write one entry")
  func manyUsersAtOnce() throws {
    let folder = try TemporaryFolder()
    let binary = try CachedProgram.binary()
    let sum = CachedProgram.sum
    let path = folder.cache
    let failures = Atomic<Int>(0)
    Threads.forEach(24, threads: 6) { index in
      do {
        let module = try makeEngine {
          $0.codeCache = CodeCache(path: path)
          $0.smallestCachedModule = 0
          if index % 3 == 0 { $0.compilation = .eager }
          $0.validationThreads = 2
        }.compile(binary)
        let instance = try CachedProgram.instance(module)
        let result = try callI32(instance, "sum", .i32(0))
        if result != sum || !module.saveCode() { failures.add(1, ordering: .relaxed) }
      } catch {
        failures.add(1, ordering: .relaxed)
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
    #expect(folder.files.count == 1)
    #expect(settled(try engine(folder.cache).compile(binary)) > 40)
  }
}
