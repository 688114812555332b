import WasmEngine
import WebAssembly

/// What `run --instrument-out` writes: the secondary memory of an instrumented module, up to the last byte that is not 0.
enum InstrumentOutput {
  /// - Throws: a ``CommandFailure`` where the module has no such memory, or the file cannot be written.
  static func write(_ instance: Instance, of file: String, to path: String) throws {
    let (memory, start, end) = try place(in: instance, of: file)
    var output = try OutputFile.create(path)
    var zeros = 0
    var position = start
    while position < end {
      let piece = try memory.read(Int(clamping: min(end - position, 1 << 20)), at: position)
      position += UInt64(clamping: piece.count)
      guard let last = piece.lastIndex(where: { $0 != 0 }) else {
        zeros += piece.count
        continue
      }
      while zeros > 0 {
        let count = min(zeros, 1 << 20)
        output.write([UInt8](repeating: 0, count: count))
        zeros -= count
      }
      output.write(Array(piece[...last]))
      zeros = piece.count - last - 1
    }
    try output.finish()
  }

  /// Where the secondary memory is: a memory, or after `lower` a part of one.
  private static func place(
    in instance: Instance, of file: String
  ) throws -> (memory: Memory, start: UInt64, end: UInt64) {
    let sites: InstrumentSites?
    do throws(ModuleError) {
      sites = try InstrumentSites(instance.module.module)
    } catch {
      throw CommandFailure(file, error.description)
    }
    guard let name = sites?.memoryName else {
      throw CommandFailure(file, "--instrument-out: the module has not been made by 'polymnia instrument'")
    }
    if case .memory(let memory)? = instance.export(name) { return (memory, 0, memory.byteCount) }
    guard case .memory(let memory)? = instance.export(LoweredModule.exportName),
      case .global(let base)? = instance.export(name + ".base"),
      case .global(let size)? = instance.export(name + ".size"),
      let start = number(base.value), let count = number(size.value)
    else { throw CommandFailure(file, "--instrument-out: no memory is exported as '\(name: name)'") }
    // The module says where, and it may say anything.
    guard start <= memory.byteCount, count <= memory.byteCount - start else {
      throw CommandFailure(file, "--instrument-out: '\(name: name)' is not within the memory")
    }
    return (memory, start, start + count)
  }

  private static func number(_ value: Value) -> UInt64? {
    switch value {
    case .i32(let bits): UInt64(UInt32(bitPattern: bits))
    case .i64(let bits): UInt64(bitPattern: bits)
    default: nil
    }
  }
}
