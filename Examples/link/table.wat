;; Prints a table of squares in words. The names come from another module, straight out of that module's memory:
;; one memory.copy from memory 0, which is imported, to memory 1, which is our own. No bytes pass through a host.
(module
  (import "numerals" "memory" (memory $theirs 1))
  (import "numerals" "name" (func $name (param i32) (result i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))

  ;; WASI uses the memory that is exported as "memory", whatever its index.
  (memory $ours (export "memory") 1)
  (data $squared (memory $ours) (i32.const 32) " squared is ")
  (data $newline (memory $ours) (i32.const 48) "\n")

  ;; Where the next character goes.
  (global $end (mut i32) (i32.const 64))

  (func $append_name (param $number i32)
    (local $address i32) (local $length i32)
    (call $name (local.get $number))
    (local.set $length)
    (local.set $address)
    (memory.copy $ours $theirs (global.get $end) (local.get $address) (local.get $length))
    (global.set $end (i32.add (global.get $end) (local.get $length))))

  (func $append (param $address i32) (param $length i32)
    (memory.copy $ours $ours (global.get $end) (local.get $address) (local.get $length))
    (global.set $end (i32.add (global.get $end) (local.get $length))))

  (func (export "_start")
    (local $number i32)
    (loop $next
      (call $append_name (local.get $number))
      (call $append (i32.const 32) (i32.const 12))
      (call $append_name (i32.mul (local.get $number) (local.get $number)))
      (call $append (i32.const 48) (i32.const 1))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $number) (i32.const 3))))
    (i32.store $ours (i32.const 0) (i32.const 64))
    (i32.store $ours (i32.const 4) (i32.sub (global.get $end) (i32.const 64)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
