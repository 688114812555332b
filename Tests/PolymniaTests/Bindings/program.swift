// Calls every function that MultiMemory.swift declares. `check` returns 0, or the number of what is wrong.

@_cdecl("check")
public func check() -> Int32 {
  heap_store_u8(8, 200)
  heap_store_u16(10, 40000)
  guard heap_load_i8(8) == -56, heap_load_u8(8) == 200, heap_load_i16(10) == -25536, heap_load_u16(10) == 40000 else {
    return 1
  }
  heap_store_u32(12, 7)
  heap_store_u64(16, 1 << 40)
  heap_store_f32(24, 1.5)
  heap_store_f64(32, 2.5)
  guard heap_load_u32(12) == 7, heap_load_u64(16) == 1 << 40, heap_load_f32(24) == 1.5, heap_load_f64(32) == 2.5 else {
    return 2
  }
  guard heap_size() == 1, heap_grow(1) == 1, heap_grow(1) == .max, heap_size() == 2 else { return 3 }
  heap_fill(100, 5, 4)
  heap_copy(104, 102, 4)
  guard heap_load_u32(104) == 0x0505 else { return 4 }
  var value: UInt64 = 1234
  let copied = withUnsafeMutableBytes(of: &value) { bytes -> Bool in
    guard let start = bytes.baseAddress else { return false }
    heap_write(200, start, 8)
    heap_store_u32(200, heap_load_u32(200) &+ 1)
    heap_read(start, 200, 8)
    return true
  }
  guard copied, value == 1235 else { return 5 }
  let pointer = FarPointer(memory: heap_index(), address: 200)
  guard pointer.u64 == 1235, pointer.u8 == 0xD3, (pointer + 1).u32 == 4 else { return 6 }
  pointer.u8 = 1
  (pointer + 8).u64 = 99
  (pointer + 16).u32 = 98
  far_copy(heap_index(), 300, heap_index(), 208, 16)
  guard heap_load_u64(300) == 99, heap_load_u64(308) == 98, heap_load_u8(200) == 1 else { return 7 }
  return 0
}
