// Handlers that are no operator's own: moves, branches, selection, globals, references.

extension HandlerTable {
  /// Instructions that are made by the translator rather than written in a module.
  enum Special: Int, CaseIterable {
    /// `result, a`; the longer ones move several, one after the other
    case copy, copy2, copy3, copy4
    case copyVector
    /// `result, a, count`: slots, of which the first is not below the first of the results
    case copySlots
    /// `result, constant` (8 bytes)
    case constant
    /// `result, constant, constant` (8 bytes each)
    case constantVector
    /// `first slot, count of slots`
    case clear
    /// `first slot`
    case clear1, clear2
    /// `displacement`
    case branch, branchBack
    /// `a, displacement`: a is an i32
    case branchIf, branchIfBack, branchUnless, branchUnlessBack
    /// `a, displacement`: a is an i64 or a reference
    case branchIfZero64, branchIfZero64Back, branchIfNotZero64, branchIfNotZero64Back
    /// `index, count, displacement…`: one more displacement than `count`
    case branchTable
    /// `result, a, b, condition`
    case select, selectVector
    /// `result, offset in the context`
    case contextLoad, contextLoadVector
    /// `result, offset in the context of the pointer to the value`
    case contextLoadIndirect, contextLoadIndirectVector
    /// `value, offset in the context`
    case contextStore, contextStoreVector
    case contextStoreIndirect, contextStoreIndirectVector
    /// `result, offset in the context`: the address itself
    case contextAddress
    /// `result, record, shift`: memory.size
    case memorySize
    /// `units`
    case fuel
    /// Looks at the interrupt word.
    case look
    /// `newFrame, record`
    case call, callImported
    /// `newFrame, index, table record, type id`
    case callIndirect, callIndirect64
    /// `newFrame, reference`
    case callReference
    /// `newFrame, results, arguments, count, …` and then the operands of the call without `newFrame`
    case returnCall, returnCallImported, returnCallIndirect, returnCallIndirect64, returnCallReference
    case `return`
    /// `a, result`
    case returnOne
    /// `constant (8 bytes), result`
    case returnConstant
    /// Stubs: the end of an activation, a function that is not translated yet, a host function (`size of link and slots`)
    case exit, translate, host
    /// Fused pairs of operators
    case shiftAdd32
    case multiplyAdd64, multiplySubtract64, multiplySubtractFrom64
    case multiplyAdd32, multiplySubtract32, multiplySubtractFrom32
  }

  func addControl() {
    set(.copy) { pc, fp, context in
      UInt64.read(fp + operand(pc, 1)).write(fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.copy2) { pc, fp, context in
      UInt64.read(fp + operand(pc, 1)).write(fp + operand(pc, 0))
      UInt64.read(fp + operand(pc, 3)).write(fp + operand(pc, 2))
      return next(pc, 4, fp, context)
    }
    set(.copy3) { pc, fp, context in
      UInt64.read(fp + operand(pc, 1)).write(fp + operand(pc, 0))
      UInt64.read(fp + operand(pc, 3)).write(fp + operand(pc, 2))
      UInt64.read(fp + operand(pc, 5)).write(fp + operand(pc, 4))
      return next(pc, 6, fp, context)
    }
    set(.copy4) { pc, fp, context in
      UInt64.read(fp + operand(pc, 1)).write(fp + operand(pc, 0))
      UInt64.read(fp + operand(pc, 3)).write(fp + operand(pc, 2))
      UInt64.read(fp + operand(pc, 5)).write(fp + operand(pc, 4))
      UInt64.read(fp + operand(pc, 7)).write(fp + operand(pc, 6))
      return next(pc, 8, fp, context)
    }
    set(.copyVector) { pc, fp, context in
      copyVector(from: fp + operand(pc, 1), to: fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.copySlots) { pc, fp, context in
      var (target, source) = (fp + operand(pc, 0), fp + operand(pc, 1))
      let end = source + operand(pc, 2) * FrameLayout.slotSize
      while source < end {
        UInt64.read(source).write(target)
        source += FrameLayout.slotSize
        target += FrameLayout.slotSize
      }
      return next(pc, 3, fp, context)
    }
    set(.constant) { pc, fp, context in
      operand64(pc, 1).write(fp + operand(pc, 0))
      return next(pc, 3, fp, context)
    }
    set(.constantVector) { pc, fp, context in
      pc.loadUnaligned(fromByteOffset: 12, as: Vector.Bits.self).write(fp + operand(pc, 0))
      return next(pc, 5, fp, context)
    }
    set(.clear) { pc, fp, context in
      var slot = fp + operand(pc, 0)
      let end = slot + operand(pc, 1) * FrameLayout.slotSize
      while slot < end {
        (0 as UInt64).write(slot)
        slot += FrameLayout.slotSize
      }
      return next(pc, 2, fp, context)
    }
    set(.clear1) { pc, fp, context in
      (0 as UInt64).write(fp + operand(pc, 0))
      return next(pc, 1, fp, context)
    }
    set(.clear2) { pc, fp, context in
      (0 as UInt64).write(fp + operand(pc, 0))
      (0 as UInt64).write(fp + operand(pc, 0) + 8)
      return next(pc, 1, fp, context)
    }
    set(.select) { pc, fp, context in
      let a = UInt64.read(fp + operand(pc, 1))
      let b = UInt64.read(fp + operand(pc, 2))
      (UInt32.read(fp + operand(pc, 3)) != 0 ? a : b).write(fp + operand(pc, 0))
      return next(pc, 4, fp, context)
    }
    set(.selectVector) { pc, fp, context in
      let source = UInt32.read(fp + operand(pc, 3)) != 0 ? operand(pc, 1) : operand(pc, 2)
      copyVector(from: fp + source, to: fp + operand(pc, 0))
      return next(pc, 4, fp, context)
    }
    addBranches()
    addContextAccesses()
  }

  private func addBranches() {
    set(.unreachable) { trap(.unreachable, $0, $1, $2) }
    set(.branch) { pc, fp, context in execute(pc + operand(pc, 0), fp, context) }
    set(.branchBack) { pc, fp, context in branch(operand(pc, 0), back: true, pc, fp, context) }
    set(.branchIf) { branchIf($0, $1, $2) { (a: UInt32) in a != 0 } }
    set(.branchIfBack) { branchIf($0, $1, $2, back: true) { (a: UInt32) in a != 0 } }
    set(.branchUnless) { branchIf($0, $1, $2) { (a: UInt32) in a == 0 } }
    set(.branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: UInt32) in a == 0 } }
    set(.branchIfZero64) { branchIf($0, $1, $2) { (a: UInt64) in a == 0 } }
    set(.branchIfZero64Back) { branchIf($0, $1, $2, back: true) { (a: UInt64) in a == 0 } }
    set(.branchIfNotZero64) { branchIf($0, $1, $2) { (a: UInt64) in a != 0 } }
    set(.branchIfNotZero64Back) { branchIf($0, $1, $2, back: true) { (a: UInt64) in a != 0 } }
    set(.branchTable) { pc, fp, context in
      let index = min(UInt32.read(fp + operand(pc, 0)), operand32(pc, 1))
      return execute(pc + operand(pc, 2 &+ Int(index)), fp, context)
    }
    set(.fuel) { pc, fp, context in
      let store = VMContext(context).store
      let left = Int64(bitPattern: store[StoreContext.fuelOffset]) &- Int64(operand(pc, 0))
      store[StoreContext.fuelOffset] = UInt64(bitPattern: left)
      return left < 0 ? trap(.outOfFuel, pc, fp, context) : next(pc, 1, fp, context)
    }
    set(.look) { pc, fp, context in
      VMContext(context).store[StoreContext.interruptOffset] != 0
        ? interrupt(pc, fp, context) : next(pc, 0, fp, context)
    }
  }

  private func addContextAccesses() {
    set(.contextLoad) { pc, fp, context in
      UInt64.read(context + operand(pc, 1)).write(fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.contextLoadVector) { pc, fp, context in
      copyVector(from: context + operand(pc, 1), to: fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.contextLoadIndirect) { pc, fp, context in
      UInt64.read(VMContext(context).pointer(operand(pc, 1))).write(fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.contextLoadIndirectVector) { pc, fp, context in
      copyVector(from: VMContext(context).pointer(operand(pc, 1)), to: fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.contextStore) { pc, fp, context in
      UInt64.read(fp + operand(pc, 0)).write(context + operand(pc, 1))
      return next(pc, 2, fp, context)
    }
    set(.contextStoreVector) { pc, fp, context in
      copyVector(from: fp + operand(pc, 0), to: context + operand(pc, 1))
      return next(pc, 2, fp, context)
    }
    set(.contextStoreIndirect) { pc, fp, context in
      UInt64.read(fp + operand(pc, 0)).write(VMContext(context).pointer(operand(pc, 1)))
      return next(pc, 2, fp, context)
    }
    set(.contextStoreIndirectVector) { pc, fp, context in
      copyVector(from: fp + operand(pc, 0), to: VMContext(context).pointer(operand(pc, 1)))
      return next(pc, 2, fp, context)
    }
    set(.contextAddress) { pc, fp, context in
      UInt64(UInt(bitPattern: context + operand(pc, 1))).write(fp + operand(pc, 0))
      return next(pc, 2, fp, context)
    }
    set(.refIsNull) { unary($0, $1, $2) { (a: UInt64) in a == 0 } }
    set(.refEq) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in a == b } }
    // `a`: the value stays where it is.
    set(.refAsNonNull) { pc, fp, context in
      UInt64.read(fp + operand(pc, 0)) == 0
        ? trap(.nullReference, pc, fp, context) : next(pc, 1, fp, context)
    }
  }
}

@inline(__always)
private func copyVector(from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer) {
  // As one value: two narrow stores before the wide load of whoever reads it would stall.
  target.storeBytes(of: source.loadUnaligned(as: Vector.Bits.self), as: Vector.Bits.self)
}
