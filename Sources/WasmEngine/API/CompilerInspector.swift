import WebAssembly

/// Shows what the compiler makes of the functions of a module, without running anything. It works on any machine.
///
/// The text of the intermediate representation is described in `Documentation/compiler.md`.
public struct CompilerInspector {
  /// Why there is nothing to show of a function.
  public struct Refusal: Error, CustomStringConvertible {
    public var description: String
  }

  private let environment: CompilationEnvironment
  private let names: Names
  private let lookup: FunctionLookup

  /// - Parameter module: Its engine's memory policy says what may be assumed of memories.
  public init(_ module: CompiledModule) {
    environment = module.compilationEnvironment()
    names = module.names
    lookup = FunctionLookup(module.module, module.names)
  }

  /// What stages ``intermediateRepresentation(of:after:)`` knows, in order: what the front end makes, then each pass.
  public static var stages: [String] { Pipeline.stages }

  /// The functions that the module defines.
  public var functions: Range<Int> {
    environment.module.spaces.importedFunctionCount..<environment.module.spaces.functions.count
  }

  /// The function with a name of the name section, or the name of an export.
  public func function(named name: String) -> Int? {
    if let named = lookup.named(name), functions.contains(Int(named)) { return Int(named) }
    return lookup.exported(as: name).map { Int($0) }
  }

  /// The name of a function, of the name section, else of an export.
  public func name(of function: Int) -> String? {
    UInt32(exactly: function).flatMap { names.name(of: .function, $0) }
  }

  /// A function in the intermediate representation.
  ///
  /// - Parameters:
  ///   - function: Its index in the module, imports counted.
  ///   - stage: One of ``stages``; nil for the last.
  public func intermediateRepresentation(of function: Int, after stage: String? = nil) throws(Refusal) -> String {
    let wanted = stage ?? Pipeline.stages[Pipeline.stages.count - 1]
    guard Pipeline.stages.contains(wanted) else { throw Refusal(description: "there is no pass '\(wanted)'") }
    let compiler = CompilerContext(environment)
    var text: String?
    compiler.observer = { stage, ir in if stage == wanted { text = IRPrinter.print(ir) } }
    do throws(CompilationRefusal) {
      _ = try compiler.compile(try defined(function))
    } catch {
      // What comes later may refuse the function.
      guard text != nil else { throw Refusal(description: error.reason) }
    }
    return text ?? ""
  }

  /// A function's machine code with the bytes and the WebAssembly instruction beside each instruction.
  public func machineCode(of function: Int) throws(Refusal) -> String {
    MachineCodePrinter.print(try compile(function), environment.layout, operators: operators(of: function))
  }

  /// The machine code of functions as an ELF object for `objdump` and `gdb`: a symbol for each, and line numbers that are
  /// the offsets of instructions in the module. Functions that are not compiled are left out.
  ///
  /// - Parameters:
  ///   - functions: In the order in which they are to stand; nil for all.
  ///   - name: What the lines are said to be of: the module's file.
  public func objectFile(of functions: [Int]? = nil, name: String) -> [UInt8] {
    var object = ObjectFile(sourceName: name)
    for function in functions ?? Array(self.functions) {
      guard let compiled = try? compile(function) else { continue }
      var lines: [(codeOffset: Int, line: Int)] = []
      let body = environment.module.module.bodies[function - self.functions.lowerBound]
      var line = body.range.lowerBound
      lines.append((0, line))
      for step in compiled.stepsInPlace where step.position != 0 && Int(compiled.offset(of: step.position)) != line {
        line = Int(compiled.offset(of: step.position))
        lines.append((Int(step.codeOffset), line))
      }
      let data = compiled.stepsInPlace.last { $0.kind == .data }.map { Int($0.codeOffset) } ?? compiled.code.count
      object.add(
        ObjectFile.Function(
          name: self.name(of: function) ?? "function_\(function)", code: compiled.code, dataOffset: data, lines: lines))
    }
    return object.encoded()
  }

  /// Compiles functions in order on this thread, for measurements.
  ///
  /// - Parameters:
  ///   - functions: Which, by their indices in the module; nil for all.
  ///   - body: Is called after each with its index, the size of its body, and that of its code in bytes; 0 where it is left
  ///     to the interpreter.
  public func compileAll(
    _ functions: [Int]? = nil, _ body: (_ function: Int, _ bodySize: Int, _ codeSize: Int) -> Void
  ) {
    let compiler = CompilerContext(environment)
    for function in functions ?? Array(self.functions) where self.functions.contains(function) {
      let defined = function - self.functions.lowerBound
      let code = (try? compiler.compile(defined))?.code.count ?? 0
      body(function, environment.module.module.bodies[defined].range.count, code)
    }
  }

  /// The offsets in the module and the code of a function, with a record of how it was written.
  func compile(_ function: Int) throws(Refusal) -> CompiledFunction {
    let compiler = CompilerContext(environment)
    compiler.recordsSteps = true
    do throws(CompilationRefusal) {
      return try compiler.compile(try defined(function))
    } catch {
      throw Refusal(description: error.reason)
    }
  }

  private func defined(_ function: Int) throws(CompilationRefusal) -> Int {
    guard functions.contains(function) else {
      throw CompilationRefusal(
        reason: function < functions.lowerBound && function >= 0 ? "imported" : "no such function")
    }
    return function - functions.lowerBound
  }

  /// The names of a function's instructions, by their offsets.
  private func operators(of function: Int) -> [UInt32: String] {
    let module = environment.module.module
    let body = module.bodies[function - functions.lowerBound]
    var reader = InstructionReader(module.bytes, range: body.range)
    guard (try? reader.locals()) != nil else { return [:] }
    var result: [UInt32: String] = [:]
    while !reader.isAtEnd, let instruction = try? reader.next() { result[instruction.offset] = instruction.opcode.name }
    return result
  }
}
