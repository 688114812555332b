/// Calls on stacks that are not the thread's.
extension Store {
  /// Calls into the store on a stack that the embedder has made, that of a fibre for instance: while `body` runs, code of this
  /// store may be called there too. On any other stack than the thread's own and those that it is told of, a store refuses
  /// calls (``UsageError/foreignStack``), since it cannot know where they end.
  ///
  /// The fibre may be left and entered again while `body` runs, on this thread. The calls of one store end in the opposite
  /// order in which they begin, also those on several stacks.
  ///
  /// Some 200 KB are wanted at least: what is below the lowest 160 KB, or the lower half of a smaller stack, is left to host
  /// functions. There has to be memory all the way down; the engine puts no guard page below.
  ///
  /// - Parameter stack: The whole stack, on which the caller must be.
  /// - Throws: ``UsageError/foreignStack`` where the caller is not on the stack; and what `body` throws.
  public func onStack<Result>(_ stack: UnsafeRawBufferPointer, _ body: () throws -> Result) throws -> Result {
    let low = UInt(bitPattern: stack.baseAddress)
    let bounds = StackBounds(low: low, high: low &+ UInt(clamping: stack.count))
    guard bounds.contains(ThreadStack.position) else { throw UsageError.foreignStack }
    // A fibre has a signal mask of its own.
    if context[StoreContext.takesFaultsOffset] != 0 { try ThreadStack.takeFaults() }
    givenStacks.append(bounds)
    // The first call finds out that it is on another stack, even where that is a part of the one before.
    let start = context[StoreContext.nativeStackStartOffset]
    let limit = context[StoreContext.nativeStackLimitOffset]
    context[StoreContext.nativeStackStartOffset] = 0
    defer {
      if let index = givenStacks.lastIndex(of: bounds) { givenStacks.remove(at: index) }
      context[StoreContext.nativeStackStartOffset] = start
      context[StoreContext.nativeStackLimitOffset] = limit
      InterruptWord.refreshLimit(context)
    }
    return try body()
  }

  /// The innermost stack that the store was told of and that an address is on.
  func givenStack(at position: UInt) -> StackBounds? { givenStacks.last { $0.contains(position) } }
}
