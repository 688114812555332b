/// Makes a module observe itself: what it sees goes to a secondary memory of its own, which is exported, so that the
/// program's memories, results and traps stay the same.
///
/// The secondary memory is added behind all others and functions behind all others, so that no index changes. Its layout
/// is ``InstrumentLayout``, the places in the code are told by ``InstrumentSites``.
public enum Instrumentation {
  /// - Parameter progress: is told, now and then, how many bytes have been read.
  /// - Throws: a ``TransformError`` that names what cannot be done.
  public static func instrument(
    _ validated: ValidatedModule, options: InstrumentOptions,
    progress: ((Int) -> Void)? = nil
  ) throws(TransformError) -> InstrumentedModule {
    guard options.stores != nil || options.tracesMemory || options.countsCalls || options.covers else {
      throw TransformError("there is nothing to observe")
    }
    let module = validated.module
    // Blocks lie behind the counters of calls, whose number must be known first if there are both.
    let callCount = options.countsCalls && options.covers ? try count(callsOf: module) : 0
    var plan = try InstrumentPlan(validated.spaces, options, callCount: callCount)
    if options.stores == .log {
      try checkNoneIsShared(plan, Names(module))
      if options.savesGlobals { plan.globals = try globals(of: module, validated.spaces) }
    }
    var work = InstrumentWork(module, validated.spaces, plan, progress: progress)
    return try work.run()
  }

  private static func count(callsOf module: Module) throws(TransformError) -> Int {
    try TransformError.wrapping { () throws(ModuleError) in
      var count = 0
      for body in module.bodies {
        var reader = InstructionReader(module.bytes, range: body.range)
        _ = try reader.locals()
        while !reader.isAtEnd {
          switch try reader.next().opcode {
          case .call, .callIndirect, .callRef, .returnCall, .returnCallIndirect, .returnCallRef: count += 1
          default: break
          }
        }
      }
      return count
    }
  }

  private static func checkNoneIsShared(_ plan: InstrumentPlan, _ names: Names) throws(TransformError) {
    for (index, type) in plan.memories.enumerated() where plan.isObserved[index] && type.isShared {
      let label = names.name(of: .memory, UInt32(index)).map { " $\(name: $0)" } ?? ""
      throw TransformError(
        "memory \(index)\(label) is shared: what other threads store would not be in the log in its order")
    }
  }

  /// The mutable globals that the module defines.
  private static func globals(
    of module: Module, _ spaces: IndexSpaces
  ) throws(TransformError) -> [(index: UInt32, type: ValueType)] {
    var result: [(index: UInt32, type: ValueType)] = []
    for (number, global) in module.globals.enumerated() where global.type.isMutable {
      let index = UInt32(spaces.importedGlobalCount + number)
      guard !global.type.value.isReference else {
        let label = Names(module).name(of: .global, index).map { " $\(name: $0)" } ?? ""
        throw TransformError(
          "global \(index)\(label) holds a reference, which no memory can keep; without globals it can be done")
      }
      result.append((index, global.type.value))
    }
    return result
  }
}

/// One module on its way.
private struct InstrumentWork {
  private var copy: ModuleCopy
  private var transform: InstrumentTransform
  private let plan: InstrumentPlan
  private let host: HostWrites.Plan?
  private var names: Names

  init(
    _ module: Module, _ spaces: IndexSpaces, _ plan: InstrumentPlan, progress: ((Int) -> Void)?
  ) {
    self.plan = plan
    names = Names(module)
    host = plan.tracksStores ? HostWrites.Plan(module, plan) : nil
    transform = InstrumentTransform(plan, host: host, spaces: spaces)
    transform.progress = progress
    copy = ModuleCopy(module, spaces, remapping: transform.remapping, transform: transform)
    copy.rewriter.reserve(times: 4)
  }

  mutating func run() throws(TransformError) -> InstrumentedModule {
    let old = copy.old
    copy.new.imports = old.imports
    let hints = try TransformError.wrapping { () throws(ModuleError) in
      try copy.declarations()
      let hints = try copy.bodies(&transform)
      try copy.data()
      return hints
    }
    let callCount = transform.calls.count
    let blockCount = transform.blocks.count
    let logStart = try plan.logStart(callCount: callCount, blockCount: blockCount)
    let exports = try addExports(logStart: logStart)
    addFunctions()
    let type = addMemory(plan.header(logStart: logStart, callCount: callCount, blockCount: blockCount), logStart)
    copy.customSections(hints, names: names)
    let lists = [transform.accesses, transform.calls, transform.blocks]
    let section = SiteList.section(memoryName: plan.options.memoryName, lists)
    copy.new.customSections.append(
      CustomSection(name: InstrumentSites.sectionName, range: copy.rewriter.append(section), after: .data))
    return InstrumentedModule(
      module: copy.finish(), memoryIndex: plan.memory, memory: type, fixedByteCount: UInt64(logStart),
      exports: exports, storeCount: transform.storeCount, accessCount: transform.accesses.count, callCount: callCount,
      blockCount: blockCount, warnings: warnings(of: old), droppedSections: copy.droppedSections)
  }

  private mutating func addExports(logStart: UInt32) throws(TransformError) -> [String] {
    let options = plan.options
    var added = [Export(name: options.memoryName, kind: .memory, index: plan.memory)]
    if options.stores == .log {
      let mark = transform.routines.addMark(logStart: logStart)
      let rollback = transform.routines.addRollback(logStart: logStart)
      added.append(Export(name: options.markName, kind: .function, index: mark))
      added.append(Export(name: options.rollbackName, kind: .function, index: rollback))
    }
    if options.stores != nil {
      let reset = transform.routines.addReset(logStart: logStart)
      added.append(Export(name: options.resetName, kind: .function, index: reset))
    }
    let taken = Set(copy.new.exports.map { ExactName($0.name) })
    for export in added where taken.contains(ExactName(export.name)) {
      throw TransformError("the export \(quoted: export.name) exists already; another prefix would do")
    }
    copy.new.exports += added
    return added.map(\.name)
  }

  private mutating func addFunctions() {
    for (number, function) in transform.routines.functions.enumerated() {
      copy.append(type: copy.new.typeIndex(function.type), body: function.body)
      names.setName(function.name, of: .function, transform.routines.firstIndex + UInt32(number))
    }
  }

  /// Adds the secondary memory with its header.
  private mutating func addMemory(_ header: [UInt8], _ logStart: UInt32) -> MemoryType {
    let pages = (UInt64(logStart) + 0xFFFF) >> 16
    // Only the undo log grows.
    let maximum = plan.options.stores == .log ? max(plan.options.maximumPages, pages) : pages
    let type = MemoryType(limits: Limits(minimum: pages, maximum: maximum))
    copy.new.memories = copy.old.memories + [type]
    var offset = BodyOutput()
    offset.i32(0)
    offset.write(.end)
    let expression = ConstantExpression(range: copy.rewriter.append(offset.writer.bytes))
    copy.new.data.append(
      DataSegment(mode: .active(index: plan.memory, offset: expression), range: copy.rewriter.append(header)))
    if let count = copy.new.dataCount { copy.new.dataCount = count + 1 }
    names.setName("instrument", of: .memory, plan.memory)
    return type
  }

  private func warnings(of module: Module) -> [String] {
    guard let host else { return [] }
    var result: [String] = []
    if plan.options.stores == .log, !transform.lasting.isEmpty {
      let names = transform.lasting.map(\.name).sorted().joined(separator: ", ")
      result.append("a rollback undoes no changes of tables and no dropped segments: \(names)")
    }
    let sizeless = host.effects.filter { item in
      item.effects.contains { if case .strings(_, _, let sizes) = $0 { host.functions[sizes] == nil } else { false } }
    }
    let unknown = host.unknown + sizeless.map { "\(HostWrites.moduleName).\(name: $0.name)" }
    if !unknown.isEmpty {
      let rest = unknown.count > 5 ? " and \(unknown.count - 5) more" : ""
      let list = unknown.prefix(5).joined(separator: ", ")
      result.append("what these imported functions write to a memory is not observed: \(list)\(rest)")
    }
    return result
  }
}
