// The typed pointers that multi_memory.h has for C++. `check` returns 0, or the line that is wrong.
#include "multi_memory.h"

MULTI_MEMORY(heap)
MULTI_MEMORY64(big)
MULTI_MEMORY_DECLARE("big=i64")

#define CHECK(condition) \
  if (!(condition)) return __LINE__;

template <class Pointer, class Count> static auto sum(Pointer pointer, Count count) {
  auto sum = *pointer - *pointer;
  for (auto end = pointer + count; pointer != end; ++pointer) sum += *pointer;
  return sum;
}

extern "C" __attribute__((export_name("check"))) int check() {
  multi_memory::pointer<heap_memory, uint32_t> words{16};
  multi_memory::pointer<big_memory, double> numbers{4096};
  for (uint32_t i = 0; i < 10; i++) words[i] = i * i;
  CHECK(sum(words, 10u) == 285)
  CHECK(heap_load_u32(16 + 4 * 9) == 81)
  *words = words[3];
  words[1] += 4;
  words[2] -= 1;
  CHECK(words[0] == 9 && words[1] == 5 && words[2] == 3)
  for (uint64_t i = 0; i < 10; i++) numbers[i] = double(i) / 2;
  CHECK(sum(numbers, 10ull) == 22.5)
  auto last = numbers + 9;
  --last;
  CHECK(*last == 4.0 && last == numbers + 8 && numbers < last && (last - 8) == numbers)
  multi_memory::pointer<heap_memory, int8_t> bytes{1000};
  *bytes = -7;
  CHECK(heap_load_u8(1000) == 249 && *bytes == -7)
  return 0;
}
