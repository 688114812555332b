import Testing

@testable import WebAssembly

@Suite struct TypeRegistryTests {
  private func structure(_ types: ValueType..., final isFinal: Bool = true, of supertypes: [UInt32] = []) -> SubType {
    SubType(
      isFinal: isFinal, supertypes: supertypes,
      composite: .structure(types.map { FieldType(storage: .value($0), isMutable: false) }))
  }

  private func reference(_ index: UInt32) -> ValueType { .reference(.concrete(index), nullable: false) }

  @Test func equivalentGroupsGetOneIdAcrossModules() {
    var a = SampleModule()
    a.type([.i32], [.i64])
    a.group([structure(reference(2)), structure(reference(1), .i32)])
    var b = SampleModule()
    b.group([structure(reference(1)), structure(reference(0), .i32)])
    b.type([.i32], [.i64])
    b.type([.i64], [.i32])
    var registry = TypeRegistry()
    let first = registry.register(a.module)
    let second = registry.register(b.module)
    #expect(first == [0, 1, 2])
    #expect(second == [1, 2, 0, 3])
    #expect(registry.count == 4)
    #expect(registry.register(a.module) == first)
  }

  @Test func positionInAGroupAndShapeOfTheGroupMatter() {
    var sample = SampleModule()
    let function = SubType(composite: .function(FunctionType()))
    sample.type(function)
    sample.group([function, function])
    sample.group([function, structure()])
    sample.group([function])
    var registry = TypeRegistry()
    let ids = registry.register(sample.module)
    #expect(ids == [0, 1, 2, 3, 4, 0])
  }

  @Test func aTypeThatNamesItselfDiffersFromOneThatNamesItsLikeness() {
    var sample = SampleModule()
    sample.group([structure(reference(0))])
    sample.group([structure(reference(0))])
    sample.group([structure(reference(2))])
    var registry = TypeRegistry()
    #expect(registry.register(sample.module) == [0, 1, 0])
    #expect(registry.composite(1) == registry.composite(0), "the composites name the same type")
    #expect(!registry.isSubtype(1, of: 0))
  }

  @Test func declaredSubtyping() throws {
    var sample = SampleModule()
    sample.type(structure(final: false))
    sample.type(structure(.i32, final: false, of: [0]))
    sample.type(structure(.i32, .i64, of: [1]))
    sample.type(structure(.i32, final: false))
    _ = try sample.validated()
    var registry = TypeRegistry()
    let ids = registry.register(sample.module)
    #expect(registry.isSubtype(ids[2], of: ids[0]))
    #expect(registry.isSubtype(ids[2], of: ids[1]))
    #expect(!registry.isSubtype(ids[0], of: ids[2]))
    #expect(!registry.isSubtype(ids[2], of: ids[3]), "a structure alike but not declared")
    #expect(registry.depth(ids[2]) == 2)
    #expect(registry.supertype(ids[2]) == ids[1])
    #expect(registry.supertype(ids[0]) == nil)
    #expect(registry.isFinal(ids[2]))
    #expect(!registry.isFinal(ids[1]))
    #expect(registry.matches(reference(ids[2]), .reference(.concrete(ids[0]), nullable: true)))
    #expect(registry.matches(reference(ids[2]), .reference(.structure, nullable: false)))
    #expect(!registry.matches(reference(ids[2]), .reference(.function, nullable: true)))
  }

  @Test func hierarchiesOfAbstractTypes() {
    let registry = TypeRegistry()
    let hierarchies: [[HeapType]] = [
      [.any, .eq, .i31, .none], [.any, .eq, .structure, .none], [.any, .eq, .array, .none], [.function, .noFunction],
      [.external, .noExternal], [.exception, .noException],
    ]
    let all: [HeapType] = [
      .any, .eq, .i31, .structure, .array, .none, .function, .noFunction, .external, .noExternal, .exception,
      .noException,
    ]
    for a in all {
      for b in all {
        let expected = hierarchies.contains {
          guard let lower = $0.firstIndex(of: a), let upper = $0.firstIndex(of: b) else { return false }
          return lower >= upper
        }
        #expect(registry.matches(a, b) == expected, "\(a) \(b)")
        #expect(registry.matches(.bottom, b))
      }
    }
    #expect(!registry.matches(ValueType.reference(.any, nullable: true), .reference(.any, nullable: false)))
    #expect(registry.matches(ValueType.bottom, .i32))
    #expect(!registry.matches(ValueType.i32, .i64))
  }

  @Test func matchingOfLimitsGlobalsAndTables() {
    let registry = TypeRegistry()
    #expect(Limits(minimum: 2, maximum: 3).matches(Limits(minimum: 1, maximum: 3)))
    #expect(Limits(minimum: 2, maximum: 3).matches(Limits(minimum: 2)))
    #expect(!Limits(minimum: 2).matches(Limits(minimum: 1, maximum: 3)))
    #expect(!Limits(minimum: 1).matches(Limits(minimum: 2)))
    let anyReference = ValueType.reference(.any, nullable: true)
    let eqReference = ValueType.reference(.eq, nullable: true)
    #expect(
      registry.matches(
        GlobalType(value: eqReference, isMutable: false), GlobalType(value: anyReference, isMutable: false)))
    #expect(
      !registry.matches(
        GlobalType(value: eqReference, isMutable: true), GlobalType(value: anyReference, isMutable: true)))
    #expect(
      !registry.matches(
        GlobalType(value: eqReference, isMutable: true), GlobalType(value: eqReference, isMutable: false)))
    let table = TableType(element: .function, limits: Limits(minimum: 1))
    #expect(registry.matches(table, table))
    #expect(
      !registry.matches(table, TableType(element: .function, limits: Limits(minimum: 1), addressType: .i64)))
    #expect(!registry.matches(table, TableType(element: .external, limits: Limits(minimum: 1))))
  }

  @Test func depthOfSubtypingIsLimited() {
    var sample = SampleModule()
    sample.type(structure(final: false))
    for index in 0..<63 { sample.type(structure(final: false, of: [UInt32(index)])) }
    #expect(sample.error() == nil)
    sample.type(structure(final: false, of: [63]))
    #expect(sample.error()?.kind == .limitExceeded)
  }

  @Test func typesOfAnInvalidModuleDoNotTrap() {
    var sample = SampleModule()
    sample.type(structure(reference(7), of: [9]))
    sample.type(structure(of: [1]))
    var registry = TypeRegistry()
    let ids = registry.register(sample.module)
    #expect(ids.count == 2)
    #expect(registry.isSubtype(ids[0], of: ids[0]))
    #expect(sample.error()?.begins(.invalid, "unknown type") == true)
  }

  @Test func releasedTypesGiveTheirIdsToOthers() {
    var a = SampleModule()
    a.type([.i32], [.i64])
    a.group([structure(reference(2)), structure(reference(1), .i32)])
    var b = SampleModule()
    b.type([.i32], [.i64])
    var c = SampleModule()
    c.group([structure(.i64), structure(reference(0), .f32)])
    c.type([.f64], [])
    var registry = TypeRegistry()
    let first = registry.register(a.module)
    let second = registry.register(b.module)
    registry.release(first)
    #expect(registry.functionType(second[0]) == FunctionType(parameters: [.i32], results: [.i64]))
    let third = registry.register(c.module)
    #expect(Set(third).isDisjoint(with: second))
    #expect(third.allSatisfy { $0 < 4 })
    #expect(registry.functionType(third[2]) == FunctionType(parameters: [.f64], results: []))
    guard case .structure(let fields) = registry.composite(third[1]) else {
      Issue.record("not a structure")
      return
    }
    #expect(fields.first?.storage == .value(reference(third[0])))
    let again = registry.register(a.module)
    #expect(again[0] == second[0])
    #expect(Set(again).isDisjoint(with: third))
    for ids in [second, third, again] { registry.release(ids) }
    #expect(registry.count == 0)
    registry.release(again)
    #expect(registry.register(b.module) == [0])
  }

  /// Registers and releases modules at random; each that is registered keeps ids of its own for types of its own.
  @Test func manyRegistrationsAndReleases() {
    var random = SystemRandomNumberGenerator()
    var registry = TypeRegistry()
    var live: [(module: Module, ids: [UInt32])] = []
    for _ in 0..<300 {
      if live.count > 10 || Bool.random(using: &random) && !live.isEmpty {
        registry.release(live.remove(at: Int.random(in: live.indices, using: &random)).ids)
      } else {
        var sample = SampleModule()
        var count: UInt32 = 0
        for _ in 0..<Int.random(in: 0...6, using: &random) {
          let number = Int.random(in: 0...5, using: &random)
          let other = count > 0 && Bool.random(using: &random) ? reference(count - 1) : .i32
          if Bool.random(using: &random) {
            sample.type(Array(repeating: .i64, count: number), [other])
            count += 1
          } else {
            sample.group([structure(reference(count + 1), other), structure(reference(count))])
            count += 2
          }
        }
        live.append((sample.module, registry.register(sample.module)))
      }
      var types: [UInt32: CompositeType] = [:]
      for (module, ids) in live {
        for (index, id) in ids.enumerated() {
          let composite = registry.composite(id)
          #expect(types[id] == nil || types[id] == composite)
          types[id] = composite
          if let type = module.types[index].functionType {
            #expect(composite == .function(registry.canonical(type, map: ids)))
          }
        }
        // Equal groups have equal ids, and others have others.
        var probe = registry
        #expect(probe.register(module) == ids)
      }
    }
    for (_, ids) in live { registry.release(ids) }
    #expect(registry.count == 0)
  }
}
