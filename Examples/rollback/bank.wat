;; A bank whose transfers write first and check later: a transfer that turns out to be impossible is rolled back.
;; The accounts are in one memory, the number of transfers in another. Nothing here knows how to undo anything.
(module
  (memory $accounts 1)
  (memory $books 1)
  (data (memory $accounts) (i32.const 0) "\64\00\00\00\32\00\00\00\0a\00\00\00") ;; 100, 50, 10

  (func (export "balance") (param $account i32) (result i32)
    (i32.load $accounts (i32.mul (local.get $account) (i32.const 4))))

  (func (export "transfers") (result i32) (i32.load $books (i32.const 0)))

  ;; Traps where the first account has too little, when both have been changed already.
  (func (export "transfer") (param $from i32) (param $to i32) (param $amount i32)
    (local.set $from (i32.mul (local.get $from) (i32.const 4)))
    (local.set $to (i32.mul (local.get $to) (i32.const 4)))
    (i32.store $books (i32.const 0) (i32.add (i32.load $books (i32.const 0)) (i32.const 1)))
    (i32.store $accounts (local.get $to) (i32.add (i32.load $accounts (local.get $to)) (local.get $amount)))
    (i32.store $accounts (local.get $from) (i32.sub (i32.load $accounts (local.get $from)) (local.get $amount)))
    (if (i32.lt_s (i32.load $accounts (local.get $from)) (i32.const 0)) (then unreachable))))
