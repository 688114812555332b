/// Which registers each block finds whose values are read in it or behind it, for ``AllocationChecker``, which forgets all
/// others where paths meet: most values live shortly, and without that what is known grows with the square of a function.
///
/// It is made of the instructions alone, and takes as much time as its result is long (Brandner, Boissinot and others
/// 2011). A register too many does no harm; of one too few nothing would be known where it is read.
struct LiveEntries {
  /// One block's registers behind the other's, each block's in order.
  private(set) var registers: [UInt32] = []
  private var starts: [Int32] = []

  func range(_ block: Int) -> Range<Int> { Int(starts[block])..<Int(starts[block + 1]) }

  private struct Place {
    var register: UInt32
    var block: Int32
  }

  init(_ machine: MachineFunction) {
    let (uses, definitions) = Self.places(machine)
    let (predecessors, predecessorStarts, landings) = Self.predecessors(machine)
    let parameterBlocks = Self.parameterBlocks(machine)
    var found: [Place] = []
    // The register that a block was last found to have, and to write.
    var visited = [UInt32](repeating: .max, count: machine.blocks.count)
    var written = [UInt32](repeating: .max, count: machine.blocks.count)
    var pending: [Int32] = []
    var next = 0
    var nextWritten = 0
    while next < uses.count {
      let register = uses[next].register
      while nextWritten < definitions.count, definitions[nextWritten].register <= register {
        if definitions[nextWritten].register == register { written[Int(definitions[nextWritten].block)] = register }
        nextWritten += 1
      }
      while next < uses.count, uses[next].register == register {
        pending.append(uses[next].block)
        next += 1
      }
      while let block = pending.popLast() {
        guard visited[Int(block)] != register else { continue }
        visited[Int(block)] = register
        found.append(Place(register: register, block: block))
        // A parameter comes to be where its block begins; what it is made of is read where the edges begin.
        if parameterBlocks[Int(register)] == block { continue }
        for index in predecessorStarts[Int(block)]..<predecessorStarts[Int(block) + 1] {
          let predecessor = predecessors[Int(index)]
          // An exception may come before the block has written it.
          if written[Int(predecessor)] != register || landings[Int(index)] { pending.append(predecessor) }
        }
      }
    }
    // By block.
    starts = [Int32](repeating: 0, count: machine.blocks.count + 1)
    for place in found { starts[Int(place.block) + 1] += 1 }
    for block in machine.blocks.indices { starts[block + 1] += starts[block] }
    var ends = starts
    registers = [UInt32](repeating: 0, count: found.count)
    for place in found {
      registers[Int(ends[Int(place.block)])] = place.register
      ends[Int(place.block)] += 1
    }
  }

  /// By register, the block that it is a parameter of; -1 where there is none.
  private static func parameterBlocks(_ machine: MachineFunction) -> [Int32] {
    var result = [Int32](repeating: -1, count: machine.isVector.count)
    for (index, block) in machine.blocks.enumerated() {
      for parameter in Int(block.parameters.start)..<Int(block.parameters.start + block.parameters.count) {
        result[machine.registerPool[parameter].index] = Int32(index)
      }
    }
    return result
  }

  /// Where registers are read that the block has not written before, and where they are written, by register.
  private static func places(_ machine: MachineFunction) -> (uses: [Place], definitions: [Place]) {
    var uses: [Place] = []
    var definitions: [Place] = []
    // The block that has last read a register from before, and written it.
    var read = [Int32](repeating: -1, count: machine.isVector.count)
    var written = [Int32](repeating: -1, count: machine.isVector.count)
    func use(_ register: UInt32, _ block: Int32) {
      guard read[Int(register)] != block, written[Int(register)] != block else { return }
      read[Int(register)] = block
      uses.append(Place(register: register, block: block))
    }
    for (index, block) in machine.blocks.enumerated() {
      let number = Int32(index)
      for instruction in machine.instructions[Int(block.first)..<Int(block.end)] {
        if instruction.a.exists { use(instruction.a.id, number) }
        if instruction.b.exists { use(instruction.b.id, number) }
        if instruction.x.exists { use(instruction.x.id, number) }
        // What callees preserve is read by the caller.
        let fixed = instruction.fixedReads | (instruction.leaves ? MachineInstruction.preserved : 0)
        for register in UInt32(0)..<32 where fixed & 1 << register != 0 { use(register, number) }
        instruction.forEachDefinition { register in
          guard written[register.index] != number else { return }
          written[register.index] = number
          definitions.append(Place(register: register.id, block: number))
        }
      }
      for argument in 0..<Int(block.arguments.count) {
        use(machine.registerPool[Int(block.arguments.start) + argument].id, number)
      }
    }
    return (sorted(uses, machine.isVector.count), sorted(definitions, machine.isVector.count))
  }

  /// By register, as they come otherwise.
  private static func sorted(_ places: [Place], _ count: Int) -> [Place] {
    var starts = [Int32](repeating: 0, count: count + 1)
    for place in places { starts[Int(place.register) + 1] += 1 }
    for register in 0..<count { starts[register + 1] += starts[register] }
    var result = places
    for place in places {
      result[Int(starts[Int(place.register)])] = place
      starts[Int(place.register)] += 1
    }
    return result
  }

  /// From where each block is come to, and whether that is by an exception.
  private static func predecessors(_ machine: MachineFunction) -> ([Int32], [Int32], [Bool]) {
    var starts = [Int32](repeating: 0, count: machine.blocks.count + 1)
    for block in machine.blocks.indices { machine.forEachSuccessorOrLanding(block) { starts[$0 + 1] += 1 } }
    for block in machine.blocks.indices { starts[block + 1] += starts[block] }
    var ends = starts
    var predecessors = [Int32](repeating: 0, count: Int(starts[machine.blocks.count]))
    var landings = [Bool](repeating: false, count: predecessors.count)
    for block in machine.blocks.indices {
      machine.forEachSuccessorOrLanding(block) { successor in
        predecessors[Int(ends[successor])] = Int32(block)
        landings[Int(ends[successor])] = Int(machine.blocks[block].landing) == successor
        ends[successor] += 1
      }
    }
    return (predecessors, starts, landings)
  }
}
