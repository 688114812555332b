import Foundation
import Testing
import WebAssembly

@testable import WasmEngine

/// The checker of allocations: it passes what the allocator does, and finds each kind of mistake in it.
struct RegisterAllocationTests {
  /// Looks for a key in a table of open addressing, as Go's and C++'s maps do: the loop has two ways out and one around,
  /// and the block of the way around is nothing but a jump.
  ///
  /// Moves into and out of such a block were once taken for simultaneous.
  private static let find = """
    (module
      (memory 1)
      (func (export "find") (param $key i32) (param $mask i32) (param $hash i32) (result i32)
        (local $slot i32) (local $step i32) (local $found i32) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
        (local.set $a (i64.extend_i32_u (local.get $key)))
        (local.set $b (i64.mul (local.get $a) (i64.const 0x9E3779B97F4A7C15)))
        (local.set $c (i64.rotl (local.get $b) (i64.const 17)))
        (local.set $d (i64.xor (local.get $c) (local.get $a)))
        (local.set $slot (i32.and (local.get $hash) (local.get $mask)))
        (block $done
          (loop $again
            (local.set $found (i32.load (i32.shl (local.get $slot) (i32.const 3))))
            (br_if $done (i32.eqz (local.get $found)))
            (if (i32.eq (local.get $found) (local.get $key))
              (then (return (i32.load offset=4 (i32.shl (local.get $slot) (i32.const 3))))))
            (local.set $step (i32.add (local.get $step) (i32.const 1)))
            (local.set $slot (i32.and (i32.add (local.get $slot) (local.get $step)) (local.get $mask)))
            (if (i32.gt_u (local.get $step) (local.get $mask)) (then (br $done)))
            (br $again)))
        (i32.wrap_i64 (i64.add (i64.add (local.get $a) (local.get $b)) (i64.sub (local.get $c) (local.get $d)))))
      (func (export "insert") (param $key i32) (param $mask i32) (param $value i32)
        (local $slot i32) (local $step i32) (local $found i32)
        (local.set $slot (i32.and (i32.mul (local.get $key) (i32.const 7)) (local.get $mask)))
        (loop $again
          (local.set $found (i32.load (i32.shl (local.get $slot) (i32.const 3))))
          (if (local.get $found) (then
            (local.set $step (i32.add (local.get $step) (i32.const 1)))
            (local.set $slot (i32.and (i32.add (local.get $slot) (local.get $step)) (local.get $mask)))
            (br $again))))
        (i32.store (i32.shl (local.get $slot) (i32.const 3)) (local.get $key))
        (i32.store offset=4 (i32.shl (local.get $slot) (i32.const 3)) (local.get $value))))
    """

  /// More values than registers, live through nested loops with calls, so that they are split and spilled.
  private static func crowded(_ count: Int) -> String {
    let locals = (0..<count).map { "$l\($0)" }
    let rotate = locals.indices.map { index in
      "(local.set \(locals[index]) (i32.add (local.get \(locals[(index * 5 + 1) % count])) (local.get \(locals[index]))))"
    }
    return """
      (module
        (memory 1)
        (func $leaf (param i32 f64) (result i32) (i32.add (local.get 0) (i32.trunc_f64_s (local.get 1))))
        (func (export "f") (param $n i32) (param $x f64) (result i32)
          (local $i i32) (local $v v128) (local $w v128) \(locals.map { "(local \($0) i32)" }.joined(separator: " "))
          (loop $outer
            \(rotate.joined(separator: "\n"))
            (local.set $v (i32x4.add (local.get $v) (local.get $w)))
            (loop $inner
              (local.set \(locals[0]) (i32.rotl (local.get \(locals[1])) (local.get \(locals[2]))))
              (if (i32.and (local.get $i) (i32.const 1))
                (then (local.set \(locals[3]) (call $leaf (local.get \(locals[4])) (local.get $x))))
                (else (local.set $w (i32x4.splat (i32.div_s (local.get \(locals[5])) (i32.const 3))))))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $inner (i32.lt_u (local.get $i) (local.get $n))))
            (local.set $x (f64.add (local.get $x) (f64.convert_i32_u (local.get $i))))
            (br_if $outer (i32.lt_u (local.get $i) (i32.mul (local.get $n) (i32.const 3)))))
          \(locals.map { "(local.get \($0))" }.joined(separator: " "))
          \(Array(repeating: "i32.xor", count: count - 1).joined(separator: " "))
          (i32.add (i32x4.extract_lane 1 (local.get $v)))))
      """
  }

  /// Values from before a loop that are wanted first thing in it and then, behind a call, only when it begins anew.
  private static let waiting = """
    (module
      (memory 1)
      (func $leaf (param i32) (result i32) (if (local.get 0) (then (return (i32.const 7)))) (unreachable))
      (func (export "f") (param $n i32) (param $v i32) (param $w i32) (result i32)
        (local $i i32)
        (loop $outer
          (i32.store8 offset=3 (local.get $w) (local.get $v))
          (local.set $i (i32.const 0))
          (loop $inner
            (i32.store offset=4 (local.get $n) (local.get $v))
            (local.set $i (i32.add (local.get $i) (call $leaf (local.get $i))))
            (br_if $inner (i32.lt_u (local.get $i) (i32.const 100))))
          (br_if $outer (i32.rem_u (call $leaf (local.get $i)) (i32.const 7))))
        (loop $again
          (local.set $i (i32.add (local.get $i) (i32.load8_u (local.get $w))))
          (local.set $i (call $leaf (i32.add (local.get $i) (i32.shl (local.get $n) (local.get $v)))))
          (br_if $again (i32.lt_u (local.get $i) (i32.const 7))))
        ;; Both ways bring a value to the slot of one parameter.
        (block $done (result i32)
          (br_if $done (i32.add (local.get $n) (i32.const 5)) (i32.lt_u (local.get $i) (local.get $w)))
          (drop)
          (i32.add (local.get $v) (i32.const 9)))
        (local.set $w)
        (drop (call $leaf (local.get $n)))
        (i32.add (local.get $i) (local.get $w))))
    """

  private func allocate(_ text: String) throws -> [(machine: MachineFunction, steps: [EmissionStep])] {
    let stages = try CompilerStages(text: text) { $0.features.insert(.wideArithmetic) }
    return try (0..<stages.count).compactMap { function in
      guard let ir = stages.stages(function).last?.ir else { return nil }
      let (machine, compiled) = try stages.generate(ir)
      return (machine, compiled.steps)
    }
  }

  @Test func allocationsAreProved() throws {
    for text in [Self.find, Self.waiting, Self.crowded(8), Self.crowded(24), Self.crowded(60), EverythingModule.text] {
      for (machine, steps) in try allocate(text) { #expect(AllocationChecker.mistakes(in: machine, steps) == []) }
    }
  }

  /// What is split behind the last thing that uses it in front of a loop with a call has lost its register already where
  /// that instruction writes it.
  @Test func splitsInTheMiddleOfAnInstruction() throws {
    let find = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fuzz/Finds/split-in-an-instruction.wat").standardizedFileURL
    for (machine, steps) in try allocate(try String(contentsOf: find, encoding: .utf8)) {
      #expect(AllocationChecker.mistakes(in: machine, steps) == [])
    }
  }

  /// Every move, spill and reload that is left out is missed somewhere: the checker follows all of them, and the allocator
  /// makes none for nothing.
  @Test func everyMoveThatIsLeftOutIsMissed() throws {
    var kinds: [EmissionStep.Kind: Int] = [:]
    var missed = 0
    var total = 0
    for (machine, steps) in try allocate(Self.find) + allocate(Self.crowded(24)) {
      for index in steps.indices where [.move, .store, .exchange].contains(steps[index].kind) {
        var fewer = steps
        fewer.remove(at: index)
        total += 1
        kinds[steps[index].kind, default: 0] += 1
        if !AllocationChecker.mistakes(in: machine, fewer).isEmpty { missed += 1 }
      }
    }
    #expect(kinds[.move, default: 0] > 20)
    #expect(kinds[.store, default: 0] > 5)
    // A slot that is filled again with what it holds is not missed.
    #expect(missed * 10 >= total * 8, "\(missed) of \(total)")
  }

  /// Callers find registers as they left them, on every way out of a function that uses them.
  @Test func whatCallersWantBackIsLookedFor() throws {
    var kinds: [EmissionStep.Kind: Int] = [:]
    for (machine, steps) in try allocate(Self.waiting) + allocate(Self.crowded(24)) + allocate(Self.leaving) {
      let entry = try #require(steps.firstIndex { $0.kind == .block })
      for index in steps.indices {
        let isKept = index < entry && steps[index].kind == .store
        let isBroughtBack =
          index > entry && steps[index].kind == .move && !steps[index].a.isRegister && steps[index - 1].index >= 0
          && machine.instructions[Int(steps[index - 1].index)].leaves && steps[index - 1].kind == .instruction
        guard isKept || isBroughtBack else { continue }
        kinds[steps[index].kind, default: 0] += 1
        var fewer = steps
        fewer.remove(at: index)
        let found = AllocationChecker.mistakes(in: machine, fewer)
        #expect(!found.isEmpty, "\(steps[index].text)")
        var other = steps
        other[index].d = isKept ? .slot(99) : .register(0)
        #expect(!AllocationChecker.mistakes(in: machine, other).isEmpty, "\(steps[index].text)")
      }
    }
    #expect(kinds[.store, default: 0] > 3 && kinds[.move, default: 0] > 3, "\(kinds)")
  }

  /// A function with values across calls in loops that is left by returns, by a tail call and by exceptions, and catches some.
  private static let leaving = """
    (module
      (tag $t (param i32))
      (func $leaf (param i32) (result i32) (if (local.get 0) (then (return (i32.const 7)))) (throw $t (i32.const 3)))
      (func $f (param $n i32) (result i32) (local $i i32) (local $c i32)
        (loop $again
          (local.set $i (i32.add (local.get $i) (local.get $n)))
          (if (i32.eq (local.get $i) (i32.const 70)) (then (return (local.get $i))))
          (if (i32.eq (local.get $i) (i32.const 71)) (then (return_call $f (local.get $c))))
          (local.set $c (i32.add (local.get $c) (call $leaf (local.get $i))))
          (br_if $again (i32.lt_u (local.get $i) (local.get $c))))
        (i32.add (local.get $i) (local.get $c)))
      (func (param $n i32) (result i32) (local $i i32) (local $c i32)
        (loop $again
          (local.set $i (i32.add (local.get $i) (local.get $n)))
          (local.set $c (i32.add (local.get $c)
            (block $caught (result i32)
              (try_table (catch $t $caught) (br $caught (call $leaf (local.get $i))))
              (unreachable))))
          (br_if $again (i32.lt_u (local.get $i) (local.get $c))))
        (return_call $f (i32.add (local.get $i) (local.get $c)))))
    """

  /// An operand that is read from another place is found.
  @Test func everyOperandIsLookedAt() throws {
    for (machine, steps) in try allocate(Self.find) {
      for index in steps.indices where steps[index].kind == .instruction {
        let instruction = machine.instructions[Int(steps[index].index)]
        for (register, place) in [(instruction.a, \EmissionStep.a), (instruction.b, \.b), (instruction.x, \.x)] {
          guard register.exists, !MachineInstruction.isReserved(register), steps[index][keyPath: place].isRegister
          else {
            continue
          }
          var other = steps
          other[index][keyPath: place] = .register(14)
          guard other[index][keyPath: place] != steps[index][keyPath: place] else { continue }
          let found = AllocationChecker.mistakes(in: machine, other)
          #expect(!found.isEmpty, "\(instruction.text)")
        }
      }
    }
  }

  /// The moves of the edges into a block come before those of the edge out of it, also where the block is one jump.
  @Test func movesThroughABlockThatIsOneJump() throws {
    var tried = 0
    for count in [8, 12, 16, 24] {
      for (machine, steps) in try allocate(Self.crowded(count)) + allocate(Self.find) {
        for block in machine.blocks where block.end == block.first + 1 {
          guard let jump = steps.firstIndex(where: { $0.kind == .instruction && $0.index == block.first }),
            let begin = steps[..<jump].lastIndex(where: { $0.kind == .block }), jump - begin > 2
          else { continue }
          // The other way round.
          var turned = steps
          turned[(begin + 1)..<jump].reverse()
          if !AllocationChecker.mistakes(in: machine, turned).isEmpty { tried += 1 }
        }
      }
    }
    #expect(tried > 0, "no block is one jump with moves that depend on each other")
  }

  /// What a call destroys does not survive it, and a block's parameter is not what it was the time before.
  @Test func valuesAcrossCallsAndEdges() throws {
    var machine = MachineFunction()
    machine.reset()
    let value = machine.newRegister(isVector: false)
    let parameter = machine.newRegister(isVector: false)
    func instruction(_ operation: MachineOperation, d: VirtualRegister = .none, a: VirtualRegister = .none)
      -> MachineInstruction
    {
      var result = MachineInstruction(operation)
      result.d = d
      result.a = a
      return result
    }
    var call = instruction(.callDirect)
    call.definitions = 1
    machine.instructions = [
      instruction(.move, d: value, a: VirtualRegister(Register.rdi)), instruction(.jump),
      call, instruction(.jump),
      instruction(.move, d: VirtualRegister(Register.rax), a: value), instruction(.ret),
    ]
    machine.instructions[5].opcode = 1
    machine.instructions[1].imm = 1
    machine.instructions[3].imm = 2
    machine.blocks = [
      MachineBlock(first: 0, end: 2, successors: (1, -1)), MachineBlock(first: 2, end: 4, successors: (2, -1)),
      MachineBlock(first: 4, end: 6),
    ]
    func step(_ index: Int32, d: Int8? = nil, a: Int8? = nil) -> EmissionStep {
      var step = EmissionStep(kind: .instruction, codeOffset: 0, index: index)
      if let d { step.d = .register(d) }
      if let a { step.a = .register(a) }
      return step
    }
    func block(_ index: Int32) -> EmissionStep { EmissionStep(kind: .block, codeOffset: 0, index: index) }
    func move(_ kind: EmissionStep.Kind, _ a: AllocatorMove.Place, _ d: AllocatorMove.Place) -> EmissionStep {
      var step = EmissionStep(kind: kind, codeOffset: 0)
      step.a = a
      step.d = d
      return step
    }
    let direct = [
      block(0), step(0, d: 3, a: 7), step(1), block(1), step(2), step(3), block(2), step(4, d: 0, a: 3), step(5),
    ]
    #expect(
      AllocationChecker.mistakes(in: machine, direct)
        == ["4: move.double d=rax a=v32 [d=rax a=rbx]: v32 is read from rbx, which holds nothing"])
    var saved = direct
    saved.insert(move(.store, .register(3), .slot(0)), at: 2)
    saved.insert(move(.move, .slot(0), .register(3)), at: 6)
    #expect(AllocationChecker.mistakes(in: machine, saved) == [])
    // A slot that is overwritten in between, by a vector in the slot in front of it too.
    var overwritten = saved
    overwritten[6] = move(.move, .slot(1), .register(3))
    overwritten[2] = move(.store, .register(3), .slot(1))
    #expect(AllocationChecker.mistakes(in: machine, overwritten) == [])
    var vector = move(.move, .register(16), .slot(0))
    vector.isVector = true
    overwritten.insert(vector, at: 3)
    #expect(AllocationChecker.mistakes(in: machine, overwritten).count == 1)
    // An instruction that is left out.
    var shorter = saved
    shorter.removeAll { $0.kind == .instruction && $0.index == 2 }
    #expect(AllocationChecker.mistakes(in: machine, shorter) == ["block 1: instruction 3 in the place of 2"])
    shorter = saved
    shorter.removeAll { $0.kind == .instruction && $0.index == 3 }
    #expect(AllocationChecker.mistakes(in: machine, shorter) == ["block 1 ends in front of instruction 3"])
    // A jump to somewhere else.
    machine.instructions[1].imm = 2
    #expect(AllocationChecker.mistakes(in: machine, saved).contains { $0.contains("goes on at block 2") })
    machine.instructions[1].imm = 1
    // The value under the name of a parameter.
    machine.registerPool = [value, parameter]
    machine.blocks[1].arguments = (0, 1)
    machine.blocks[2].parameters = (1, 1)
    machine.instructions[4].a = parameter
    #expect(AllocationChecker.mistakes(in: machine, saved) == [])
    machine.instructions[4].a = value
    machine.blocks[2].parameters = (0, 1)
    machine.registerPool = [parameter, value]
    machine.blocks[1].arguments = (0, 1)
    machine.blocks[2].parameters = (1, 1)
    #expect(AllocationChecker.mistakes(in: machine, saved).count == 1)
  }

  /// A function of one parameter in v32, which is compared and is the result whichever way is taken.
  private static func branching() -> MachineFunction {
    var machine = MachineFunction()
    machine.reset()
    let value = machine.newRegister(isVector: false)
    func result() -> [MachineInstruction] {
      var move = MachineInstruction(.move)
      (move.d, move.a) = (VirtualRegister(Register.rax), value)
      var ret = MachineInstruction(.ret)
      ret.opcode = 1
      return [move, ret]
    }
    var move = MachineInstruction(.move)
    (move.d, move.a) = (value, VirtualRegister(Register.rdi))
    var compare = MachineInstruction(.compare)
    (compare.a, compare.usesImmediate, compare.imm) = (value, true, 5)
    var jumpIf = MachineInstruction(.jumpIf)
    (jumpIf.sub, jumpIf.imm) = (Condition.equal.rawValue, 1)
    var jump = MachineInstruction(.jump)
    jump.imm = 2
    machine.instructions = [move, compare, jumpIf, jump] + result() + result()
    machine.blocks = [
      MachineBlock(first: 0, end: 4, successors: (1, 2)), MachineBlock(first: 4, end: 6),
      MachineBlock(first: 6, end: 8),
    ]
    return machine
  }

  /// Moves between a conditional jump and the jump behind it happen on one way only: the other, where the two were turned
  /// round.
  @Test func movesBehindAConditionalJump() throws {
    let machine = Self.branching()
    func mistakes(isTurned: Bool, _ first: Int8, _ second: Int8) -> [String] {
      var steps: [EmissionStep] = []
      for (index, instruction) in machine.instructions.enumerated() {
        if let block = machine.blocks.firstIndex(where: { Int($0.first) == index }) {
          steps.append(EmissionStep(kind: .block, codeOffset: 0, index: Int32(block)))
        }
        if index == 3 {
          var move = EmissionStep(kind: .move, codeOffset: 0)
          (move.a, move.d) = (.register(3), .register(6))
          steps.append(move)
          move.a = .register(9)
          move.d = .register(3)
          steps.append(move)
        }
        var step = EmissionStep(kind: .instruction, codeOffset: 0, index: Int32(index))
        step.isTurned = isTurned && (index == 2 || index == 3)
        if instruction.d.exists { step.d = .register(instruction.d.isPhysical ? 0 : 3) }
        if instruction.a.exists { step.a = .register(index == 0 ? 7 : index < 4 ? 3 : index < 6 ? first : second) }
        steps.append(step)
      }
      return AllocationChecker.mistakes(in: machine, steps)
    }
    #expect(mistakes(isTurned: false, 3, 6) == [])
    #expect(
      mistakes(isTurned: false, 6, 6) == [
        "4: move.double d=rax a=v32 [d=rax a=rsi]: v32 is read from rsi, which holds nothing"
      ])
    #expect(
      mistakes(isTurned: false, 3, 3) == [
        "6: move.double d=rax a=v32 [d=rax a=rbx]: v32 is read from rbx, which holds nothing"
      ])
    #expect(mistakes(isTurned: true, 6, 3) == [])
    #expect(mistakes(isTurned: true, 3, 6).count == 2)
  }

  /// The emitter does not turn jumps round between which there are moves: it would skip them.
  @Test func jumpsAreTurnedRoundWithoutMovesBetween() throws {
    let machine = Self.branching()
    for isMoved in [false, true] {
      var allocator = Allocator()
      let isAllocated = allocator.run(machine)
      try #require(isAllocated)
      if isMoved {
        // Something that nobody asks for.
        allocator.moves.append(AllocatorMove(position: 6, source: .register(8), target: .register(9)))
      }
      var emitter = Emitter(avx: false)
      emitter.recordsSteps = true
      emitter.machine = machine
      let emitted = emitter.emit(allocator, incomingStackBytes: 0)
      let compiled = try #require(emitted)
      #expect(compiled.steps.count { $0.isTurned } == (isMoved ? 0 : 2))
      #expect(compiled.steps.count { $0.kind == .move } == (isMoved ? 1 : 0))
      #expect(AllocationChecker.mistakes(in: machine, compiled.steps) == [])
    }
  }

  /// A constant 0 is made by `xor`, which writes the flags, but not between what sets and what reads them.
  @Test func nothingWritesOverFlags() throws {
    func compile(_ make: (inout MachineFunction, [VirtualRegister]) -> [MachineInstruction]) throws
      -> (machine: MachineFunction, steps: [EmissionStep])
    {
      var machine = MachineFunction()
      machine.reset()
      let values = (0..<3).map { _ in machine.newRegister(isVector: false) }
      for (value, register) in zip(values, [Register.rdi, .rsi]) {
        var move = MachineInstruction(.move)
        (move.d, move.a) = (value, VirtualRegister(register))
        machine.instructions.append(move)
      }
      machine.instructions += make(&machine, values)
      var move = MachineInstruction(.move)
      (move.d, move.a) = (VirtualRegister(Register.rax), values[1])
      var ret = MachineInstruction(.ret)
      ret.opcode = 1
      machine.instructions += [move, ret]
      machine.blocks = [MachineBlock(first: 0, end: Int32(machine.instructions.count))]
      var allocator = Allocator()
      let isAllocated = allocator.run(machine)
      try #require(isAllocated)
      var emitter = Emitter(avx: false)
      emitter.recordsSteps = true
      emitter.machine = machine
      let emitted = emitter.emit(allocator, incomingStackBytes: 0)
      return (machine, try #require(emitted).steps)
    }
    func arithmetic(_ operation: Arithmetic, _ a: VirtualRegister, _ b: VirtualRegister) -> MachineInstruction {
      var result = MachineInstruction(.arithmetic)
      (result.size, result.sub, result.d, result.a, result.b) = (.quad, operation.rawValue, a, a, b)
      return result
    }
    func zero(_ d: VirtualRegister) -> MachineInstruction {
      var result = MachineInstruction(.moveConstant)
      result.d = d
      return result
    }
    func set(_ condition: Condition, _ d: VirtualRegister) -> MachineInstruction {
      var result = MachineInstruction(.set)
      (result.sub, result.d) = (condition.rawValue, d)
      return result
    }
    func compare(_ a: VirtualRegister) -> MachineInstruction {
      var result = MachineInstruction(.compare)
      (result.a, result.usesImmediate, result.imm) = (a, true, 5)
      return result
    }
    // Sums and differences of two words.
    for (low, high) in [(Arithmetic.add, Arithmetic.adc), (.sub, .sbb)] {
      let (machine, steps) = try compile { _, values in
        [arithmetic(low, values[0], values[0]), zero(values[2]), arithmetic(high, values[1], values[2])]
      }
      #expect(AllocationChecker.mistakes(in: machine, steps) == [], "\(high)")
    }
    // Behind the last reader it may be `xor`, and is; in front of it the checker knows what that would be.
    var (machine, steps) = try compile { _, values in
      [
        compare(values[0]), zero(values[2]), set(.less, values[1]), arithmetic(.add, values[1], values[2]),
        zero(values[2]),
        arithmetic(.add, values[1], values[2]),
      ]
    }
    #expect(AllocationChecker.mistakes(in: machine, steps) == [])
    let zeros = steps.indices.filter { steps[$0].operation == .moveConstant }
    #expect(zeros.map { steps[$0].writesFlags } == [false, true])
    steps[zeros[0]].writesFlags = true
    #expect(
      AllocationChecker.mistakes(in: machine, steps).map { $0.hasSuffix("or something has written over") } == [true])
    // A shift in between, flags of a sum that are not its carry, and flags of nothing.
    (machine, steps) = try compile { _, values in
      var shift = MachineInstruction(.shiftConstant)
      (shift.d, shift.a, shift.sub, shift.imm) = (values[0], values[0], Shift.shl.rawValue, 1)
      return [compare(values[0]), shift, set(.below, values[1]), arithmetic(.add, values[1], values[0])]
    }
    #expect(AllocationChecker.mistakes(in: machine, steps).count == 1)
    (machine, steps) = try compile { _, values in
      [arithmetic(.add, values[0], values[0]), set(.equal, values[1]), arithmetic(.add, values[1], values[0])]
    }
    #expect(AllocationChecker.mistakes(in: machine, steps).count == 1)
    (machine, steps) = try compile { _, values in [set(.below, values[1]), arithmetic(.add, values[1], values[0])] }
    #expect(AllocationChecker.mistakes(in: machine, steps).count == 1)
  }

  @Test(.enabled(if: MachineCode.isAvailable, "no compiler for this machine"))
  func theHashTableFindsWhatIsThere() throws {
    var configuration = Engine.Configuration()
    configuration.tier = .compiler
    configuration.checksCompiler = true
    let engine = Engine(configuration)
    let instance = try Linker(Store(engine)).instantiate(try engine.compile(text: Self.find))
    let insert = try instance.function("insert", as: (Int32, Int32, Int32).self, returning: Void.self)
    let find = try instance.function("find", as: (Int32, Int32, Int32).self, returning: Int32.self)
    for key in Int32(1)...90 { try insert(key, 127, key * 10) }
    for key in Int32(1)...90 { #expect(try find(key, 127, key * 7) == key * 10) }
    #expect(try find(1000, 127, 7000) != 10_000)
    #expect(engine.compilerFaults == [])
  }
}
