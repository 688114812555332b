// Several memories for Swift in its embedded form (no standard library at run time).
//
// This file declares the instructions of one memory, `heap`. For a further one copy it with another name after the `@`.
//
//   swiftc -target wasm32-unknown-none-wasm -enable-experimental-feature Embedded -enable-experimental-feature Extern \
//     -Xfrontend -disable-stack-protector -wmo -parse-as-library -Osize -c MultiMemory.swift program.swift -o program.o
//   wasm-ld --no-entry --export=first -o program.wasm program.o
//   polymnia bind-memories program.wasm -o bound.wasm --memory heap=export,min=1,max=100
//
// `@_extern(c)` is needed beside `@_extern(wasm, …)`: Swift's own calling convention has further parameters. What is not
// called is not in the module. Each call becomes one instruction. An address is a number, never a pointer: pointers are
// into memory 0.

@_extern(wasm, module: "multi_memory", name: "i32.load8_s@heap")
@_extern(c)
func heap_load_i8(_ address: UInt32) -> Int32
@_extern(wasm, module: "multi_memory", name: "i32.load8_u@heap")
@_extern(c)
func heap_load_u8(_ address: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "i32.load16_s@heap")
@_extern(c)
func heap_load_i16(_ address: UInt32) -> Int32
@_extern(wasm, module: "multi_memory", name: "i32.load16_u@heap")
@_extern(c)
func heap_load_u16(_ address: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "i32.load@heap")
@_extern(c)
func heap_load_u32(_ address: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "i64.load@heap")
@_extern(c)
func heap_load_u64(_ address: UInt32) -> UInt64
@_extern(wasm, module: "multi_memory", name: "f32.load@heap")
@_extern(c)
func heap_load_f32(_ address: UInt32) -> Float
@_extern(wasm, module: "multi_memory", name: "f64.load@heap")
@_extern(c)
func heap_load_f64(_ address: UInt32) -> Double

@_extern(wasm, module: "multi_memory", name: "i32.store8@heap")
@_extern(c)
func heap_store_u8(_ address: UInt32, _ value: UInt32)
@_extern(wasm, module: "multi_memory", name: "i32.store16@heap")
@_extern(c)
func heap_store_u16(_ address: UInt32, _ value: UInt32)
@_extern(wasm, module: "multi_memory", name: "i32.store@heap")
@_extern(c)
func heap_store_u32(_ address: UInt32, _ value: UInt32)
@_extern(wasm, module: "multi_memory", name: "i64.store@heap")
@_extern(c)
func heap_store_u64(_ address: UInt32, _ value: UInt64)
@_extern(wasm, module: "multi_memory", name: "f32.store@heap")
@_extern(c)
func heap_store_f32(_ address: UInt32, _ value: Float)
@_extern(wasm, module: "multi_memory", name: "f64.store@heap")
@_extern(c)
func heap_store_f64(_ address: UInt32, _ value: Double)

@_extern(wasm, module: "multi_memory", name: "memory.size@heap")
@_extern(c)
func heap_size() -> UInt32
/// The number of pages before, or `UInt32.max` where it cannot grow.
@_extern(wasm, module: "multi_memory", name: "memory.grow@heap")
@_extern(c)
func heap_grow(_ pages: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "memory.fill@heap")
@_extern(c)
func heap_fill(_ address: UInt32, _ byte: UInt32, _ count: UInt32)
@_extern(wasm, module: "multi_memory", name: "memory.copy@heap,heap")
@_extern(c)
func heap_copy(_ to: UInt32, _ from: UInt32, _ count: UInt32)
/// From `heap` to memory 0.
@_extern(wasm, module: "multi_memory", name: "memory.copy@0,heap")
@_extern(c)
func heap_read(_ to: UnsafeMutableRawPointer, _ from: UInt32, _ count: UInt32)
/// From memory 0 to `heap`.
@_extern(wasm, module: "multi_memory", name: "memory.copy@heap,0")
@_extern(c)
func heap_write(_ to: UInt32, _ from: UnsafeRawPointer, _ count: UInt32)
/// The index of `heap`, for far pointers.
@_extern(wasm, module: "multi_memory", name: "memory.index@heap")
@_extern(c)
func heap_index() -> UInt32

/// An address with the index of its memory. An index that no memory with 32-bit addresses has traps.
struct FarPointer {
  var memory: UInt32
  var address: UInt32

  var u8: UInt32 {
    get { far_load_u8(memory, address) }
    nonmutating set { far_store_u8(memory, address, newValue) }
  }
  var u32: UInt32 {
    get { far_load_u32(memory, address) }
    nonmutating set { far_store_u32(memory, address, newValue) }
  }
  var u64: UInt64 {
    get { far_load_u64(memory, address) }
    nonmutating set { far_store_u64(memory, address, newValue) }
  }

  static func + (pointer: FarPointer, bytes: UInt32) -> FarPointer {
    FarPointer(memory: pointer.memory, address: pointer.address &+ bytes)
  }
}

@_extern(wasm, module: "multi_memory", name: "i32.load8_u@*")
@_extern(c)
func far_load_u8(_ memory: UInt32, _ address: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "i32.load@*")
@_extern(c)
func far_load_u32(_ memory: UInt32, _ address: UInt32) -> UInt32
@_extern(wasm, module: "multi_memory", name: "i64.load@*")
@_extern(c)
func far_load_u64(_ memory: UInt32, _ address: UInt32) -> UInt64
@_extern(wasm, module: "multi_memory", name: "i32.store8@*")
@_extern(c)
func far_store_u8(_ memory: UInt32, _ address: UInt32, _ value: UInt32)
@_extern(wasm, module: "multi_memory", name: "i32.store@*")
@_extern(c)
func far_store_u32(_ memory: UInt32, _ address: UInt32, _ value: UInt32)
@_extern(wasm, module: "multi_memory", name: "i64.store@*")
@_extern(c)
func far_store_u64(_ memory: UInt32, _ address: UInt32, _ value: UInt64)
@_extern(wasm, module: "multi_memory", name: "memory.copy@*,*")
@_extern(c)
func far_copy(_ toMemory: UInt32, _ to: UInt32, _ fromMemory: UInt32, _ from: UInt32, _ count: UInt32)
