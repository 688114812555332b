;; An application with a memory of its own: the rain of a year in millimetres, and what is printed. It draws with the
;; renderer, whose canvas it copies straight into its own memory.
(module $application
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $file i32) (param $vectors i32) (param $count i32) (param $written i32) (result i32)))
  (import "text" "month" (func $month (param i32) (result i32 i32)))
  (import "text" "decimal" (func $decimal (param i32) (result i32 i32)))
  (import "renderer" "canvas" (memory $canvas 1))
  (import "renderer" "clear" (func $clear (param $height i32)))
  (import "renderer" "size" (func $size (result i32)))
  (import "renderer" "bar" (func $bar (param $row i32) (param $column i32) (param $length i32)))
  (import "renderer" "text" (func $text (param $from i32) (param $length i32) (param $row i32) (param $column i32)))

  (memory $own (export "memory") 1)
  ;; Sixteen bits a month.
  (data $rain (memory $own) (i32.const 64)
    "\87\00\72\00\5d\00\44\00\3a\00\2e\00\28\00\37\00\52\00\6e\00\85\00\93\00")

  (func $draw (param $row i32)
    (local $millimetres i32) (local $length i32)
    (local.set $millimetres (i32.load16_u $own offset=64 (i32.shl (local.get $row) (i32.const 1))))
    (local.set $length (i32.div_u (local.get $millimetres) (i32.const 3)))
    (call $text (call $month (local.get $row)) (local.get $row) (i32.const 0))
    (call $bar (local.get $row) (i32.const 4) (local.get $length))
    (call $text (call $decimal (local.get $millimetres))
      (local.get $row) (i32.add (local.get $length) (i32.const 5))))

  (func (export "_start")
    (local $row i32)
    (call $clear (i32.const 12))
    (loop $next
      (call $draw (local.get $row))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $row) (i32.const 12))))
    (memory.copy $own $canvas (i32.const 1024) (i32.const 0) (call $size))
    (i32.store $own (i32.const 0) (i32.const 1024))
    (i32.store $own (i32.const 4) (call $size))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
