#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import WasmEngine

/// One guest's view of the world through WASI preview 1: its arguments, environment, descriptors and clocks.
///
/// A value of this class serves one guest on one thread at a time, as the store does that it is linked into. Nothing is
/// buffered: what the guest writes has been handed on when its call returns.
public final class WASI {
  let configuration: WASIConfiguration
  /// Each with a NUL at its end.
  let arguments: [[UInt8]]
  /// `name=value`, each with a NUL at its end.
  let environment: [[UInt8]]
  var descriptors: DescriptorTable
  let listings = DirectoryListing.Budget()
  /// The store that these functions are linked into. It holds the functions, and they this object: not the other way round.
  weak var store: Store?
  /// Whether the execution is to be given up, asked while the guest waits.
  var isInterrupted: Bool { store?.isInterrupted ?? false }
  /// The names of the functions that need a memory.
  var functionsWithPointers: Set<String> = []

  /// Opens the folders and duplicates the standard streams. Nothing else ever gets among the guest's descriptors but what
  /// it opens itself.
  public init(_ configuration: WASIConfiguration) throws(WASIError) {
    self.configuration = configuration
    arguments = try Self.texts(configuration.arguments)
    environment = try Self.variables(configuration.environment)
    OwnDescriptors.occupyStandardStreams()
    let streams = [
      try Self.input(configuration.standardInput), try Self.output(configuration.standardOutput),
      try Self.output(configuration.standardError),
    ]
    descriptors = DescriptorTable(
      limit: max(configuration.descriptorLimit, streams.count + configuration.preopens.count), streams: streams)
    for preopen in configuration.preopens { try insert(try Self.folder(preopen)) }
  }

  private func insert(_ descriptor: Descriptor) throws(WASIError) {
    do { _ = try descriptors.insert(descriptor) } catch { throw .stream(-1, error) }
  }

  private static func texts(_ texts: [String]) throws(WASIError) -> [[UInt8]] {
    var total = 0
    var result: [[UInt8]] = []
    for text in texts {
      let bytes = [UInt8](text.utf8)
      guard !bytes.contains(0) else { throw .unusableText(text) }
      total += bytes.count + 1
      result.append(bytes + [0])
    }
    guard total < Int32.max else { throw .argumentsTooLarge }
    return result
  }

  private static func variables(_ variables: [(name: String, value: String)]) throws(WASIError) -> [[UInt8]] {
    for (name, _) in variables {
      guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")) else { throw .unusableText(name) }
    }
    return try texts(variables.map { "\($0.name)=\($0.value)" })
  }

  /// nil for a stream that is not there.
  private static func input(_ input: WASIConfiguration.Input) throws(WASIError) -> Descriptor? {
    let source: WASIConfiguration.Source
    switch input {
    case .closed: return nil
    case .descriptor(let raw): return try stream(raw, isInput: true)
    case .empty: source = { _ in 0 }
    case .bytes(let bytes): source = BytesInMemory(bytes).read
    case .source(let own): source = own
    }
    return Descriptor(.source(source), fileType: .unknown, rights: [.fdRead, .fdFilestatGet, .pollFdReadwrite])
  }

  private static func output(_ output: WASIConfiguration.Output) throws(WASIError) -> Descriptor? {
    let sink: WASIConfiguration.Sink
    switch output {
    case .closed: return nil
    case .descriptor(let raw): return try stream(raw, isInput: false)
    case .discarded: sink = { _ in }
    case .sink(let own): sink = own
    }
    return Descriptor(
      .sink(sink), fileType: .unknown, rights: [.fdWrite, .fdSync, .fdDatasync, .fdFilestatGet, .pollFdReadwrite])
  }

  private static func stream(_ raw: Int32, isInput: Bool) throws(WASIError) -> Descriptor? {
    if OwnDescriptors.isStandIn(raw) { return nil }
    guard !OwnDescriptors.contains(raw) else { throw .stream(raw, .badDescriptor) }
    do throws(Errno) {
      return try Descriptor.stream(raw, isInput: isInput)
    } catch {
      if error == .badDescriptor, (0...2).contains(raw) { return nil }
      throw .stream(raw, error)
    }
  }

  private static func folder(_ preopen: WASIConfiguration.Preopen) throws(WASIError) -> Descriptor {
    do throws(Errno) {
      guard !preopen.host.utf8.contains(0), !preopen.guest.utf8.contains(0) else { throw Errno.invalid }
      let host = try HostDescriptor(open(preopen.host, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
      return Descriptor(
        .directory(host), fileType: .directory, rights: .directory, inheriting: [.directory, .file],
        preopenName: Array(preopen.guest.utf8))
    } catch {
      throw .preopen(host: preopen.host, error)
    }
  }
}

/// Input that lies in memory, read from start to end.
private final class BytesInMemory: @unchecked Sendable {
  // A guest, and so its input, is on one thread at a time.
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    let part = rest.prefix(buffer.count)
    buffer.copyBytes(from: part)
    rest = rest.dropFirst(part.count)
    return part.count
  }
}
