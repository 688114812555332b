;; Draws the Mandelbrot set as text, with three memories that each hold one kind of thing:
;;
;;   memory 0  $text     what is printed; the only one that WASI sees
;;   memory 1  $image    the picture, one byte a pixel: how many steps a point took to escape
;;   memory 2  $palette  the characters from empty to full
;;
;; Each stage reads one memory and writes another, so no offsets have to be agreed on between them.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $file i32) (param $vectors i32) (param $count i32) (param $written i32) (result i32)))

  (memory $text (export "memory") 1)
  (memory $image 1)
  (memory $palette 1)

  ;; The address and length that fd_write is given stand at 0 and 4, its answer at 8, the text from 16 on.
  (data (memory $text) (i32.const 16) "The Mandelbrot set. Pixels in memory 1, palette in memory 2, text in memory 0.\n")
  (global $titleEnd i32 (i32.const 95))

  (data (memory $palette) (i32.const 0) " .:-=+*#%@")
  (global $shades i32 (i32.const 10))

  ;; In pixels. A character stands for a cell of 2 pixels by 4, since characters are taller than wide.
  (global $width i32 (i32.const 144))
  (global $height i32 (i32.const 112))
  (global $cellWidth i32 (i32.const 2))
  (global $cellHeight i32 (i32.const 4))
  (global $maximumSteps i32 (i32.const 120))

  ;; How often z² + c can be taken before z leaves the circle of radius 2.
  (func $escape (param $cx f64) (param $cy f64) (result i32)
    (local $x f64) (local $y f64) (local $steps i32) (local $xx f64) (local $yy f64)
    (loop $next
      (local.set $xx (f64.mul (local.get $x) (local.get $x)))
      (local.set $yy (f64.mul (local.get $y) (local.get $y)))
      (if (f64.gt (f64.add (local.get $xx) (local.get $yy)) (f64.const 4))
        (then (return (local.get $steps))))
      (local.set $y
        (f64.add (f64.mul (f64.mul (f64.const 2) (local.get $x)) (local.get $y)) (local.get $cy)))
      (local.set $x (f64.add (f64.sub (local.get $xx) (local.get $yy)) (local.get $cx)))
      (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $steps) (global.get $maximumSteps))))
    (local.get $steps))

  ;; Fills memory 1.
  (func $render
    (local $row i32) (local $column i32)
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (i32.store8 $image
          (i32.add (i32.mul (local.get $row) (global.get $width)) (local.get $column))
          (call $escape
            (f64.add
              (f64.const -2.15)
              (f64.mul (f64.convert_i32_u (local.get $column)) (f64.const 0.0201)))
            (f64.add
              (f64.const -1.2)
              (f64.mul (f64.add (f64.convert_i32_u (local.get $row)) (f64.const 0.5))
                (f64.const 0.02142857)))))
        (local.set $column (i32.add (local.get $column) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $column) (global.get $width))))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $row) (global.get $height)))))

  ;; How full a cell is: the mean over its pixels, where many steps count in full and few by their logarithm.
  (func $shade (param $row i32) (param $column i32) (result i32)
    (local $x i32) (local $y i32) (local $sum i32) (local $steps i32)
    (loop $rows
      (local.set $x (i32.const 0))
      (loop $columns
        (local.set $steps
          (i32.load8_u $image
            (i32.add
              (i32.mul (i32.add (local.get $row) (local.get $y)) (global.get $width))
              (i32.add (local.get $column) (local.get $x)))))
        (local.set $sum
          (i32.add
            (local.get $sum)
            (if (result i32) (i32.eq (local.get $steps) (global.get $maximumSteps))
              (then (i32.sub (global.get $shades) (i32.const 1)))
              (else (i32.sub (i32.const 32) (i32.clz (local.get $steps)))))))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $x) (global.get $cellWidth))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (global.get $cellHeight))))
    (i32.div_u (local.get $sum) (i32.mul (global.get $cellWidth) (global.get $cellHeight))))

  ;; Reads memory 1, looks up memory 2, writes memory 0 from an address on; returns the end.
  (func $compose (param $at i32) (result i32)
    (local $row i32) (local $column i32)
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (i32.store8 $text
          (local.get $at)
          (i32.load8_u $palette (call $shade (local.get $row) (local.get $column))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $column (i32.add (local.get $column) (global.get $cellWidth)))
        (br_if $columns (i32.lt_u (local.get $column) (global.get $width))))
      (i32.store8 $text (local.get $at) (i32.const 10))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $row (i32.add (local.get $row) (global.get $cellHeight)))
      (br_if $rows (i32.lt_u (local.get $row) (global.get $height))))
    (local.get $at))

  (func (export "_start")
    (call $render)
    (i32.store $text (i32.const 0) (i32.const 16))
    (i32.store $text (i32.const 4) (i32.sub (call $compose (global.get $titleEnd)) (i32.const 16)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
