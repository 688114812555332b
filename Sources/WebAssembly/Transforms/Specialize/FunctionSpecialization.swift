/// Code that was compiled for one memory, made to work on others: copies of functions, and of all that they call directly,
/// in which another memory takes the place of theirs, and functions that choose among such copies by an operand.
///
/// What is added stands behind what is there, whose indices stay.
public enum FunctionSpecialization {
  /// A program that calls a copy imports it from this module under the name under which it is exported.
  public static let moduleName = "specialized"

  /// Makes copies of functions, each exported as `NAME@MEMORY`.
  ///
  /// - Parameters:
  ///   - functions: by the name of an export, the name section, or their index.
  ///   - memories: which memory is replaced by which, by name, export or index; in the order of the exported name.
  /// - Throws: a ``TransformError`` that names what cannot be copied.
  public static func specialize(
    _ validated: ValidatedModule, functions: [String], memories: [(from: String, to: String)],
    options: SpecializationOptions = SpecializationOptions()
  ) throws(TransformError) -> SpecializedModule {
    var work = try Specializer(validated.module, validated.spaces, options)
    var map: [UInt32] = validated.spaces.memories.indices.map { UInt32($0) }
    for pair in memories {
      let from = try work.memory(pair.from)
      let to = try work.memory(pair.to)
      guard Int(map[Int(from)]) == Int(from) else {
        throw TransformError("memory \(pair.from) is replaced twice")
      }
      try work.check(from, to)
      map[Int(from)] = to
    }
    let suffix = "@" + memories.map(\.to).joined(separator: ",")
    let roots = try functions.map { name throws(TransformError) in try work.function(name) }
    let copies = try work.copy(roots.map(\.index), memories: map, suffix: suffix)
    for (root, copy) in zip(roots, copies) {
      if copy == root.index {
        work.note(
          "'\(name: root.name)' touches no memory that is replaced: \(quoted: root.name + suffix) is the function itself"
        )
      }
      try work.add(copy, for: root, usual: root.name + suffix)
    }
    return try work.finish()
  }

  /// Makes functions whose first operand is the index of the memory to work on, each exported as `NAME@*`. Every other
  /// index traps.
  ///
  /// - Parameters:
  ///   - from: the memory that the functions work on now.
  ///   - memories: those that they are to work on; where it is nil, all with addresses of the same type.
  /// - Throws: a ``TransformError`` that names what cannot be copied.
  public static func dispatch(
    _ validated: ValidatedModule, functions: [String], from: String = "0", memories: [String]? = nil,
    options: SpecializationOptions = SpecializationOptions()
  ) throws(TransformError) -> SpecializedModule {
    var work = try Specializer(validated.module, validated.spaces, options)
    let source = try work.memory(from)
    var targets: [UInt32] = []
    if let memories {
      for name in memories {
        let memory = try work.memory(name)
        guard !targets.contains(memory) else { throw TransformError("memory \(name: name) is given twice") }
        if memory != source { try work.check(source, memory) }
        targets.append(memory)
      }
    } else {
      let types = validated.spaces.memories
      targets = types.indices.map { UInt32($0) }
        .filter { types[Int($0)].addressType == types[Int(source)].addressType }
    }
    guard !targets.isEmpty else { throw TransformError("there is no memory to choose") }
    let roots = try functions.map { name throws(TransformError) in try work.function(name) }
    var copies: [[(memory: UInt32, function: UInt32)]] = roots.map { _ in [] }
    for target in targets {
      var map: [UInt32] = validated.spaces.memories.indices.map { UInt32($0) }
      map[Int(source)] = target
      let made =
        target == source
        ? roots.map(\.index) : try work.copy(roots.map(\.index), memories: map, suffix: "@\(target)")
      for (place, function) in made.enumerated() { copies[place].append((target, function)) }
    }
    for (root, cases) in zip(roots, copies) {
      try work.add(try work.dispatcher(for: root, cases), for: root, usual: root.name + "@*")
    }
    return try work.finish()
  }
}
