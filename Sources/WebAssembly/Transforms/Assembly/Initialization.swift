/// Which steps of instantiation a module can leave to the engine, and which its start function must do itself.
///
/// An engine writes all active element segments, then all active data segments, then calls the start function. Steps that
/// come in another order, because they are those of several modules one after the other, are kept for the engine as long
/// as nobody can tell the difference: a step that is certain to succeed may change places with others of its kind. From the
/// first one on that may not, segments are passive, and the start function writes them.
struct Initialization {
  /// By the place in ``ModuleParts/effects``: whether nothing can go wrong.
  let isCertain: [Bool]

  init(_ parts: ModuleParts, _ spaces: IndexSpaces) throws(ModuleError) {
    let values = try ConstantValues(parts.declarations, spaces)
    var isCertain: [Bool] = []
    isCertain.reserveCapacity(parts.effects.count)
    for effect in parts.effects {
      switch effect {
      case .element(let index):
        let segment = parts.declarations.elements[Int(index)]
        guard case .active(let table, let offset) = segment.mode else { isCertain.append(false); continue }
        let room = spaces.tables[Int(table)].limits.minimum
        isCertain.append(Self.fits(try values.value(of: offset), segment.items.count, room))
      case .data(let index):
        let segment = parts.declarations.data[Int(index)]
        guard case .active(let memory, let offset) = segment.mode else { isCertain.append(false); continue }
        let type = spaces.memories[Int(memory)]
        let (bytes, overflow) = type.limits.minimum.multipliedReportingOverflow(by: type.pageSize)
        isCertain.append(Self.fits(try values.value(of: offset), segment.range.count, overflow ? .max : bytes))
      case .fill: isCertain.append(true)
      case .check, .call: isCertain.append(false)
      }
    }
    self.isCertain = isCertain
  }

  private static func fits(_ offset: UInt64?, _ count: Int, _ room: UInt64) -> Bool {
    guard let offset else { return false }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
    return !overflow && end <= room
  }

  /// The steps that the start function must do: those from the result's place on.
  ///
  /// - Parameter kept: by the place in the effects: whether the step is there at all.
  func firstDeferred(of effects: [ModuleParts.Effect], kept: [Bool]) -> Int {
    var hasData = false
    var hasUncertainData = false
    for (place, effect) in effects.enumerated() where kept[place] {
      switch effect {
      case .element:
        // The engine writes it before the data that should come first.
        if hasUncertainData || (hasData && !isCertain[place]) { return place }
      case .data:
        hasData = true
        if !isCertain[place] { hasUncertainData = true }
      case .fill, .check, .call: return place
      }
    }
    return effects.count
  }
}
