import ArgumentParser
import WasmEngine
import WebAssembly

/// `polymnia compile`: precompiled code, and what the compiler makes of a module.
struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compile a module to a file, or show what the compiler makes of its functions.",
    discussion: """
      Without '--dump', the module and its machine code are written to a file that 'run --precompiled' takes, with the \
      same '--bounds', '--cpu' and '--no-speculation-guards'. It is executed as it is: run only files that nobody else can \
      have written.

      '--dump ir' prints the intermediate representation after the last pass, '--dump ir:PASS' after another one: \
      \(CompilerInspector.stages.joined(separator: ", ")). '--dump asm' prints the machine code, with the offset of the \
      WebAssembly instruction beside each instruction. '--dump elf' writes an object file for objdump and gdb, whose line \
      numbers are those offsets.

      Offsets of a module in the text format are those of the binary that 'polymnia parse' makes of it.
      """)

  @Option(help: ArgumentHelp("What to write: 'ir', 'ir:PASS', 'asm' or 'elf'.", valueName: "what"))
  var dump: Dump?

  @Option(
    name: .customLong("function"),
    help: ArgumentHelp(
      "Only this function, by its name, an export's or its index. May be repeated.", valueName: "name-or-index"))
  var functions: [Many<String>] = []

  @Option(help: "What memories the code is for: 'guarded' or 'checked', as in 'run'.")
  var bounds = MemoryPolicy.Bounds.guarded

  @Option(help: ArgumentHelp("Which extensions of the processor the code may use, as in 'run'.", valueName: "features"))
  var cpu = ProcessorFeatures.native

  @Flag(help: "Leave out what guards against speculation, as in 'run'.")
  var noSpeculationGuards = false

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write; '-' is standard output.", valueName: "file"))
  var output: String?

  @OptionGroup var features: FeatureOptions

  @Argument(help: ArgumentHelp("The module.", valueName: "file"))
  var input: String?

  /// A value of `--dump`.
  enum Dump: ExpressibleByArgument, Equatable {
    case intermediateRepresentation(stage: String?)
    case machineCode
    case objectFile

    init?(argument: String) {
      if argument == "asm" {
        self = .machineCode
      } else if argument == "elf" {
        self = .objectFile
      } else if argument == "ir" {
        self = .intermediateRepresentation(stage: nil)
      } else if argument.hasPrefix("ir:") {
        self = .intermediateRepresentation(stage: String(argument.dropFirst(3)))
      } else {
        return nil
      }
    }
  }

  func validate() throws {
    guard case .intermediateRepresentation(let stage?) = dump, !CompilerInspector.stages.contains(stage) else { return }
    throw ValidationError(
      "There is no pass '\(name: stage)'; there are: \(CompilerInspector.stages.joined(separator: ", "))")
  }

  func run() throws {
    guard let input else { throw ValidationError("Missing expected argument '<file>'") }
    guard let dump else {
      guard let output else { throw ValidationError("Missing expected option '--output <file>' or '--dump <what>'") }
      return try Precompilation(
        features: try features.set, bounds: bounds, processor: cpu, guardsSpeculation: !noSpeculationGuards
      ).run(input, to: output)
    }
    let inspected = try InspectedModule(path: input, features: try features.set, bounds: bounds)
    let chosen = try functions.all().map { try inspected.function($0) }
    var text = try OutputFile.create(output ?? "-")
    if dump == .objectFile {
      text.write(inspected.inspector.objectFile(of: chosen.isEmpty ? nil : chosen, name: inspected.name))
      return try text.finish()
    }
    for (place, function) in (chosen.isEmpty ? Array(inspected.inspector.functions) : chosen).enumerated() {
      if place > 0 { text.write("\n") }
      do throws(CompilerInspector.Refusal) {
        text.write("; " + inspected.title(function) + "\n")
        text.write(try Self.text(dump, of: function, inspected.inspector))
      } catch {
        // Among all functions some may be interpreted; one that was asked for is an error.
        guard chosen.isEmpty else {
          throw CommandFailure(inspected.name, "\(inspected.title(function)) is not compiled: \(error)")
        }
        text.write("; not compiled: \(error)\n")
      }
    }
    try text.finish()
  }

  private static func text(
    _ dump: Dump, of function: Int, _ inspector: CompilerInspector
  ) throws(CompilerInspector.Refusal) -> String {
    switch dump {
    case .intermediateRepresentation(let stage): try inspector.intermediateRepresentation(of: function, after: stage)
    case .machineCode: try inspector.machineCode(of: function)
    case .objectFile: ""
    }
  }
}

/// A module whose functions are looked at.
struct InspectedModule {
  let name: String
  let inspector: CompilerInspector

  init(path: String, features: FeatureSet, bounds: MemoryPolicy.Bounds) throws {
    let file = try ModuleFile(path: path, features: features)
    name = file.name
    var configuration = Engine.Configuration()
    configuration.features = features
    configuration.memoryPolicy.bounds = bounds
    let engine = Engine(configuration)
    do throws(ModuleError) {
      // The binary that a text stands for has offsets that can be found again.
      let isText = file.positions != nil
      if isText { _ = try engine.validate(file.module) }
      inspector = CompilerInspector(
        isText ? try engine.compile(ModuleEncoder.encode(file.module)) : try engine.compile(file.module))
    } catch {
      throw file.failure(error)
    }
  }

  /// A function that was named on the command line.
  func function(_ text: String) throws -> Int {
    if let function = inspector.function(named: text) { return function }
    guard let index = Int(text), inspector.functions.contains(index) else {
      throw CommandFailure(name, "no function '\(name: text)' is defined in the module")
    }
    return index
  }

  func title(_ function: Int) -> String {
    "function \(function)" + (inspector.name(of: function).map { " $\(name: $0)" } ?? "")
  }
}
