;; Marks a program, runs it, rolls it back, runs it again: the exit status is 42 if all bytes after the rollback are those
;; at the mark and all bytes after both runs are equal, else 3, 4 or 5 (see Scripts/instrument-rollback).
;; A program that ends itself with proc_exit ends this too.
;;
;; Two memories of its own keep the bytes at the mark and those after the first run.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "program" "_start" (func $start))
  (import "program" "polymnia.mark" (func $mark (result i32)))
  (import "program" "polymnia.rollback" (func $rollback (param i32) (result i32)))
  (import "program" "memory" (memory $program 0))
  (memory $before 1)
  (memory $after 1)
  (memory (export "memory") 0)

  (func $size (result i32) (i32.shl (memory.size $program) (i32.const 16)))

  (func $keepBefore
    (drop (memory.grow $before (memory.size $program)))
    (memory.copy $before $program (i32.const 0) (i32.const 0) (call $size)))

  (func $keepAfter
    (drop (memory.grow $after (memory.size $program)))
    (memory.copy $after $program (i32.const 0) (i32.const 0) (call $size)))

  ;; Whether the program's bytes are those at the mark, whose memory ended here, and zero behind them.
  (func $equalsBefore (param $end i32) (result i32)
    (local $at i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (call $size)) (then (return (i32.const 1))))
      (if (i64.ne
            (i64.load $program (local.get $at))
            (if (result i64) (i32.lt_u (local.get $at) (local.get $end))
              (then (i64.load $before (local.get $at)))
              (else (i64.const 0))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next))
    unreachable)

  ;; Whether they are those after the first run.
  (func $equalsAfter (result i32)
    (local $at i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (call $size)) (then (return (i32.const 1))))
      (if (i64.ne (i64.load $program (local.get $at)) (i64.load $after (local.get $at)))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next))
    unreachable)

  (func (export "_start")
    (local $position i32) (local $end i32)
    (local.set $position (call $mark))
    (call $keepBefore)
    (local.set $end (call $size))
    (call $start)
    (call $keepAfter)
    (if (call $rollback (local.get $position)) (then (call $exit (i32.const 3))))
    (if (i32.eqz (call $equalsBefore (local.get $end))) (then (call $exit (i32.const 4))))
    (call $start)
    (if (i32.eqz (call $equalsAfter)) (then (call $exit (i32.const 5))))
    (call $exit (i32.const 42))))
