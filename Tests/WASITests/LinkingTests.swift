import Testing
import WasmEngine

@testable import WASI

/// What a guest wrote.
private final class Output: @unchecked Sendable {
  var text = ""
}

@Suite struct LinkingTests {
  private let output = Output()

  private func configuration() -> WASIConfiguration {
    var configuration = WASIConfiguration()
    configuration.standardOutput = .sink { [output] in output.text += String(decoding: $0, as: UTF8.self) }
    return configuration
  }

  private func run(_ text: String, _ configuration: WASIConfiguration? = nil) throws -> Int32 {
    let engine = Engine()
    let linker = Linker(Store(engine))
    let wasi = try WASI(configuration ?? self.configuration())
    try wasi.define(in: linker)
    return try wasi.run(try linker.instantiate(try engine.compile(text: text)))
  }

  /// Writes "hello" of memory `memory` and exits with the status that the write returned, plus 10.
  private func writer(_ memories: String, data memory: Int = 0, vector: String = "(i32.const 16)") -> String {
    """
    (module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      \(memories)
      (data (memory \(memory)) (i32.const 16) "\\20\\00\\00\\00\\05\\00\\00\\00")
      (data (memory \(memory)) (i32.const 32) "hello")
      (func (export "_start")
        (call $exit (i32.add (i32.const 10)
          (call $write (i32.const 1) \(vector) (i32.const 1) (i32.const 8))))
        unreachable))
    """
  }

  @Test func aCommandWritesAndExits() throws {
    #expect(try run(writer(#"(memory (export "memory") 1)"#)) == 10)
    #expect(output.text == "hello")
  }

  @Test func aBadPointerIsTheGuestsError() throws {
    let text = writer(#"(memory (export "memory") 1)"#, vector: "(i32.const -4)")
    #expect(try run(text) == 10 + Int32(Errno.fault.rawValue))
    #expect(output.text == "")
  }

  @Test func theExportNamedMemoryIsUsedAmongSeveral() throws {
    let text = writer(#"(memory 1) (memory (export "other") 1) (memory (export "memory") 1)"#, data: 2)
    #expect(try run(text) == 10)
    #expect(output.text == "hello")
  }

  @Test func theEmbedderChoosesAmongSeveral() throws {
    let text = writer(#"(memory (export "a") 1) (memory (export "b") 1)"#, data: 1)
    #expect(throws: WASIError.ambiguousMemory(exported: ["a", "b"])) { try run(text) }
    #expect(WASIError.ambiguousMemory(exported: ["a", "b"]).description.hasSuffix(": a, b"))
    #expect(output.text == "")
    var configuration = configuration()
    configuration.memoryName = "b"
    #expect(try run(text, configuration) == 10)
    #expect(output.text == "hello")
    configuration.memoryName = "c"
    #expect(throws: WASIError.noMemory(name: "c", exported: ["a", "b"])) { try run(text, configuration) }
  }

  @Test func theOnlyMemoryNeedsNoName() throws {
    #expect(try run(writer("(memory 1)")) == 10)
    #expect(output.text == "hello")
    #expect(throws: WASIError.noMemory(name: "memory", exported: [])) { try run(writer("(memory 1) (memory 1)")) }
    #expect(throws: WASIError.noMemory(name: "memory", exported: ["x"])) {
      try run(writer(#"(memory 1) (memory (export "x") 1)"#))
    }
  }

  @Test func memoriesOf64BitAddressesAreRefused() throws {
    let text = """
      (module
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") i64 1)
        (func (export "_start") (drop (call $random (i32.const 0) (i32.const 8)))))
      """
    #expect(throws: WASIError.memoryOf64BitAddresses(name: "memory")) { try run(text) }
  }

  @Test func noMemoryIsNeededToExit() throws {
    let text = """
      (module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (i32.const -1))))
      """
    #expect(try run(text) == -1)
  }

  @Test func reactorsAreInitialized() throws {
    let text = """
      (module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 1)) (drop (call $yield))))
      """
    #expect(try run(text) == 0)
    #expect(throws: WASIError.noEntryPoint) { try run("(module)") }
    #expect(throws: WASIError.noEntryPoint) { try run(#"(module (func (export "_start") (param i32)))"#) }
  }

  @Test func trapsArePassedOn() throws {
    let error = #expect(throws: Trap.self) { try run(#"(module (func (export "_start") unreachable))"#) }
    #expect(error?.kind == .unreachable)
  }

  /// Pointers mean the memory of the instance whose code makes the call.
  @Test func aLinkedModuleUsesItsOwnMemory() throws {
    let engine = Engine()
    let linker = Linker(Store(engine))
    let wasi = try WASI(configuration())
    try wasi.define(in: linker)
    let library = """
      (module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\\20\\00\\00\\00\\07\\00\\00\\00") (data (i32.const 32) "library")
        (func (export "say") (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))
      """
    try linker.define(try linker.instantiate(try engine.compile(text: library)), as: "library")
    let program = """
      (module
        (import "library" "say" (func $say))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\\20\\00\\00\\00\\08\\00\\00\\00") (data (i32.const 32) " program")
        (func (export "_start")
          (call $say) (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))
      """
    #expect(try wasi.run(try linker.instantiate(try engine.compile(text: program))) == 0)
    #expect(output.text == "library program")
  }

  @Test func aWaitEndsWithTheDeadline() throws {
    let engine = Engine()
    let store = Store(engine)
    let linker = Linker(store)
    let wasi = try WASI(configuration())
    try wasi.define(in: linker)
    // The monotonic clock in a thousand seconds.
    let text = """
      (module
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (i32.store (i32.const 16) (i32.const 1))
          (i64.store (i32.const 24) (i64.const 1000000000000))
          (loop $again
            (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
            (br $again))))
      """
    let instance = try linker.instantiate(try engine.compile(text: text))
    try store.setDeadline(after: .milliseconds(30))
    let error = #expect(throws: Trap.self) { try wasi.run(instance) }
    #expect(error?.kind == .deadlineExceeded)
  }

  /// Store and guest do not hold each other.
  @Test func theStoreGoesWithItsLastHandle() throws {
    let wasi = try WASI(configuration())
    weak var store: Store?
    do {
      let linker = Linker(Store(Engine()))
      store = linker.store
      try wasi.define(in: linker)
      let module = try linker.store.engine.compile(text: writer(#"(memory (export "memory") 1)"#))
      #expect(try wasi.run(try linker.instantiate(module)) == 10)
    }
    #expect(store == nil)
  }

  /// Names and types are those of the witx of preview 1.
  @Test func everyFunctionLinks() throws {
    let functions = [
      "args_get (param i32 i32) (result i32)", "args_sizes_get (param i32 i32) (result i32)",
      "environ_get (param i32 i32) (result i32)", "environ_sizes_get (param i32 i32) (result i32)",
      "clock_res_get (param i32 i32) (result i32)", "clock_time_get (param i32 i64 i32) (result i32)",
      "fd_advise (param i32 i64 i64 i32) (result i32)", "fd_allocate (param i32 i64 i64) (result i32)",
      "fd_close (param i32) (result i32)", "fd_datasync (param i32) (result i32)",
      "fd_fdstat_get (param i32 i32) (result i32)", "fd_fdstat_set_flags (param i32 i32) (result i32)",
      "fd_fdstat_set_rights (param i32 i64 i64) (result i32)", "fd_filestat_get (param i32 i32) (result i32)",
      "fd_filestat_set_size (param i32 i64) (result i32)",
      "fd_filestat_set_times (param i32 i64 i64 i32) (result i32)",
      "fd_pread (param i32 i32 i32 i64 i32) (result i32)", "fd_prestat_get (param i32 i32) (result i32)",
      "fd_prestat_dir_name (param i32 i32 i32) (result i32)", "fd_pwrite (param i32 i32 i32 i64 i32) (result i32)",
      "fd_read (param i32 i32 i32 i32) (result i32)", "fd_readdir (param i32 i32 i32 i64 i32) (result i32)",
      "fd_renumber (param i32 i32) (result i32)", "fd_seek (param i32 i64 i32 i32) (result i32)",
      "fd_sync (param i32) (result i32)", "fd_tell (param i32 i32) (result i32)",
      "fd_write (param i32 i32 i32 i32) (result i32)", "path_create_directory (param i32 i32 i32) (result i32)",
      "path_filestat_get (param i32 i32 i32 i32 i32) (result i32)",
      "path_filestat_set_times (param i32 i32 i32 i32 i64 i64 i32) (result i32)",
      "path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)",
      "path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
      "path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)",
      "path_remove_directory (param i32 i32 i32) (result i32)",
      "path_rename (param i32 i32 i32 i32 i32 i32) (result i32)",
      "path_symlink (param i32 i32 i32 i32 i32) (result i32)", "path_unlink_file (param i32 i32 i32) (result i32)",
      "poll_oneoff (param i32 i32 i32 i32) (result i32)", "proc_exit (param i32)",
      "proc_raise (param i32) (result i32)", "sched_yield (result i32)", "random_get (param i32 i32) (result i32)",
      "sock_accept (param i32 i32 i32) (result i32)", "sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)",
      "sock_send (param i32 i32 i32 i32 i32) (result i32)", "sock_shutdown (param i32 i32) (result i32)",
    ]
    #expect(functions.count == 46)
    let imports = functions.map { function in
      let parts = function.split(separator: " ", maxSplits: 1)
      return "(import \"wasi_snapshot_preview1\" \"\(parts[0])\" (func \(parts[1])))"
    }
    #expect(try run("(module \(imports.joined()) (memory 1) (func (export \"_start\")))") == 0)
  }
}
