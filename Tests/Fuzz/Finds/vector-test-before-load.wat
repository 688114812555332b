(module
  (memory (export "m") 1)
  (func (export "f") (param v128 i32) (result i32)
    (if (result i32)
      (select (i32.load16_u offset=40 (local.get 1)) (i32.const 14) (i32x4.all_true (local.get 0)))
      (then (i32.const 1)) (else (i32.const 2)))))
