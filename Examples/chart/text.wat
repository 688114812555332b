;; A text library with a memory of its own: the names of the months, and a place where numbers are written.
(module $text
  (memory $letters (export "memory") 1)
  ;; Three letters a month, in fields of four bytes.
  (data (memory $letters) (i32.const 0) "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ")

  ;; Where the digits of a number end.
  (global $digits_end i32 (i32.const 80))

  ;; Where a month's name stands in this module's memory, and its length.
  (func (export "month") (param $number i32) (result i32 i32)
    (i32.shl (local.get $number) (i32.const 2))
    (i32.const 3))

  ;; Writes a number in decimal; where it stands in this module's memory, and its length.
  (func (export "decimal") (param $number i32) (result i32 i32)
    (local $at i32)
    (local.set $at (global.get $digits_end))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 $letters (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $next (local.get $number)))
    (local.get $at)
    (i32.sub (global.get $digits_end) (local.get $at))))
