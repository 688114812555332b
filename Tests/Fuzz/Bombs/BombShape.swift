/// A body that is the product of two things: so many of one, and so many of the other within or beside each. Work and memory
/// of every part of the engine must grow with its length and not with the product.
struct BombShape {
  /// What a body can have much of.
  enum Dimension: String, CaseIterable {
    // Around the others.
    case blocks, loops, ifs, tries, wideBlocks
    // One beside the other.
    case sets, rotations, branches, returns, tables, selections, constants, accesses, calls, wideCalls, recursions
    case throwing, handlers, globals, bulk, vectors, divisions

    var isNest: Bool {
      switch self {
      case .blocks, .loops, .ifs, .tries, .wideBlocks: true
      case .sets, .rotations, .branches, .returns, .tables, .selections, .constants, .accesses, .calls, .wideCalls,
        .recursions, .throwing, .handlers, .globals, .bulk, .vectors, .divisions:
        false
      }
    }
  }

  var first: Dimension
  var second: Dimension
  var firstCount: Int
  var secondCount: Int
  /// Whether each level of a nest has some of the other dimension, and not only the innermost one; or, without a nest,
  /// whether all is in a loop.
  var isSpread: Bool

  var name: String { "\(firstCount) \(first) x \(secondCount) \(second)" + (isSpread ? ", spread" : "") }

  private static let locals = 2000
  /// The arity of what is wide.
  private static let width = 400

  var text: String {
    let memories = String(repeating: "(memory 1)", count: 100)
    let types = String(repeating: "i32 ", count: Self.width)
    let gets = (0..<Self.width).map { "local.get \($0) " }.joined()
    let locals = (2..<2 + Self.locals).map { "local.get \($0) " }.joined()
    return """
      (module \(memories)
        (type $wide (func (param \(types)) (result \(types))))
        (tag $t) (tag $p (param i32)) (global $g (mut i32) (i32.const 0))
        (func $leaf (loop $l (br_if $l (i32.const 0))))
        (func $widely (type $wide) \(gets))
        (func $source (result \(types)) \(String(repeating: "i32.const 1 ", count: Self.width)))
        (func $sink (param \(types)))
        (func $f (export "run") (param i32 i32) (result i32) (local \(String(repeating: "i32 ", count: Self.locals)) v128)
          block
          \(body)
          end
          \(locals)
          \(String(repeating: "i32.xor ", count: Self.locals - 1))))
      """
  }

  private var body: String {
    if first.isNest {
      if second.isNest { return nest(first, firstCount, nest(second, secondCount, piece(.sets, 0))) }
      return isSpread ? spread() : nest(first, firstCount, pieces(second, 0..<secondCount, depth: firstCount))
    }
    var text = ""
    for index in 0..<max(firstCount, secondCount) {
      if index < firstCount { text += piece(first, index) }
      if index < secondCount { text += piece(second, index) }
    }
    return isSpread ? "loop block \(text) end local.get 0 br_if 0 end" : text
  }

  private func pieces(_ dimension: Dimension, _ range: Range<Int>, depth: Int) -> String {
    range.map { piece(dimension, $0, depth: depth) + "\n" }.joined()
  }

  private func nest(_ dimension: Dimension, _ count: Int, _ inner: String) -> String {
    String(repeating: open(dimension), count: count) + inner + String(repeating: close(dimension), count: count)
  }

  private func spread() -> String {
    var text = ""
    let half = (secondCount + 1) / 2
    func part(_ level: Int) -> Range<Int> { half * level / firstCount..<half * (level + 1) / firstCount }
    for level in 0..<firstCount { text += open(first) + pieces(second, part(level), depth: level + 1) }
    for level in (0..<firstCount).reversed() {
      text += pieces(second, part(level), depth: level + 1) + close(first)
    }
    return text
  }

  private func open(_ dimension: Dimension) -> String {
    switch dimension {
    case .blocks: "block "
    case .loops: "loop "
    case .ifs: "local.get 0 if "
    case .tries: "block try_table (catch_all 0) "
    default: "call $source block (type $wide) "
    }
  }

  private func close(_ dimension: Dimension) -> String {
    switch dimension {
    case .blocks, .ifs: "end\n"
    case .loops: "local.get 1 br_if 0 end\n"
    case .tries: "end end\n"
    default: "end call $sink\n"
    }
  }

  /// One piece, in so many constructs of the nest, which leaves the stack as it was.
  private func piece(_ dimension: Dimension, _ index: Int, depth: Int = 1) -> String {
    let local = 2 + index % Self.locals
    let other = 2 + index * 7 % Self.locals
    let isWide = first == .wideBlocks
    switch dimension {
    case .sets: return "local.get \(other) i32.const \(index) i32.add local.set \(local) "
    case .rotations: return "local.get \(local) local.get \(other) local.set \(local) local.set \(other) "
    case .branches: return "local.get \(other) br_if \(index % depth) "
    case .returns: return "local.get \(other) if local.get \(local) return end "
    case .tables:
      let labels = (0..<20).map { "\(($0 + index) % depth + 1) " }.joined()
      return "local.get \(other) if \(isWide ? "call $source " : "")local.get \(other) br_table \(labels) end "
    case .selections: return "local.get 0 local.get \(local) local.get \(other) select local.set \(local) "
    case .constants: return "i64.const \(index * 0x1_0000_0001) i32.wrap_i64 local.set \(local) "
    case .accesses:
      return "local.get \(other) i32.load \(index % 100) offset=\(index) local.set \(local) "
        + "local.get 0 local.get \(local) i32.store \(index * 3 % 100) offset=\(index) "
    case .calls: return "call $leaf "
    case .wideCalls: return "call $source call $widely call $sink "
    case .recursions: return "local.get \(other) local.get \(local) call $f local.set \(local) "
    case .throwing: return "local.get \(other) if throw $t end "
    case .handlers:
      return
        "block block (result i32) try_table (catch $p 0) (catch $t 1) (catch_all 1) call $leaf end br 1 end drop end "
    case .globals: return "global.get $g local.get \(other) i32.add global.set $g "
    case .bulk: return "local.get 0 local.get 1 local.get \(other) memory.copy \(index % 100) \(index * 7 % 100) "
    case .vectors:
      let vector = 2 + Self.locals
      return "local.get \(vector) local.get \(vector) i32x4.add local.get \(other) i32x4.splat i8x16.swizzle "
        + "local.set \(vector) "
    case .divisions: return "local.get \(other) local.get \(local) i32.div_u local.set \(local) "
    case .blocks, .loops, .ifs, .tries, .wideBlocks: return open(dimension) + close(dimension)
    }
  }
}
