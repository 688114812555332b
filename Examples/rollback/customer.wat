;; Uses the instrumented bank. A transfer that fails throws here, as a host would see a trap: it asks first whether the
;; transfer went well by trying it, and rolls the bank back where it did not want the outcome.
(module
  (import "bank" "balance" (func $balance (param i32) (result i32)))
  (import "bank" "transfers" (func $transfers (result i32)))
  (import "bank" "transfer" (func $transfer (param i32 i32 i32)))
  (import "bank" "polymnia.mark" (func $mark (result i32)))
  (import "bank" "polymnia.rollback" (func $rollback (param i32) (result i32)))

  ;; The balances of the three accounts and the number of transfers: before, after two transfers, and after a rollback
  ;; of the second one.
  (func (export "day") (result i32 i32 i32 i32  i32 i32 i32 i32  i32 i32 i32 i32)
    (local $mark i32)
    (call $state)
    (call $transfer (i32.const 0) (i32.const 1) (i32.const 30))
    (local.set $mark (call $mark))
    (call $transfer (i32.const 1) (i32.const 2) (i32.const 80))
    (call $state)
    (drop (call $rollback (local.get $mark)))
    (call $state))

  (func $state (result i32 i32 i32 i32)
    (call $balance (i32.const 0)) (call $balance (i32.const 1)) (call $balance (i32.const 2)) (call $transfers)))
