import Synchronization
import Testing
import WasmEngine
import WebAssembly

/// What `Engine.validate` tells of how far it is.
@Suite struct ValidationProgressTests {
  /// Functions with more than a kilobyte of code each, and one that may be wrong.
  static func module(_ count: Int, isValid: Bool) throws -> Module {
    let body = String(repeating: "(drop (i32.const 1))", count: 340)
    let functions = String(repeating: "(func \(body))", count: count)
    return try ModuleParser.parse(Array("(module \(functions) (func \(isValid ? "" : "(result i32)")))".utf8)).module
  }

  @Test(arguments: [1, 2])
  func allBytesAreTold(threads: Int) throws {
    let engine = makeEngine { $0.validationThreads = threads }
    let module = try Self.module(180, isValid: true)
    let told = Mutex<[(done: Int, total: Int)]>([])
    _ = try engine.validate(module) { done, total in told.withLock { $0.append((done, total)) } }
    let steps = told.withLock { $0 }
    let size = module.bodies.reduce(0) { $0 + $1.range.count }
    #expect(steps.count >= 2 && steps.allSatisfy { $0.total == size })
    #expect(steps.map(\.done).max() == size)
  }

  @Test func anErrorIsTheSameOne() throws {
    let engine = makeEngine { $0.validationThreads = 1 }
    let module = try Self.module(20, isValid: false)
    #expect(throws: ModuleError.self) { try engine.validate(module) }
    do throws(ModuleError) {
      _ = try engine.validate(module) { _, _ in }
      Issue.record("valid")
    } catch {
      #expect(error.function == 20)
    }
  }
}
