import WasmEngine

extension WASI {
  /// The module name under which guests import these functions.
  public static let moduleName = "wasi_snapshot_preview1"

  /// Defines all functions of preview 1 for the modules that the linker instantiates. One linker takes the functions of one
  /// guest.
  ///
  /// - Throws: ``UsageError/duplicateDefinition(module:name:)``.
  public func define(in linker: Linker) throws(UsageError) {
    store = linker.store
    try defineWithMemory(linker, "args_get", args_get)
    try defineWithMemory(linker, "args_sizes_get", args_sizes_get)
    try defineWithMemory(linker, "environ_get", environ_get)
    try defineWithMemory(linker, "environ_sizes_get", environ_sizes_get)
    try defineWithMemory(linker, "clock_res_get", clock_res_get)
    try defineWithMemory(linker, "clock_time_get", clock_time_get)
    try define(linker, "fd_advise", fd_advise)
    try define(linker, "fd_allocate", fd_allocate)
    try define(linker, "fd_close", fd_close)
    try define(linker, "fd_datasync", fd_datasync)
    try defineWithMemory(linker, "fd_fdstat_get", fd_fdstat_get)
    try define(linker, "fd_fdstat_set_flags", fd_fdstat_set_flags)
    try define(linker, "fd_fdstat_set_rights", fd_fdstat_set_rights)
    try defineWithMemory(linker, "fd_filestat_get", fd_filestat_get)
    try define(linker, "fd_filestat_set_size", fd_filestat_set_size)
    try define(linker, "fd_filestat_set_times", fd_filestat_set_times)
    try defineWithMemory(linker, "fd_pread", fd_pread)
    try defineWithMemory(linker, "fd_prestat_get", fd_prestat_get)
    try defineWithMemory(linker, "fd_prestat_dir_name", fd_prestat_dir_name)
    try defineWithMemory(linker, "fd_pwrite", fd_pwrite)
    try defineWithMemory(linker, "fd_read", fd_read)
    try defineWithMemory(linker, "fd_readdir", fd_readdir)
    try define(linker, "fd_renumber", fd_renumber)
    try defineWithMemory(linker, "fd_seek", fd_seek)
    try define(linker, "fd_sync", fd_sync)
    try defineWithMemory(linker, "fd_tell", fd_tell)
    try defineWithMemory(linker, "fd_write", fd_write)
    try defineWithMemory(linker, "path_create_directory", path_create_directory)
    try defineWithMemory(linker, "path_filestat_get", path_filestat_get)
    try defineWithMemory(linker, "path_filestat_set_times", path_filestat_set_times)
    try defineWithMemory(linker, "path_link", path_link)
    try defineWithMemory(linker, "path_open", path_open)
    try defineWithMemory(linker, "path_readlink", path_readlink)
    try defineWithMemory(linker, "path_remove_directory", path_remove_directory)
    try defineWithMemory(linker, "path_rename", path_rename)
    try defineWithMemory(linker, "path_symlink", path_symlink)
    try defineWithMemory(linker, "path_unlink_file", path_unlink_file)
    try defineWithMemory(linker, "poll_oneoff", poll_oneoff)
    try linker.define(Self.moduleName, "proc_exit") { (_: borrowing Caller, code: UInt32) in
      throw WASIExit(code: code)
    }
    try define(linker, "proc_raise", proc_raise)
    try define(linker, "sched_yield", sched_yield)
    try defineWithMemory(linker, "random_get", random_get)
    try defineWithMemory(linker, "sock_accept", sock_accept)
    try defineWithMemory(linker, "sock_recv", sock_recv)
    try defineWithMemory(linker, "sock_send", sock_send)
    try define(linker, "sock_shutdown", sock_shutdown)
  }

  /// Defines a function with pointers, which mean the memory of whoever calls it.
  private func defineWithMemory<each Parameter: WasmValue>(
    _ linker: Linker, _ name: String, _ body: @escaping (GuestMemory, repeat each Parameter) throws(Errno) -> Void
  ) throws(UsageError) {
    functionsWithPointers.insert(name)
    try linker.define(Self.moduleName, name) {
      [self] (caller: borrowing Caller, arguments: repeat each Parameter) throws -> UInt32 in
      let memory = try memory(of: caller)
      return try memory.withUnsafeBytes { bytes in
        try status { () throws(Errno) in try body(GuestMemory(bytes), repeat each arguments) }
      }
    }
  }

  private func define<each Parameter: WasmValue>(
    _ linker: Linker, _ name: String, _ body: @escaping (repeat each Parameter) throws(Errno) -> Void
  ) throws(UsageError) {
    try linker.define(Self.moduleName, name) {
      [self] (_: borrowing Caller, arguments: repeat each Parameter) throws -> UInt32 in
      try status { () throws(Errno) in try body(repeat each arguments) }
    }
  }

  /// What a guest is told of a call. One that has been given up because the execution is to end ends it.
  private func status(_ body: () throws(Errno) -> Void) throws -> UInt32 {
    do throws(Errno) {
      try body()
      return 0
    } catch {
      if error == .interrupted, isInterrupted { throw Interruption() }
      if error == .brokenPipe, let code = configuration.brokenPipeExit { throw WASIExit(code: code) }
      return UInt32(error.rawValue)
    }
  }

  private func memory(of caller: borrowing Caller) throws -> Memory {
    guard let instance = caller.instance else {
      throw WASIError.noMemory(name: configuration.memoryName ?? "memory", exported: [])
    }
    return try memory(of: instance)
  }

  /// The memory in which an instance's pointers are meant: the export that the configuration names, or `memory`, or the
  /// only memory that there is.
  public func memory(of instance: Instance) throws(WASIError) -> Memory {
    let name = configuration.memoryName ?? "memory"
    let memory: Memory
    if case .memory(let exported)? = instance.export(name) {
      memory = exported
    } else if configuration.memoryName == nil, instance.memoryCount == 1, let only = instance.memory(at: 0) {
      memory = only
    } else {
      let exported = instance.module.exports.compactMap { $0.type.kind == .memory ? $0.name : nil }
      if configuration.memoryName == nil, exported.count > 1 { throw .ambiguousMemory(exported: exported) }
      throw .noMemory(name: name, exported: exported)
    }
    guard memory.type.addressType == .i32 else { throw .memoryOf64BitAddresses(name: name) }
    guard memory.policy.access == .readWrite else { throw .readOnlyMemory(name: name) }
    return memory
  }

  /// Runs a guest: a command by its `_start`, a reactor by its `_initialize`, after which its other exports can be called.
  ///
  /// - Returns: The exit status: what the guest gave to `proc_exit`, otherwise 0.
  /// - Throws: ``WASIError`` before anything of the guest has run; ``Trap`` and ``UncaughtException``.
  public func run(_ instance: Instance) throws -> Int32 {
    guard let name = ["_start", "_initialize"].first(where: { instance.export($0)?.kind == .function }),
      let entry = try? instance.function(name, as: Void.self)
    else { throw WASIError.noEntryPoint }
    let hasPointers = instance.module.module.imports.contains {
      $0.module == Self.moduleName && functionsWithPointers.contains($0.name)
    }
    // To find out at once, rather than in the middle of the guest's work.
    if hasPointers { _ = try memory(of: instance) }
    do {
      try entry()
      return 0
    } catch let exit as WASIExit {
      return Int32(bitPattern: exit.code)
    }
  }
}
