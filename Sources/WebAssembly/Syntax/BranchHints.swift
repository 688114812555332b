/// Which way conditional branches are expected to go: the contents of the custom section `metadata.code.branch_hint`
/// (branch hinting, an annotation of Core 3.0).
public struct BranchHints: Sendable, Hashable {
  /// The name of the custom section.
  public static let sectionName = "metadata.code.branch_hint"

  /// A hint for the `if` or `br_if` at an offset from the beginning of the function's body, local declarations included.
  public struct Hint: Sendable, Hashable {
    public var offset: UInt32
    /// Whether the condition is likely to be true.
    public var isLikely: Bool

    public init(offset: UInt32, isLikely: Bool) {
      self.offset = offset
      self.isLikely = isLikely
    }
  }

  /// The hints within one function, in ascending order of offsets.
  public struct Function: Sendable, Hashable {
    public var index: UInt32
    public var hints: [Hint]

    public init(index: UInt32, hints: [Hint]) {
      self.index = index
      self.hints = hints
    }
  }

  /// In ascending order of indices.
  public var functions: [Function] = []

  public init(functions: [Function] = []) { self.functions = functions }

  /// The hints of a module, or none where it has no such section or a malformed one: hints may be ignored.
  public init(_ module: Module) {
    self.init()
    guard let section = module.customSections.first(where: { $0.name == Self.sectionName }) else { return }
    if let hints = try? BranchHints(decoding: section, of: module) { self = hints }
  }

  /// The hints of a section.
  ///
  /// - Throws: a ``ModuleError`` of the kind `malformed` where the section breaks a rule of its format.
  public init(decoding section: CustomSection, of module: Module) throws(ModuleError) {
    self.init()
    var reader = ByteReader(module.bytes, range: section.range)
    let count = try reader.length()
    for _ in 0..<count {
      let at = reader.position
      let index = try reader.u32()
      if let last = functions.last, last.index >= index {
        throw Self.malformed("functions are not in ascending order", at: at)
      }
      functions.append(Function(index: index, hints: try Self.hints(&reader)))
    }
    guard reader.isAtEnd else { throw Self.malformed("section size mismatch", at: reader.position) }
  }

  private static func hints(_ reader: inout ByteReader) throws(ModuleError) -> [Hint] {
    let count = try reader.length()
    var hints: [Hint] = []
    for _ in 0..<count {
      let at = reader.position
      let offset = try reader.u32()
      if let last = hints.last, last.offset >= offset {
        throw malformed("offsets are not in ascending order", at: at)
      }
      guard try reader.u32() == 1 else { throw malformed("a hint has one byte", at: at) }
      let value = try reader.byte()
      guard value < 2 else { throw malformed("a hint is 0 or 1", at: at) }
      hints.append(Hint(offset: offset, isLikely: value == 1))
    }
    return hints
  }

  private static func malformed(_ message: String, at offset: Int) -> ModuleError {
    ModuleError(.malformed, "\(annotation): \(message)", at: offset)
  }

  static let annotation = "@metadata.code.branch_hint annotation"

  /// The contents of the section.
  public func encode() -> [UInt8] {
    var output = ByteWriter()
    output.u32(UInt32(truncatingIfNeeded: functions.count))
    for function in functions {
      output.u32(function.index)
      output.u32(UInt32(truncatingIfNeeded: function.hints.count))
      for hint in function.hints {
        output.u32(hint.offset)
        output.u32(1)
        output.byte(hint.isLikely ? 1 : 0)
      }
    }
    return output.bytes
  }

  /// Checks that every hint is at a conditional branch of a function that the module defines.
  ///
  /// - Throws: a ``ModuleError`` of the kind `invalid` where one is not, `malformed` where a body is.
  public func check(in module: Module, features: FeatureSet = .all) throws(ModuleError) {
    let table = features == .all ? DecodingTable.all : DecodingTable(features: features)
    var imported = 0
    for item in module.imports where item.type.kind == .function { imported += 1 }
    for function in functions {
      let number = Int(function.index) - imported
      guard module.bodies.indices.contains(number) else {
        throw ModuleError(.invalid, "\(Self.annotation): unknown function \(function.index)", at: 0)
      }
      let body = module.bodies[number].range
      var reader = InstructionReader(module.bytes, range: body, table: table)
      _ = try reader.locals()
      for hint in function.hints {
        let target = body.lowerBound + Int(hint.offset)
        var opcode: Opcode?
        while !reader.isAtEnd && reader.position <= target {
          let at = reader.position
          let instruction = try reader.next()
          if at == target { opcode = instruction.opcode }
        }
        guard opcode == .if || opcode == .brIf else {
          throw ModuleError(
            .invalid, "\(Self.annotation): invalid target", at: target, function: function.index)
        }
      }
    }
  }
}

extension Module {
  /// Checks the custom sections whose contents the specification defines: names and branch hints.
  ///
  /// They never make a module malformed or invalid: an engine ignores what is wrong in them (Core 3.0, 7.4). This is for
  /// tools that want to know.
  public func checkCustomSections(features: FeatureSet = .all) throws(ModuleError) {
    for section in customSections {
      switch section.name {
      case Names.sectionName: _ = try Names(decoding: section, of: self)
      case BranchHints.sectionName: try BranchHints(decoding: section, of: self).check(in: self, features: features)
      default: break
      }
    }
  }
}
