(module
  (memory $data 1)
  (memory $weights 1)
  (func $sum (export "sum") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (loop $again
      (local.set $s
        (i32.add (local.get $s)
          (i32.mul (i32.load $data (local.get $i)) (i32.load $weights (local.get $i)))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $s)))
