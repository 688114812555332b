/// A script of the official tests: a `.wast` file.
public struct Script: Sendable {
  public var commands: [ScriptCommand] = []

  /// Parses a script. Modules in it stay unread until they are asked for, so that an error in one is an error of its
  /// command only. A text that consists of the fields of a module is a script of one module.
  public static func parse(
    _ source: [UInt8], features: FeatureSet = .all, limits: ImplementationLimits = .init()
  ) throws(TextError) -> Script {
    let stream = try Lexer.tokens(of: source, features: features, limits: limits)
    var parser = TextParser(stream, features: features, limits: limits, emitNames: false)
    return try parser.script()
  }
}

/// A command of a script.
public struct ScriptCommand: Sendable {
  public enum Kind: Sendable {
    /// Defines a module and instantiates it.
    case module(ScriptModule)
    /// Defines a module only.
    case definition(ScriptModule)
    /// Instantiates a module that was defined before: the one with the name, or else the last one.
    case instance(name: String?, definition: String?)
    /// Makes an instance's exports available under a module name: the instance with the identifier, or the last one.
    case register(name: String, instance: String?)
    case action(ScriptAction)
    case assertReturn(ScriptAction, [ScriptResult])
    case assertTrap(ScriptAction, message: String)
    case assertExhaustion(ScriptAction, message: String)
    case assertException(ScriptAction)
    /// The module is valid and can be linked, but its instantiation traps.
    case assertModuleTrap(ScriptModule, message: String)
    case assertUnlinkable(ScriptModule, message: String)
    case assertMalformed(ScriptModule, message: String)
    case assertInvalid(ScriptModule, message: String)
    case assertMalformedCustom(ScriptModule, message: String)
    case assertInvalidCustom(ScriptModule, message: String)
    /// Runs commands in a thread of their own, which sees the shared instances (threads proposal).
    case thread(name: String?, shared: [String], commands: [ScriptCommand])
    /// Waits for the end of a thread.
    case wait(thread: String)
  }

  public var kind: Kind
  /// The line on which it begins, counted from 1.
  public var line: Int
}

/// Something that a script does with an instance: the one with the identifier, or the last one.
public enum ScriptAction: Sendable {
  case invoke(instance: String?, name: String, arguments: [ScriptValue])
  case get(instance: String?, name: String)
}

/// An argument.
public enum ScriptValue: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  /// The bits of the number.
  case f32(UInt32)
  /// The bits of the number.
  case f64(UInt64)
  /// The bytes, little-endian, in two words.
  case v128(UInt64, UInt64)
  case null(HeapType)
  /// A reference of the host's in the hierarchy of `extern`.
  case external(UInt32)
  /// A reference of the host's in the hierarchy of `any`.
  case host(UInt32)
}

/// What a number must be.
public enum ScriptNumber: Hashable, Sendable {
  case bits(UInt64)
  /// A NaN of either sign whose payload is the quiet bit only.
  case canonicalNaN
  /// A NaN of either sign whose payload has the quiet bit.
  case arithmeticNaN

  /// Whether a number, given by its bits, is what it must be.
  ///
  /// - Parameter width: the number's bits. Of NaN patterns, 32 or 64.
  public func matches(_ bits: UInt64, width: Int) -> Bool {
    switch self {
    case .bits(let expected):
      return bits == expected
    case .canonicalNaN:
      let (infinity, quiet) = Self.masks(width)
      return bits & ~(1 << UInt64(width - 1)) == infinity | quiet
    case .arithmeticNaN:
      let (infinity, quiet) = Self.masks(width)
      return bits & (infinity | quiet) == infinity | quiet
    }
  }

  private static func masks(_ width: Int) -> (infinity: UInt64, quiet: UInt64) {
    width == 32 ? (0x7F80_0000, 0x40_0000) : (0x7FF0_0000_0000_0000, 0x8_0000_0000_0000)
  }
}

/// What a result must be.
public enum ScriptResult: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  case f32(ScriptNumber)
  case f64(ScriptNumber)
  /// The lanes from the lowest, each of `laneWidth` bits.
  case v128(laneWidth: Int, lanes: [ScriptNumber])
  /// A null reference, of any type if there is none.
  case null(HeapType?)
  /// A reference that is not null, of the given abstract type.
  case reference(HeapType)
  /// The reference that the argument ``ScriptValue/external(_:)`` stands for.
  case external(UInt32)
  /// The reference that the argument ``ScriptValue/host(_:)`` stands for.
  case host(UInt32)
  /// Any one of several.
  case either([ScriptResult])
}

/// A module in a script, in one of its forms.
public struct ScriptModule: Sendable {
  public enum Form: Sendable {
    /// The range of `(module ...)` in the script.
    case text(Range<Int>)
    case binary([UInt8])
    /// A text in strings, which often is no module at all.
    case quote([UInt8])
  }

  /// The identifier that the script gives to it, without `$`.
  public var name: String?
  public var form: Form
  /// The line on which it begins, counted from 1.
  public var line: Int
  let source: [UInt8]

  /// The text of the module, or nil for a binary one.
  public var text: [UInt8]? {
    switch form {
    case .text(let range): Array(source[range])
    case .quote(let text): text
    case .binary: nil
    }
  }

  /// The module.
  ///
  /// - Throws: a ``TextError``, whose lines are those of the script except in quoted modules, or a ``ModuleError``.
  public func module(
    features: FeatureSet = .all, limits: ImplementationLimits = .init(), emitNames: Bool = true
  ) throws -> Module {
    switch form {
    case .binary(let bytes):
      return try ModuleDecoder.decode(bytes, features: features, limits: limits)
    case .quote(let text):
      return try ModuleParser.parse(text, features: features, limits: limits, emitNames: emitNames).module
    case .text(let range):
      return try ModuleParser.parse(
        source, range: range, features: features, limits: limits, emitNames: emitNames, isInScript: true
      ).module
    }
  }
}
