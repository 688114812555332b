;; Two memories: names in one, amounts in the other. Run it as it is, or lower it for an engine that has one memory:
;;   polymnia lower ledger.wat -o ledger.wasm
(module
  (memory $names (export "names") 1)
  (memory $amounts 1)
  (data (memory $names) (i32.const 0) "rent\00food\00")
  (data (memory $amounts) (i32.const 0) "\84\03\00\00\2C\01\00\00")

  ;; The sum of the amounts up to `count`. Beyond the end of $amounts it traps.
  (func (export "total") (param $count i32) (result i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (local.set $sum (i32.add (local.get $sum) (i32.load $amounts (i32.shl (local.get $count) (i32.const 2)))))
        (br $next)))
    (local.get $sum))

  ;; Grows $names, which may move $amounts: nothing of it changes.
  (func (export "grow_names") (result i32) (memory.grow $names (i32.const 1)))

  (func (export "pages") (result i32 i32) (memory.size $names) (memory.size $amounts)))
