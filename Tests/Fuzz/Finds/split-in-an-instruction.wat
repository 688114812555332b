;; A value that a loop with a call sends to memory was split behind its last use before, in the middle of the instruction
;; that used it, and was copied from its register only when that instruction had written it.
(module
  (type (;0;) (func (param i64)))
  (type (;1;) (func))
  (type (;2;) (func (param f64 f64 i64) (result i32)))
  (type (;3;) (func (param v128 v128 f32 v128)))
  (type (;4;) (func (param f64 v128) (result i32 i64 v128 i64 v128)))
  (type (;5;) (func (param i64 i32 i32)))
  (type (;6;) (func (param i32 f32 v128) (result f64)))
  (type (;7;) (func (param f32 v128 i32)))
  (type (;8;) (func (param f64) (result f64)))
  (type (;9;) (func (result f32 v128 i32)))
  (type (;10;) (func (result v128 i64)))
  (type (;11;) (func (result i64 exnref)))
  (type (;12;) (func (param i32 i32 i32 i32) (result i32 i32 i32 i32)))
  (type (;13;) (func (param i32 i32 i32) (result i32 i32 i32)))
  (type (;14;) (func (param v128 i32)))
  (type (;15;) (func (param f64)))
  (type (;16;) (func (param f64) (result i64 f64)))
  (import "host" "f" (func (;0;) (type 3) (param v128 v128 f32 v128)))
  (import "host" "f" (func (;1;) (type 2) (param f64 f64 i64) (result i32)))
  (import "host" "m0" (memory (;0;) 2 5))
  (tag (;0;) (type 0) (param i64))
  (tag (;1;) (type 7) (param f32 v128 i32))
  (func (;4;) (type 1)
    (local i32 f64 i64 f32 v128 i32 f64 i64 i32 i64 i64 i32 i64 i64 i32 i32 i32 i32 v128 i64 i32 i64 v128 i32 i32 f32 f32 i32 f64 i32 f32 i32 f64 f32 i32 f64 f64 f64 f64 f64 f64 f32 exnref f32 v128 f32 f32 exnref i32 f64 f32 f32 v128 v128 f32 i32 i32 i32 f64 f64 f64 f32 f32 f32 f64 f64)
    loop
      local.get 7
      local.set 13
      i32.const 6812
      local.get 9
      i64.store offset=5293 align=1
      local.get 13
      local.set 10
      local.get 19
      local.set 13
      i32.const 0
      local.get 16
      local.get 11
      loop (type 13) (param i32 i32 i32) (result i32 i32 i32)
        local.set 11
        local.set 16
        local.set 15
        local.get 10
        i64.extend8_s
        local.set 7
        i32.const 15000
        local.get 10
        i64.store offset=6624 align=1
        f64.const 0.0
        i32.const 0
        if (type 16) (param f64) (result i64 f64)
          local.set 6
          i64.const 0
          local.set 9
          loop
            i64.const 0
            local.set 19
            i64.const 0
            local.set 12
            f64.const 0.0
            f64.const 0.0
            i64.const 0
            call 1
            local.set 23
            local.get 34
            local.tee 34
            br_if 0
          end
          i64.const 0
          f64.const 0.0
        else
          i32.const 2097
          i32.load16_s align=1
          if (type 15) (param f64)
            drop
            i32.const 0
            i32.const 0
            local.set 14
            local.set 17
          else
            local.set 6
          end
          i64.const 0
          local.set 21
          i64.const 0
          f64.const 0.0
        end
        local.set 1
        drop
        i32.const 0
        local.get 16
        local.get 11
      end
      local.set 11
      i32.gt_s
      br_if 0
    end
    block
      block (result i64)
        block (result i64)
          block (type 9) (result f32 v128 i32)
            try_table (result i32) (catch 1 0) (catch 0 1) (catch 0 2)
              i32.const 0
              if
                f32.const 0.0
                v128.const i32x4 0x0 0x0 0x0 0x0
                i32.const 0
                throw 1
              end
              i32.const 0
            end
            br 3
          end
          br 2
        end
      end
      drop
      local.get 11
      local.set 17
      local.get 23
      local.set 20
    end
    i32.const 12093
    local.get 12
    i64.store offset=7045 align=1
    i32.const 11592
    local.get 13
    i64.store offset=111 align=1
    i32.const 15048
    local.get 14
    i32.store offset=2482 align=1
    i32.const 11513
    local.get 17
    i32.store offset=3884 align=1
    i32.const 14424
    local.get 20
    i32.store offset=2256 align=1
    i32.const 2188
    local.get 21
    i64.store offset=6895 align=1)
)