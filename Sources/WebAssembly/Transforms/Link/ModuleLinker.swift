/// Turns modules that import from each other into one module that does what instantiating them one after the other would
/// do.
///
/// ```swift
/// let linked = try ModuleLinker.link([
///   LinkInput(name: "text", module: text), LinkInput(name: "app", module: app),
/// ])
/// ```
///
/// Every module's imports are bound by name to what earlier modules export. What no linked module could supply stays an
/// import. Memories, tables, globals and tags stay what they were, one for one, so that a module that owns a memory still
/// owns it, at another index.
///
/// Instantiation keeps its order (Core 3.0, 4.7.3): each module's element segments, data segments and start function come
/// before those of the next. Where a step in the middle traps, the steps before it have taken effect on what the embedder
/// supplied. Limits of imports are compared with the size that a memory or table has at that point: at once where that
/// is known, otherwise by a check that traps.
///
/// Two things are done at once that separate instantiation does one after the other: what the embedder must supply is
/// matched before anything happens, and all memories and tables are made.
public enum ModuleLinker {
  /// Links modules in the order in which they would be instantiated.
  ///
  /// - Parameter progress: Is told, now and then, how many bytes have been written.
  /// - Throws: a ``LinkFailure`` that names the module and the item. The modules must have been validated with the same
  ///   features; the linked module must still be validated, since together the modules may exceed a limit.
  public static func link(
    _ inputs: [LinkInput], options: LinkOptions = LinkOptions(), progress: (Int) -> Void = { _ in }
  ) throws(LinkFailure) -> LinkedModule {
    var linking = try Linking(inputs, options)
    try linking.bind()
    let exports = try linking.exports()
    let parts = try linking.parts(exports: exports)
    do throws(ModuleError) {
      return try linking.assemble(parts, progress: progress)
    } catch {
      throw LinkFailure(.unsupported, in: inputs.last?.name ?? "", nil, error.description)
    }
  }
}
