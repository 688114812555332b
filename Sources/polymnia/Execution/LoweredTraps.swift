import WasmEngine
import WebAssembly

/// What traps of lowered modules were in the modules before they were lowered.
struct LoweredTraps {
  /// The instances of lowered modules, with their layouts.
  private var instances: [(instance: Instance, layout: LoweredLayout)] = []
  private var hasOthers = false

  mutating func add(_ instance: Instance, _ layout: LoweredLayout?) {
    if let layout { instances.append((instance, layout)) } else { hasOthers = true }
  }

  /// The same trap with the memory and the address that the access had, and the kind that a discard's has.
  func translated(_ trap: Trap) -> Trap {
    guard trap.kind == .outOfBoundsMemoryAccess, let fault = trap.memoryFault else { return trap }
    var result = trap
    for (instance, _) in instances {
      guard let noted = Self.fault(of: instance) else { continue }
      result.memoryFault = noted
      let name = result.backtrace.first?.name ?? ""
      if name.hasSuffix(LoweredLayout.unalignedSuffix) { result.kind = .unalignedDiscard }
      if result.kind != trap.kind || name.hasSuffix(LoweredLayout.trapSuffix) { result.backtrace.removeFirst() }
      return result
    }
    // What was not noted is an access to the memory that lies last; in which module, is known where there is one.
    if !hasOthers, instances.count == 1, let region = instances[0].layout.unchecked, fault.memoryIndex == 0,
      fault.address >= region.base
    {
      result.memoryFault = Trap.MemoryFault(
        memoryIndex: Int(region.memory), address: fault.address - region.base, length: fault.length)
    }
    return result
  }

  private static func fault(of instance: Instance) -> Trap.MemoryFault? {
    guard case .global(let memory)? = instance.export(LoweredLayout.faultMemory),
      case .global(let address)? = instance.export(LoweredLayout.faultAddress),
      case .global(let length)? = instance.export(LoweredLayout.faultLength),
      case .i32(let index) = memory.value, index >= 0, case .i64(let place) = address.value,
      case .i64(let count) = length.value
    else { return nil }
    return Trap.MemoryFault(
      memoryIndex: Int(index), address: UInt64(bitPattern: place), length: UInt64(bitPattern: count))
  }
}
