import Foundation
import Testing
import WasmEngine
import WebAssembly
import WastRunner

/// The sets of modules that the official scripts link, instantiated one after the other and linked into one module: what
/// the script then calls must come to the same, and what it says cannot be linked or traps must do so.
@Suite struct LinkedSetTests {
  static let spectest = """
    (module
      (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
      (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
      (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64))
      (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
      (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
      (table (export "table") 10 20 funcref) (table (export "table64") i64 10 20 funcref)
      (memory (export "memory") 1 2) (memory (export "shared_memory") 1 2 shared))
    """

  static let paths: [String] = {
    let found = (try? ScriptFiles.find(["core", "proposals"].map { "\(OfficialScriptTests.folder)/\($0)" })) ?? []
    return found.filter { (try? String(contentsOfFile: $0, encoding: .utf8))?.contains("(register") ?? false }.sorted()
  }()

  /// A module of a script that can be instantiated.
  struct Member {
    var name: String
    var validated: ValidatedModule
  }

  /// How far the modules of a script get, and what its calls come to.
  struct Observation: Equatable {
    var instantiation = "done"
    var calls: [String] = []
  }

  @Test(.enabled(if: OfficialScriptTests.isThere, "The official scripts are not in ../shared/testsuite."))
  func theyAreTheSame() throws {
    var sets = 0
    var calls = 0
    var refusals = 0
    for path in Self.paths {
      var configuration = Engine.Configuration()
      configuration.features = .all
      configuration.validationThreads = 1
      let engine = Engine(configuration)
      let script = try Script.parse(try ScriptFiles.read(path))
      var run = SetRun(engine: engine, path: path)
      for command in script.commands where !run.isOver { try run.take(command) }
      try run.finish()
      sets += run.sets
      calls += run.calls
      refusals += run.refusals
    }
    #expect(sets > 30)
    #expect(calls > 300)
    #expect(refusals > 100)
  }

  /// Goes through one script.
  struct SetRun {
    let engine: Engine
    let path: String
    /// The modules that live, in order.
    private var members: [Member] = []
    /// The place of each instance by its identifier in the script; "" is the last one.
    private var places: [String: Int] = [:]
    private var actions: [(place: Int, name: String, arguments: [ScriptValue])] = []
    var isOver = false
    var sets = 0
    var calls = 0
    var refusals = 0

    init(engine: Engine, path: String) {
      self.engine = engine
      self.path = path
    }

    mutating func take(_ command: ScriptCommand) throws {
      switch command.kind {
      case .module(let module):
        guard let validated = validate(module) else {
          places[""] = nil
          return
        }
        places[""] = members.count
        if let name = module.name { places[name] = members.count }
        members.append(Member(name: "\u{1}\(members.count)", validated: validated))
      case .register(let name, let instance):
        guard let place = places[instance ?? ""], members[place].name.hasPrefix("\u{1}"),
          !members.contains(where: { $0.name == name })
        else {
          // A second name for a module, or the same name for a second one: this is as far as the set goes.
          isOver = true
          return
        }
        members[place].name = name
      case .action(.invoke(let instance, let name, let arguments)),
        .assertReturn(.invoke(let instance, let name, let arguments), _),
        .assertTrap(.invoke(let instance, let name, let arguments), _):
        if let place = places[instance ?? ""] { actions.append((place, name, arguments)) }
      case .assertUnlinkable(let module, let message):
        guard let validated = validate(module) else { return }
        let end = try linked(members + [Member(name: "\u{1}last", validated: validated)]).instantiation
        #expect(end == message, "\(path):\(command.line)")
        refusals += 1
      case .assertModuleTrap(let module, let message):
        guard let validated = validate(module) else { return }
        let end = try linked(members + [Member(name: "\u{1}last", validated: validated)]).instantiation
        #expect(end.hasPrefix("trap: \(message)") || end.contains(message), "\(path):\(command.line): \(end)")
        refusals += 1
      default: break
      }
    }

    mutating func finish() throws {
      guard !members.isEmpty else { return }
      let separate = try separate()
      let linked = try linked(members, calling: actions)
      #expect(separate == linked, "\(path)")
      sets += 1
      calls += separate.calls.count
    }

    /// nil where the engine does not run the module.
    private func validate(_ module: ScriptModule) -> ValidatedModule? {
      guard let parsed = try? module.module(emitNames: false),
        let decoded = try? ModuleDecoder.decode(ModuleEncoder.encode(parsed)),
        let validated = try? engine.validate(decoded), (try? CompiledModule(validated, engine: engine)) != nil
      else { return nil }
      return validated
    }

    private func host() throws -> Linker {
      let linker = Linker(Store(engine))
      let spectest = try engine.compile(text: LinkedSetTests.spectest)
      try linker.define(try linker.instantiate(spectest), as: "spectest")
      return linker
    }

    private static func describe(_ error: any Error) -> String {
      switch error {
      case let trap as Trap: "trap: \(trap.kind.message)"
      case let error as LinkError: error.kind == .unknownImport ? "unknown import" : "incompatible import type"
      case let failure as LinkFailure:
        failure.kind == .unknownImport
          ? "unknown import" : failure.kind == .incompatibleImportType ? "incompatible import type" : "\(failure)"
      case is UncaughtException: "exception"
      default: "\(error)"
      }
    }

    private func call(
      _ instance: Instance, _ name: String, _ arguments: [ScriptValue]
    ) -> String? {
      var values: [Value] = []
      for argument in arguments {
        switch argument {
        case .i32(let bits): values.append(.i32(Int32(bitPattern: bits)))
        case .i64(let bits): values.append(.i64(Int64(bitPattern: bits)))
        case .f32(let bits): values.append(.f32(Float(bitPattern: bits)))
        case .f64(let bits): values.append(.f64(Double(bitPattern: bits)))
        case .v128(let low, let high): values.append(.v128(V128(low: low, high: high)))
        case .null(let type): values.append(.null(type))
        case .external, .host: return nil
        }
      }
      do {
        let results = try instance.function(name).call(values)
        return results.map { value in
          switch value {
          case .i32, .i64, .f32, .f64, .v128: "\(value)"
          default: value.isNull ? "null" : "reference"
          }
        }.joined(separator: " ")
      } catch {
        return Self.describe(error)
      }
    }

    private func separate() throws -> Observation {
      let linker = try host()
      var seen = Observation()
      var instances: [Instance] = []
      do {
        for member in members {
          let instance = try linker.instantiate(try CompiledModule(member.validated, engine: engine))
          instances.append(instance)
          try linker.define(instance, as: member.name)
        }
      } catch {
        seen.instantiation = Self.describe(error)
        return seen
      }
      for action in actions {
        if let result = call(instances[action.place], action.name, action.arguments) { seen.calls.append(result) }
      }
      return seen
    }

    private func linked(
      _ members: [Member], calling actions: [(place: Int, name: String, arguments: [ScriptValue])] = []
    ) throws -> Observation {
      var seen = Observation()
      var options = LinkOptions()
      // Without its unused imports a module could be linked where it should not.
      options.removesDeadCode = false
      options.defaultExports = .none
      for (place, member) in members.enumerated() {
        options.exports += member.validated.module.exports.map {
          LinkOptions.ExportRequest(module: member.name, name: $0.name, as: "\(place)/\($0.name)")
        }
      }
      do {
        let module = try ModuleLinker.link(
          members.map { LinkInput(name: $0.name, module: $0.validated) }, options: options
        ).module
        let instance = try host().instantiate(engine.compile(ModuleEncoder.encode(module)))
        for action in actions {
          if let result = call(instance, "\(action.place)/\(action.name)", action.arguments) {
            seen.calls.append(result)
          }
        }
      } catch {
        seen.instantiation = Self.describe(error)
      }
      return seen
    }
  }
}
