/// What functions of the system interface write to the memory of their caller: WASI preview 1, by its documentation.
enum HostWrites {
  static let moduleName = "wasi_snapshot_preview1"
  /// The export that the system interface takes for the caller's memory.
  static let memoryName = "memory"

  /// What one call writes. Numbers are those of parameters.
  enum Effect: Sendable {
    /// A value of so many bytes.
    case value(at: UInt32, size: UInt64)
    /// A buffer whose size is a parameter, in units of so many bytes.
    case buffer(at: UInt32, count: UInt32, unit: UInt64)
    /// The buffers of a list of pairs of address and size.
    case vectors(at: UInt32, count: UInt32)
    /// A list of addresses, and the strings behind them, whose sizes another function tells.
    case strings(list: UInt32, contents: UInt32, sizes: String)
  }

  /// nil where the function is not known.
  static func effects(of name: String) -> [Effect]? { table[name] }

  private static let table: [String: [Effect]] = [
    "args_get": [.strings(list: 0, contents: 1, sizes: "args_sizes_get")],
    "args_sizes_get": [.value(at: 0, size: 4), .value(at: 1, size: 4)],
    "clock_res_get": [.value(at: 1, size: 8)],
    "clock_time_get": [.value(at: 2, size: 8)],
    "environ_get": [.strings(list: 0, contents: 1, sizes: "environ_sizes_get")],
    "environ_sizes_get": [.value(at: 0, size: 4), .value(at: 1, size: 4)],
    "fd_advise": [], "fd_allocate": [], "fd_close": [], "fd_datasync": [],
    "fd_fdstat_get": [.value(at: 1, size: 24)],
    "fd_fdstat_set_flags": [], "fd_fdstat_set_rights": [],
    "fd_filestat_get": [.value(at: 1, size: 64)],
    "fd_filestat_set_size": [], "fd_filestat_set_times": [],
    "fd_pread": [.vectors(at: 1, count: 2), .value(at: 4, size: 4)],
    "fd_prestat_dir_name": [.buffer(at: 1, count: 2, unit: 1)],
    "fd_prestat_get": [.value(at: 1, size: 8)],
    "fd_pwrite": [.value(at: 4, size: 4)],
    "fd_read": [.vectors(at: 1, count: 2), .value(at: 3, size: 4)],
    "fd_readdir": [.buffer(at: 1, count: 2, unit: 1), .value(at: 4, size: 4)],
    "fd_renumber": [],
    "fd_seek": [.value(at: 3, size: 8)],
    "fd_sync": [],
    "fd_tell": [.value(at: 1, size: 8)],
    "fd_write": [.value(at: 3, size: 4)],
    "path_create_directory": [],
    "path_filestat_get": [.value(at: 4, size: 64)],
    "path_filestat_set_times": [], "path_link": [],
    "path_open": [.value(at: 8, size: 4)],
    "path_readlink": [.buffer(at: 3, count: 4, unit: 1), .value(at: 5, size: 4)],
    "path_remove_directory": [], "path_rename": [], "path_symlink": [], "path_unlink_file": [],
    "poll_oneoff": [.buffer(at: 1, count: 2, unit: 32), .value(at: 3, size: 4)],
    "proc_exit": [], "proc_raise": [],
    "random_get": [.buffer(at: 0, count: 1, unit: 1)],
    "sched_yield": [],
    "sock_accept": [.value(at: 2, size: 4)],
    "sock_recv": [.vectors(at: 1, count: 2), .value(at: 4, size: 4), .value(at: 5, size: 2)],
    "sock_send": [.value(at: 4, size: 4)],
    "sock_shutdown": [],
  ]

  /// The functions that a module imports and that write to a memory of its caller, as far as they are known.
  struct Plan {
    /// By number of the imported function: what it writes.
    var effects: [(function: UInt32, name: String, type: FunctionType, effects: [Effect])] = []
    /// By name: the functions of the system interface that are imported, with their types.
    var functions: [String: UInt32] = [:]
    /// The functions of which it is not known whether they write.
    var unknown: [String] = []
    /// The memory that the system interface writes to.
    var memory: UInt32?

    init(_ module: Module, _ plan: InstrumentPlan) {
      let export = module.exports.first { $0.kind == .memory && $0.name == HostWrites.memoryName }
      if let export, plan.isObserved[Int(export.index)], plan.memories[Int(export.index)].addressType == .i32 {
        memory = export.index
      }
      var function: UInt32 = 0
      for item in module.imports {
        guard case .function(let type) = item.type else { continue }
        defer { function += 1 }
        guard item.module == HostWrites.moduleName, let known = HostWrites.effects(of: item.name),
          let type = module.types[Int(type)].functionType, Self.fits(known, type)
        else {
          unknown.append("\(name: item.module).\(name: item.name)")
          continue
        }
        functions[item.name] = function
        // Without an exported memory it can write to none.
        if !known.isEmpty, memory != nil { effects.append((function, item.name, type, known)) }
      }
    }

    /// Whether a function has the parameters that its effects name, as i32.
    private static func fits(_ effects: [Effect], _ type: FunctionType) -> Bool {
      effects.allSatisfy { effect in
        let parameters =
          switch effect {
          case .value(let at, _): [at]
          case .buffer(let at, let count, _), .vectors(let at, let count): [at, count]
          case .strings(let list, let contents, _): [list, contents]
          }
        return parameters.allSatisfy { Int($0) < type.parameters.count && type.parameters[Int($0)] == .i32 }
      }
    }
  }
}

/// Functions that note what an imported one will write, and call it.
extension InstrumentRoutines {
  /// Adds a function for each import that writes.
  ///
  /// - Returns: by function of the module, what is to be called in its place; nil where nothing changes.
  mutating func addHostCalls(_ host: HostWrites.Plan, functionCount: Int) -> [UInt32]? {
    guard let memory = host.memory, !host.effects.isEmpty else { return nil }
    var map = Array(0..<UInt32(functionCount))
    let note = index(plan.options.stores == .log ? .logRange(memory: memory) : .dirtyRange(memory: memory))
    let vectors = index(.noteVectors(memory: memory))
    for item in host.effects {
      // Two locals behind the parameters, for strings.
      let scratch = UInt32(item.type.parameters.count)
      var output = BodyOutput()
      for effect in item.effects {
        switch effect {
        case .value(let at, let size):
          output.wide(at, .i32)
          output.i64(size)
          output.write(.call, note)
        case .buffer(let at, let count, let unit):
          output.wide(at, .i32)
          output.wide(count, .i32)
          output.i64(unit)
          output.write(.i64Mul)
          output.write(.call, note)
        case .vectors(let at, let count):
          output.write(.localGet, at)
          output.write(.localGet, count)
          output.write(.call, vectors)
        case .strings(let list, let contents, let name):
          guard let sizes = host.functions[name] else { continue }
          strings(list, contents, sizes: sizes, scratch, memory, note: note, &output)
        }
      }
      for parameter in item.type.parameters.indices { output.write(.localGet, UInt32(parameter)) }
      output.write(.call, item.function)
      map[Int(item.function)] = add(
        AddedFunction(
          "instrument." + item.name, item.type.parameters, item.type.results, locals: [.i32, .i64], output))
    }
    return map
  }

  /// Asks for the sizes, and notes as much of the list and of what it leads to.
  private func strings(
    _ list: UInt32, _ contents: UInt32, sizes: UInt32, _ scratch: UInt32, _ memory: UInt32, note: UInt32,
    _ output: inout BodyOutput
  ) {
    let old = scratch + 1
    // The sizes are asked for at the beginning of the memory: the list may be too near its end. What was there is put back
    // before anything is noted.
    output.i64(8)
    plan.byteCount(memory, &output)
    output.write(.i64LeU)
    output.ifTrue()
    func access(_ opcode: Opcode, offset: UInt64 = 0) {
      output.writer.write(Instruction(opcode, index: memory, value: offset))
    }
    output.i32(0)
    access(.i64Load)
    output.write(.localSet, old)
    output.i32(0)
    output.i32(4)
    output.write(.call, sizes)
    output.write(.i32Eqz)
    output.ifTrue()
    output.i32(0)
    access(.i32Load, offset: 4)
    output.write(.localSet, scratch)
    output.wide(list, .i32)
    output.i32(0)
    access(.i64Load32U)
    output.i64(4)
    output.write(.i64Mul)
    output.i32(0)
    output.write(.localGet, old)
    access(.i64Store)
    output.write(.call, note)
    output.wide(contents, .i32)
    output.wide(scratch, .i32)
    output.write(.call, note)
    output.write(.end)
    output.i32(0)
    output.write(.localGet, old)
    access(.i64Store)
    output.write(.end)
  }

  /// Parameters: 0 where the list is, 1 its length. Locals: 2 where it ends.
  mutating func noteVectors(_ memory: UInt32) -> AddedFunction {
    let note = index(plan.options.stores == .log ? .logRange(memory: memory) : .dirtyRange(memory: memory))
    var output = BodyOutput()
    output.wide(0, .i32)
    output.wide(1, .i32)
    output.i64(8)
    output.write(.i64Mul)
    output.write(.i64Add)
    plan.byteCount(memory, &output)
    output.write(.i64GtU)
    output.returnIf(nil)
    output.open(.block)
    output.open(.loop)
    output.write(.localGet, 1)
    output.write(.i32Eqz)
    output.write(.brIf, 1)
    output.write(.localGet, 0)
    output.writer.write(Instruction(.i64Load32U, index: memory))
    output.write(.localGet, 0)
    output.writer.write(Instruction(.i64Load32U, index: memory, value: 4))
    output.write(.call, note)
    output.write(.localGet, 0)
    output.i32(8)
    output.write(.i32Add)
    output.write(.localSet, 0)
    output.write(.localGet, 1)
    output.i32(1)
    output.write(.i32Sub)
    output.write(.localSet, 1)
    output.write(.br, 0)
    output.write(.end)
    output.write(.end)
    return AddedFunction("instrument.vectors.memory\(memory)", [.i32, .i32], [], output)
  }
}
