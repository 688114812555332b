// Floating-point instructions (Core 3.0, 4.3.3).

extension HandlerTable {
  func addFloats() {
    set(.f32Add) { binary($0, $1, $2) { (a: Float, b: Float) in a + b } }
    set(.f32Add, .constantRight) {
      constantRight($0, $1, $2) { (a: Float, b) in a + Float(bitPattern: UInt32(bitPattern: b)) }
    }
    set(.f32Sub) { binary($0, $1, $2) { (a: Float, b: Float) in a - b } }
    set(.f32Sub, .constantRight) {
      constantRight($0, $1, $2) { (a: Float, b) in a - Float(bitPattern: UInt32(bitPattern: b)) }
    }
    set(.f32Sub, .constantLeft) {
      constantRight($0, $1, $2) { (a: Float, b) in Float(bitPattern: UInt32(bitPattern: b)) - a }
    }
    set(.f32Mul) { binary($0, $1, $2) { (a: Float, b: Float) in a * b } }
    set(.f32Mul, .constantRight) {
      constantRight($0, $1, $2) { (a: Float, b) in a * Float(bitPattern: UInt32(bitPattern: b)) }
    }
    set(.f32Div) { binary($0, $1, $2) { (a: Float, b: Float) in a / b } }
    set(.f32Div, .constantRight) {
      constantRight($0, $1, $2) { (a: Float, b) in a / Float(bitPattern: UInt32(bitPattern: b)) }
    }
    set(.f32Div, .constantLeft) {
      constantRight($0, $1, $2) { (a: Float, b) in Float(bitPattern: UInt32(bitPattern: b)) / a }
    }
    set(.f32Min) { binary($0, $1, $2) { (a: Float, b: Float) in Numerics.minimum(a, b) } }
    set(.f32Max) { binary($0, $1, $2) { (a: Float, b: Float) in Numerics.maximum(a, b) } }
    set(.f32Copysign) { binary($0, $1, $2) { (a: UInt32, b: UInt32) in Numerics.copySign(a, b) } }
    set(.f32Abs) { unary($0, $1, $2) { (a: UInt32) in Numerics.absolute(a) } }
    set(.f32Neg) { unary($0, $1, $2) { (a: UInt32) in Numerics.negate(a) } }
    set(.f32Ceil) { unary($0, $1, $2) { (a: Float) in Numerics.ceil(a) } }
    set(.f32Floor) { unary($0, $1, $2) { (a: Float) in Numerics.floor(a) } }
    set(.f32Trunc) { unary($0, $1, $2) { (a: Float) in Numerics.trunc(a) } }
    set(.f32Nearest) { unary($0, $1, $2) { (a: Float) in Numerics.nearest(a) } }
    set(.f32Sqrt) { unary($0, $1, $2) { (a: Float) in a.squareRoot() } }

    set(.f64Add) { binary($0, $1, $2) { (a: Double, b: Double) in a + b } }
    set(.f64Add, .constantRight) {
      constantRight64($0, $1, $2) { (a: Double, b) in a + Double(bitPattern: b) }
    }
    set(.f64Sub) { binary($0, $1, $2) { (a: Double, b: Double) in a - b } }
    set(.f64Sub, .constantRight) {
      constantRight64($0, $1, $2) { (a: Double, b) in a - Double(bitPattern: b) }
    }
    set(.f64Sub, .constantLeft) {
      constantRight64($0, $1, $2) { (a: Double, b) in Double(bitPattern: b) - a }
    }
    set(.f64Mul) { binary($0, $1, $2) { (a: Double, b: Double) in a * b } }
    set(.f64Mul, .constantRight) {
      constantRight64($0, $1, $2) { (a: Double, b) in a * Double(bitPattern: b) }
    }
    set(.f64Div) { binary($0, $1, $2) { (a: Double, b: Double) in a / b } }
    set(.f64Div, .constantRight) {
      constantRight64($0, $1, $2) { (a: Double, b) in a / Double(bitPattern: b) }
    }
    set(.f64Div, .constantLeft) {
      constantRight64($0, $1, $2) { (a: Double, b) in Double(bitPattern: b) / a }
    }
    set(.f64Min) { binary($0, $1, $2) { (a: Double, b: Double) in Numerics.minimum(a, b) } }
    set(.f64Max) { binary($0, $1, $2) { (a: Double, b: Double) in Numerics.maximum(a, b) } }
    set(.f64Copysign) { binary($0, $1, $2) { (a: UInt64, b: UInt64) in Numerics.copySign(a, b) } }
    set(.f64Abs) { unary($0, $1, $2) { (a: UInt64) in Numerics.absolute(a) } }
    set(.f64Neg) { unary($0, $1, $2) { (a: UInt64) in Numerics.negate(a) } }
    set(.f64Ceil) { unary($0, $1, $2) { (a: Double) in Numerics.ceil(a) } }
    set(.f64Floor) { unary($0, $1, $2) { (a: Double) in Numerics.floor(a) } }
    set(.f64Trunc) { unary($0, $1, $2) { (a: Double) in Numerics.trunc(a) } }
    set(.f64Nearest) { unary($0, $1, $2) { (a: Double) in Numerics.nearest(a) } }
    set(.f64Sqrt) { unary($0, $1, $2) { (a: Double) in a.squareRoot() } }
  }
}
