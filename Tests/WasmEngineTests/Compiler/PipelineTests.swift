import Testing

@testable import WasmEngine

/// The table of passes and its order constraints.
struct PipelineTests {
  @Test func pipelineKeepsItsConstraints() {
    #expect(Pipeline.violations(in: Pipeline.passes) == [])
    #expect(Set(Pipeline.stages).count == Pipeline.passes.count + 1)
    // Constraints name passes that exist.
    for pass in Pipeline.passes {
      for order in pass.order {
        switch order.place {
        case .after(let other), .before(let other), .followed(let other):
          #expect(Pipeline.passes.contains { $0.name == other }, "\(pass.name): no pass \(other)")
        case .first, .last:
          break
        }
        #expect(!order.reason.isEmpty)
      }
    }
  }

  private func pass(_ name: String, _ order: PassOrder...) -> Pass { Pass(name, order: order) { _ in } }

  @Test func violationsAreNamed() {
    #expect(
      Pipeline.violations(in: [pass("a", .after("b", "it reads what b makes")), pass("b")])
        == ["a must be after b: it reads what b makes"])
    #expect(
      Pipeline.violations(in: [pass("b"), pass("a", .before("b", "b breaks it"))]) == [
        "a must be before b: b breaks it"
      ])
    #expect(
      Pipeline.violations(in: [pass("a", .last("x")), pass("b", .first("y"))])
        == ["a must be last: x", "b must be first: y"])
    #expect(
      Pipeline.violations(in: [pass("a", .followed(by: "b", "b sweeps up"))]) == [
        "a must be followed by b: b sweeps up"
      ])
    #expect(Pipeline.violations(in: [pass("a", .followed(by: "b", "z")), pass("c"), pass("b")]) == [])
  }
}
