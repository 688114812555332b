/* One sort for any memory. `sort` is plain C, compiled once, for memory 0. polymnia dispatch makes `sort@*` of it, whose
 * first operand is the index of the memory to work on, and puts it in the place of the import below. run.sh does it all.
 */
#include "multi_memory.h"

MULTI_MEMORY_DECLARE("numbers=min=1")
MULTI_MEMORY_DECLARE("letters=min=1")
MULTI_MEMORY_DECLARE("scores=export,min=1")
MULTI_MEMORY(numbers)
MULTI_MEMORY(letters)
MULTI_MEMORY(scores)

#define EXPORT(name) __attribute__((export_name(name)))

/* A heap sort. */
EXPORT("sort") void sort(uint32_t *values, uint32_t count) {
  for (uint32_t start = count / 2, end = count; end > 1;) {
    if (start > 0) {
      start--;
    } else {
      uint32_t last = values[--end];
      values[end] = values[0];
      values[0] = last;
    }
    uint32_t root = start, value = values[root], child;
    while ((child = 2 * root + 1) < end) {
      if (child + 1 < end && values[child + 1] > values[child]) child++;
      if (values[child] <= value) break;
      values[root] = values[child];
      root = child;
    }
    values[root] = value;
  }
}

/* The same for the memory of an index, at an address in it. */
MULTI_MEMORY_SPECIALIZED("sort@*") void sort_in(uint32_t memory, uint32_t address, uint32_t count);

enum { COUNT = 1000 };
static uint32_t here[COUNT];

/* Fills the memory of an index with numbers without order, sorts them, and says whether they are sorted. */
EXPORT("check") uint32_t check(uint32_t memory, uint32_t seed) {
  far_pointer start = far_to(memory, memory == 0 ? (uint32_t)here : 256);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    seed = seed * 1664525u + 1013904223u;
    far_store_u32(far_add(start, (int32_t)(4 * i)), seed);
    sum += seed;
  }
  sort_in(memory, start.address, COUNT);
  uint32_t last = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    uint32_t value = far_load_u32(far_add(start, (int32_t)(4 * i)));
    if (value < last) return 0;
    last = value;
    sum -= value;
  }
  return sum == 0;
}

/* All four: 1111 if each is sorted. */
EXPORT("check_all") uint32_t check_all(void) {
  return 1000 * check(0, 1) + 100 * check(numbers_index(), 2) + 10 * check(letters_index(), 3) +
         check(scores_index(), 4);
}

/* An index that no memory has: traps. */
EXPORT("check_none") void check_none(void) { sort_in(4, 0, COUNT); }
