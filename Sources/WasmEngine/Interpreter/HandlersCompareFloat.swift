// Floating-point comparisons, alone and joined with a branch. The translator exchanges the operands of gt and ge.

extension HandlerTable {
  func addFloatComparisons() {
    set(.f32Eq) { binary($0, $1, $2) { (a: Float, b: Float) in a == b } }
    set(.f32Eq, .branch) { branchIf($0, $1, $2) { (a: Float, b: Float) in a == b } }
    set(.f32Eq, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in a == b } }
    set(.f32Eq, .branchUnless) { branchIf($0, $1, $2) { (a: Float, b: Float) in !(a == b) } }
    set(.f32Eq, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in !(a == b) } }

    set(.f32Ne) { binary($0, $1, $2) { (a: Float, b: Float) in a != b } }
    set(.f32Ne, .branch) { branchIf($0, $1, $2) { (a: Float, b: Float) in a != b } }
    set(.f32Ne, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in a != b } }
    set(.f32Ne, .branchUnless) { branchIf($0, $1, $2) { (a: Float, b: Float) in !(a != b) } }
    set(.f32Ne, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in !(a != b) } }

    set(.f32Lt) { binary($0, $1, $2) { (a: Float, b: Float) in a < b } }
    set(.f32Lt, .branch) { branchIf($0, $1, $2) { (a: Float, b: Float) in a < b } }
    set(.f32Lt, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in a < b } }
    set(.f32Lt, .branchUnless) { branchIf($0, $1, $2) { (a: Float, b: Float) in !(a < b) } }
    set(.f32Lt, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in !(a < b) } }

    set(.f32Le) { binary($0, $1, $2) { (a: Float, b: Float) in a <= b } }
    set(.f32Le, .branch) { branchIf($0, $1, $2) { (a: Float, b: Float) in a <= b } }
    set(.f32Le, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in a <= b } }
    set(.f32Le, .branchUnless) { branchIf($0, $1, $2) { (a: Float, b: Float) in !(a <= b) } }
    set(.f32Le, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Float, b: Float) in !(a <= b) } }

    set(.f64Eq) { binary($0, $1, $2) { (a: Double, b: Double) in a == b } }
    set(.f64Eq, .branch) { branchIf($0, $1, $2) { (a: Double, b: Double) in a == b } }
    set(.f64Eq, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in a == b } }
    set(.f64Eq, .branchUnless) { branchIf($0, $1, $2) { (a: Double, b: Double) in !(a == b) } }
    set(.f64Eq, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in !(a == b) } }

    set(.f64Ne) { binary($0, $1, $2) { (a: Double, b: Double) in a != b } }
    set(.f64Ne, .branch) { branchIf($0, $1, $2) { (a: Double, b: Double) in a != b } }
    set(.f64Ne, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in a != b } }
    set(.f64Ne, .branchUnless) { branchIf($0, $1, $2) { (a: Double, b: Double) in !(a != b) } }
    set(.f64Ne, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in !(a != b) } }

    set(.f64Lt) { binary($0, $1, $2) { (a: Double, b: Double) in a < b } }
    set(.f64Lt, .branch) { branchIf($0, $1, $2) { (a: Double, b: Double) in a < b } }
    set(.f64Lt, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in a < b } }
    set(.f64Lt, .branchUnless) { branchIf($0, $1, $2) { (a: Double, b: Double) in !(a < b) } }
    set(.f64Lt, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in !(a < b) } }

    set(.f64Le) { binary($0, $1, $2) { (a: Double, b: Double) in a <= b } }
    set(.f64Le, .branch) { branchIf($0, $1, $2) { (a: Double, b: Double) in a <= b } }
    set(.f64Le, .branchBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in a <= b } }
    set(.f64Le, .branchUnless) { branchIf($0, $1, $2) { (a: Double, b: Double) in !(a <= b) } }
    set(.f64Le, .branchUnlessBack) { branchIf($0, $1, $2, back: true) { (a: Double, b: Double) in !(a <= b) } }

  }
}
