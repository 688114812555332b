;; A renderer with a memory of its own: a canvas of characters, on which it draws bars, and text that it takes straight
;; from the memory of the text library.
(module $renderer
  (import "text" "memory" (memory $letters 1))
  (memory $canvas (export "canvas") 1)

  ;; In characters. Each line ends with a line feed.
  (global $width (export "width") i32 (i32.const 64))
  (global $height (mut i32) (i32.const 0))

  (func $address (param $row i32) (param $column i32) (result i32)
    (i32.add (i32.mul (local.get $row) (global.get $width)) (local.get $column)))

  ;; Makes an empty canvas of so many lines.
  (func (export "clear") (param $height i32)
    (local $row i32)
    (global.set $height (local.get $height))
    (memory.fill $canvas (i32.const 0) (i32.const 32) (call $address (local.get $height) (i32.const 0)))
    (loop $next
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (i32.store8 $canvas (i32.sub (call $address (local.get $row) (i32.const 0)) (i32.const 1)) (i32.const 10))
      (br_if $next (i32.lt_u (local.get $row) (local.get $height)))))

  ;; The size of the canvas in bytes.
  (func (export "size") (result i32) (call $address (global.get $height) (i32.const 0)))

  (func (export "bar") (param $row i32) (param $column i32) (param $length i32)
    (memory.fill $canvas (call $address (local.get $row) (local.get $column)) (i32.const 35) (local.get $length)))

  ;; Draws text that stands in the text library's memory.
  (func (export "text") (param $from i32) (param $length i32) (param $row i32) (param $column i32)
    (memory.copy $canvas $letters
      (call $address (local.get $row) (local.get $column)) (local.get $from) (local.get $length)))

  ;; Nobody needs it: what nothing can come to is not linked.
  (func (export "frame") (param $character i32)
    (memory.fill $canvas (i32.const 0) (local.get $character) (global.get $width))))
