import WebAssembly

/// Why a file of precompiled code cannot be used.
public enum PrecompiledCodeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It is something else.
  case notPrecompiled
  /// Something is missing or has changed since it was written.
  case damaged
  /// It was made by another build of the compiler.
  case otherBuild
  /// It was made for a processor with extensions that this one does not have, or that the engine may not use.
  case otherProcessor
  /// It was made for another configuration: kinds of bounds, guard pages.
  case otherConfiguration
  /// The engine makes no machine code, so that it runs none.
  case notExecutable
  /// The system does not let this process have the memory for machine code.
  case refused
  /// The module was not compiled from bytes, so that there are none to write.
  case noBinary

  public var description: String {
    switch self {
    case .notPrecompiled: "no precompiled code"
    case .damaged: "the precompiled code is damaged"
    case .otherBuild: "compiled by another version of polymnia"
    case .otherProcessor: "compiled for a processor with other features"
    case .otherConfiguration: "compiled for another configuration of memories"
    case .notExecutable: "machine code is not executed here"
    case .refused:
      "the system refuses the memory for machine code; a limit on addresses or on the size of files may be the reason"
    case .noBinary: "the module is not in the binary format"
    }
  }
}

/// A module and its machine code in one file.
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | magic |
/// | 4, … | the build of the compiler |
/// | 4 | the ``ProcessorFeatures`` that it may use |
/// | 4, … | ``CompilationEnvironment/settings`` |
/// | 8, … | the module in the binary format |
/// | … | ``CodeFile`` with a key of zeros |
///
/// Numbers are little-endian and count the bytes that follow them.
private enum PrecompiledFile {
  static let magic: [UInt8] = [0, 0x70, 0x6D, 0x70, 0x72, 0x65, 0x63, 1]
  static let key = [UInt8](repeating: 0, count: CodeFile.keySize)
}

extension CompiledModule {
  /// Whether a file begins like one of precompiled code, of whatever version.
  public static func isPrecompiled(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: PrecompiledFile.magic.dropLast())
  }

  /// Writes the module with all its machine code, which is made where it is not there yet. Only the same build of the
  /// compiler takes it (``init(precompiled:engine:)``), on processors that have what this one has.
  ///
  /// - Parameter sink: Gets the bytes, front to back. What it throws is thrown.
  /// - Throws: ``PrecompiledCodeError`` where there is no machine code.
  public func writePrecompiled(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let machine, let build = BuildIdentity.bytes else { throw engine.withoutMachineCode }
    guard let binary else { throw PrecompiledCodeError.noBinary }
    compileFunctions()
    var header = PrecompiledFile.magic
    header.append(contentsOf: Self.bytes(UInt32(build.count)) + build)
    header.append(contentsOf: machine.environment.processorBytes)
    header.append(contentsOf: Self.bytes(UInt32(machine.environment.settings.count)) + machine.environment.settings)
    header.append(contentsOf: Self.bytes(UInt64(binary.count)))
    try header.withUnsafeBytes(sink)
    try binary.withUnsafeBytes(sink)
    try machine.write(key: PrecompiledFile.key, to: sink)
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  /// Takes a module with its machine code from what ``writePrecompiled(to:)`` has written. The module is validated as
  /// always. The machine code is not, and cannot be: **it is executed as it is**, outside of the sandbox. Bytes that anybody
  /// else could have written or changed must not be given to it; a checksum only tells accidents.
  ///
  /// - Throws: ``PrecompiledCodeError``, or ``ModuleError`` of the module.
  @unsafe public convenience init(precompiled bytes: [UInt8], engine: Engine) throws {
    guard Self.isPrecompiled(bytes) else { throw PrecompiledCodeError.notPrecompiled }
    guard engine.makesMachineCode, let build = BuildIdentity.bytes else { throw engine.withoutMachineCode }
    var offset = PrecompiledFile.magic.count
    func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
      guard offset <= bytes.count, count <= bytes.count - offset else { throw PrecompiledCodeError.damaged }
      defer { offset += Int(count) }
      return bytes[offset..<offset + Int(count)]
    }
    func number(_ size: UInt64) throws -> UInt64 { try take(size).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    guard bytes.starts(with: PrecompiledFile.magic), try take(try number(4)).elementsEqual(build) else {
      throw PrecompiledCodeError.otherBuild
    }
    let processor = ProcessorFeatures(rawValue: UInt32(truncatingIfNeeded: try number(4)))
    let settings = Array(try take(try number(4)))
    let binary = Array(try take(try number(8)))
    let module = try ModuleDecoder.decode(
      binary, features: engine.configuration.features, limits: engine.configuration.limits)
    let validated = try engine.validate(module)
    let code = PrecompiledSource(
      processor: processor, settings: settings, size: bytes.count - offset
    ) { target in
      guard target.count <= bytes.count - offset else { return false }
      target.copyBytes(from: bytes[offset..<offset + target.count])
      offset += target.count
      return true
    }
    try self.init(validated, engine: engine, binary: binary, digest: nil)
    guard let machine else { throw PrecompiledCodeError.notExecutable }
    try code.load(into: machine)
  }
}

extension Engine {
  /// Why it makes no machine code.
  fileprivate var withoutMachineCode: PrecompiledCodeError {
    configuration.tier == .compiler && MachineCode.isRefused ? .refused : .notExecutable
  }
}

/// The machine code of a file.
private struct PrecompiledSource {
  var processor: ProcessorFeatures
  var settings: [UInt8]
  var size: Int
  var source: CodeFileReader.Source

  func load(into machine: ModuleMachineCode) throws(PrecompiledCodeError) {
    guard processor.isSubset(of: machine.environment.processor) else { throw .otherProcessor }
    guard settings == machine.environment.settings else { throw .otherConfiguration }
    guard machine.load(size: size, key: PrecompiledFile.key, source) != nil else { throw .damaged }
  }
}
