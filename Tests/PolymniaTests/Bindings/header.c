/* Calls every function that multi_memory.h declares for a memory. `check` returns 0, or the line that is wrong. */
#include "multi_memory.h"

MULTI_MEMORY_DECLARE("heap=export,min=1,max=3")
MULTI_MEMORY_DECLARE("big=i64,min=1")
MULTI_MEMORY(heap)
MULTI_MEMORY_AS(second, 1)
MULTI_MEMORY64(big)
MULTI_MEMORY_BETWEEN(heap, heap)
MULTI_MEMORY_BETWEEN_AS(big_from_heap, "big", "heap", uint64_t, uint32_t, uint32_t)
MULTI_MEMORY_LOAD_AT(uint16_t, heap_low_at_8, "i32.load16_u", "heap", "8")
MULTI_MEMORY_STORE_AT(uint64_t, heap_set_at_8, "i64.store", "heap", "8")

#define CHECK(condition) \
  if (!(condition)) return __LINE__;

static uint8_t buffer[64];
static uint32_t variable;

#ifdef __wasm_atomics__
__attribute__((export_name("atomics"))) uint64_t atomics(void) {
  heap_atomic_store_u32(0, 1);
  heap_atomic_store_u64(8, 2);
  uint64_t sum = heap_atomic_add_u32(0, 1) + heap_atomic_sub_u32(0, 1) + heap_atomic_and_u32(0, 1);
  sum += heap_atomic_or_u64(8, 1) + heap_atomic_xor_u64(8, 1) + heap_atomic_exchange_u64(8, 5);
  sum += heap_atomic_compare_exchange_u32(0, 1, 2) + heap_atomic_load_u32(0) + heap_atomic_load_u64(8);
  return sum + heap_atomic_notify(0, 1) + (uint64_t)heap_atomic_wait_u32(0, 9, 1) +
         (uint64_t)heap_atomic_wait_u64(8, 9, 1);
}
#endif

#ifdef __wasm_simd128__
static int vectors(void) {
  multi_memory_v128 vector = {1, 2, 3, 4};
  heap_store_v128(512, vector + heap_load_v128(512));
  CHECK(heap_load_u32(516) == 2)
  return 0;
}
#endif

static int accesses(uint32_t at) {
  heap_store_i8(at, -2);
  CHECK(heap_load_i8(at) == -2 && heap_load_u8(at) == 254)
  heap_store_u8(at, 200);
  CHECK(heap_load_i8(at) == -56 && heap_load_u8(at) == 200)
  heap_store_i16(at, -3);
  CHECK(heap_load_i16(at) == -3 && heap_load_u16(at) == 65533)
  heap_store_u16(at, 40000);
  CHECK(heap_load_u16(at) == 40000 && heap_load_i16(at) == -25536)
  heap_store_i32(at, -4);
  CHECK(heap_load_i32(at) == -4 && heap_load_u32(at) == 0xFFFFFFFCu)
  heap_store_u32(at, 4000000000u);
  CHECK(heap_load_u32(at) == 4000000000u)
  heap_store_i64(at, -5);
  CHECK(heap_load_i64(at) == -5 && heap_load_u64(at) == 0xFFFFFFFFFFFFFFFBu)
  heap_store_u64(at, 1ull << 63);
  CHECK(heap_load_u64(at) == 1ull << 63)
  heap_store_f32(at, 1.5f);
  CHECK(heap_load_f32(at) == 1.5f && heap_load_u32(at) == 0x3FC00000u)
  heap_store_f64(at, -2.25);
  CHECK(heap_load_f64(at) == -2.25)
  CHECK(second_load_u64(at) == 0)
  second_store_u32(at, 7);
  CHECK(second_load_u32(at) == 7 && heap_load_f64(at) == -2.25)
  big_store_u64(at, 9);
  CHECK(big_load_u64(at) == 9)
  heap_set_at_8(at, 0x12345);
  CHECK(heap_low_at_8(at) == 0x2345 && heap_load_u32(at + 8) == 0x12345)
  return 0;
}

static int whole(void) {
  CHECK(heap_size() == 1 && heap_grow(1) == 1 && heap_grow(5) == 0xFFFFFFFFu && heap_size() == 2)
  CHECK(big_grow(1) == 1 && big_size() == 2)
  heap_fill(100, 5, 8);
  heap_copy(200, 102, 2);
  CHECK(heap_load_u32(200) == 0x0505)
  heap_copy_from_heap(204, 100, 4);
  CHECK(heap_load_u32(204) == 0x05050505)
  for (int i = 0; i < 64; i++) buffer[i] = (uint8_t)i;
  heap_write(300, buffer + 1, 8);
  CHECK(heap_load_u8(300) == 1 && heap_load_u8(307) == 8 && heap_load_u8(308) == 0)
  heap_read(buffer + 32, 301, 2);
  CHECK(buffer[32] == 2 && buffer[33] == 3 && buffer[34] == 34)
  big_from_heap(70000, 300, 4);
  CHECK(big_load_u32(70000) == 0x04030201)
  big_write(80000, buffer, 4);
  big_read(buffer, 70000, 4);
  CHECK(buffer[0] == 1 && big_load_u32(80000) == 0x03020100)
  return 0;
}

static int far(void) {
  far_pointer here = far_to(0, (uint32_t)&variable);
  far_pointer there = far_to(heap_index(), 400);
  far_store_u32(here, 77);
  CHECK(variable == 77 && far_load_u32(here) == 77)
  far_copy(there, here, 4);
  CHECK(heap_load_u32(400) == 77 && far_load_u8(there) == 77 && far_load_u16(far_add(there, -2)) == 0)
  far_fill(far_add(there, 4), 9, 2);
  CHECK(heap_load_u32(404) == 0x0909)
  far_store_f64(there, 0.5);
  far_store_i8(far_to(second_index(), 400), -1);
  CHECK(far_load_f64(there) == 0.5 && second_load_i8(400) == -1 && far_load_i8(there) == 0)
  CHECK(far_size(heap_index()) == 2 && far_grow(second_index(), 1) == 1 && second_size() == 2)
  return 0;
}

__attribute__((export_name("check"))) int check(void) {
  int wrong = accesses(64);
  if (wrong == 0) wrong = whole();
  if (wrong == 0) wrong = far();
#ifdef __wasm_simd128__
  if (wrong == 0) wrong = vectors();
#endif
  return wrong;
}
