/// A place in the code of one function that branches and addresses can name before it is known.
struct Label: Hashable {
  var index: UInt32
}

/// The bytes of one function's machine code while they are written, with labels and the places that wait for them.
///
/// Knows nothing of any instruction set but that displacements are 32 bits, counted from their own end plus `trailing`.
struct MachineCodeBuffer: ~Copyable {
  /// Of the section that is being written, as are the count and the capacity.
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int
  /// The section that is not being written.
  private var other: (bytes: UnsafeMutablePointer<UInt8>, count: Int, capacity: Int)
  private(set) var isInColdSection = false
  /// Marks positions in the cold section until the sections are joined.
  private static let coldMark = 1 << 30
  /// The position of each label, or -1 until it is bound.
  private var positions: [Int32] = []
  private var fixups: [Fixup] = []

  private struct Fixup {
    var position: Int32
    var label: Label
    /// What the distance is counted from.
    var origin: Int32
    /// Whether there is one byte for it.
    var isNear = false
  }

  /// Whether a jump that was written as a near one leads farther than it can.
  private(set) var isOutOfReach = false
  /// Whether there is something that no instruction can say, or more code than positions can count, so that the bytes are
  /// no code.
  private(set) var isRefused = false
  private(set) var isTooLarge = false
  /// The most bytes of a section, so that positions in either are told apart by ``coldMark`` and those of both together
  /// have 31 bits.
  private let limit: Int

  init(capacity: Int = 4096, limit: Int = 1 << 29) {
    self.capacity = max(capacity, 64)
    self.limit = limit
    bytes = .allocate(capacity: self.capacity)
    other = (.allocate(capacity: 256), 0, 256)
  }

  deinit {
    bytes.deallocate()
    other.bytes.deallocate()
  }

  /// Forgets everything but the memory, for the next function.
  mutating func reset() {
    writeSection(cold: false)
    count = 0
    other.count = 0
    positions.removeAll(keepingCapacity: true)
    fixups.removeAll(keepingCapacity: true)
    isOutOfReach = false
    isRefused = false
    isTooLarge = false
  }

  /// Notes that a number does not fit into its field.
  mutating func refuse() { isRefused = true }

  /// Makes room for one instruction (at most 15 bytes here, 16 for data).
  @inline(__always)
  mutating func reserve() {
    if capacity - count < 16 { grow() }
  }

  @inline(never)
  private mutating func grow() {
    if capacity >= limit {
      // What follows is written over the beginning, and nobody gets to see it.
      isRefused = true
      isTooLarge = true
      count = 0
      return
    }
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
    larger.update(from: bytes, count: count)
    bytes.deallocate()
    bytes = larger
    capacity *= 2
  }

  /// Appends a byte; the room is reserved already.
  @inline(__always)
  mutating func byte(_ value: UInt8) {
    bytes[count] = value
    count &+= 1
  }

  /// Appends a little-endian word; the room is reserved already.
  @inline(__always)
  mutating func word<Word: FixedWidthInteger>(_ value: Word) {
    UnsafeMutableRawPointer(bytes + count).storeBytes(of: value.littleEndian, as: Word.self)
    count &+= MemoryLayout<Word>.size
  }

  mutating func makeLabel() -> Label {
    positions.append(-1)
    return Label(index: UInt32(positions.count - 1))
  }

  mutating func bind(_ label: Label) { positions[Int(label.index)] = Int32(position) }

  // MARK: Sections

  /// Where code is being written. ``joinSections()`` returns what is to be done to such positions then.
  var position: Int { isInColdSection ? count | Self.coldMark : count }

  /// What is written from now on is code that runs rarely, or is not.
  mutating func writeSection(cold: Bool) {
    guard cold != isInColdSection else { return }
    isInColdSection = cold
    let current = (bytes, count, capacity)
    (bytes, count, capacity) = other
    other = current
  }

  /// Puts the cold section behind the other one. Positions from before change by the result.
  mutating func joinSections() -> JoinedSections {
    writeSection(cold: false)
    let joined = JoinedSections(coldStart: count)
    guard other.count > 0 else { return joined }
    while !isRefused, capacity - count < other.count + 16 { grow() }
    if isRefused { return joined }
    (bytes + count).update(from: other.bytes, count: other.count)
    count += other.count
    other.count = 0
    for index in positions.indices where positions[index] >= 0 {
      positions[index] = Int32(joined.position(Int(positions[index])))
    }
    for index in fixups.indices {
      fixups[index].position = Int32(joined.position(Int(fixups[index].position)))
      fixups[index].origin = Int32(joined.position(Int(fixups[index].origin)))
    }
    return joined
  }

  /// Where things are once the sections are joined.
  struct JoinedSections {
    fileprivate var coldStart: Int

    func position(_ position: Int) -> Int {
      position & coldMark == 0 ? position : position & ~coldMark + coldStart
    }
  }

  /// The distance of a jump of two bytes from here, if that reaches a label that is bound.
  @inline(__always)
  func shortDistance(to label: Label) -> UInt8? {
    // In the same section: a label of the other one lies more than that ahead of or behind the mark.
    let distance = Int(positions[Int(label.index)]) - (self.position + 2)
    guard positions[Int(label.index)] >= 0, distance >= -128, distance < 0 else { return nil }
    return UInt8(bitPattern: Int8(distance))
  }

  func position(of label: Label) -> Int? {
    let position = positions[Int(label.index)]
    return position < 0 ? nil : Int(position)
  }

  /// Appends four bytes that will hold the distance to a label. `trailing` bytes of the same instruction follow them.
  mutating func displacement(to label: Label, trailing: Int = 0) {
    fixups.append(Fixup(position: Int32(position), label: label, origin: Int32(position + 4 + trailing)))
    word(Int32(0))
  }

  /// Appends one byte that will hold the distance to a label, which is thought to be near.
  @inline(__always)
  mutating func nearDisplacement(to label: Label) {
    fixups.append(Fixup(position: Int32(position), label: label, origin: Int32(position + 1), isNear: true))
    byte(0)
  }

  /// Appends an entry of a jump table: the distance from the table's beginning, which is bound.
  mutating func tableEntry(_ label: Label, relativeTo table: Label) {
    fixups.append(Fixup(position: Int32(position), label: label, origin: positions[Int(table.index)]))
    word(Int32(0))
  }

  /// Appends zeros up to a multiple of a power of two.
  mutating func align(_ alignment: Int) {
    while count & (alignment - 1) != 0 {
      reserve()
      byte(0)
    }
  }

  /// Fills in all displacements. False if a label was never bound, or one that was thought to be near is not.
  mutating func resolve() -> Bool {
    if isRefused { return false }
    for fixup in fixups {
      let target = positions[Int(fixup.label.index)]
      guard target >= 0 else { return false }
      if fixup.isNear {
        guard let distance = Int8(exactly: target &- fixup.origin) else {
          isOutOfReach = true
          return false
        }
        bytes[Int(fixup.position)] = UInt8(bitPattern: distance)
        continue
      }
      UnsafeMutableRawPointer(bytes + Int(fixup.position))
        .storeBytes(of: target &- fixup.origin, as: Int32.self)
    }
    fixups.removeAll(keepingCapacity: true)
    return true
  }
}
