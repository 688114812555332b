;; A library that owns a memory: the English names of the numbers from 0 to 12.
(module
  (memory $names (export "memory") 1)
  ;; Each name in a field of 8 bytes, its length first.
  (data (memory $names) (i32.const 0)
    "\04zero\00\00\00" "\03one\00\00\00\00" "\03two\00\00\00\00" "\05three\00\00" "\04four\00\00\00"
    "\04five\00\00\00" "\03six\00\00\00\00" "\05seven\00\00" "\05eight\00\00" "\04nine\00\00\00"
    "\03ten\00\00\00\00" "\06eleven\00" "\06twelve\00")

  ;; Where a name stands in this module's memory, and its length.
  (func (export "name") (param $number i32) (result i32 i32)
    (i32.add (i32.shl (local.get $number) (i32.const 3)) (i32.const 1))
    (i32.load8_u $names (i32.shl (local.get $number) (i32.const 3)))))
