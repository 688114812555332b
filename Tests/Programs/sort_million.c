// Sorts a million numbers with three algorithms and checks that they agree.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 1000000

static uint32_t state = 2463534242u;
static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static void radix_sort(uint32_t *a, uint32_t *scratch, size_t n) {
  for (int shift = 0; shift < 32; shift += 8) {
    size_t start[257] = {0};
    for (size_t i = 0; i < n; i++) start[((a[i] >> shift) & 255) + 1]++;
    for (int i = 0; i < 256; i++) start[i + 1] += start[i];
    for (size_t i = 0; i < n; i++) scratch[start[(a[i] >> shift) & 255]++] = a[i];
    memcpy(a, scratch, n * sizeof *a);
  }
}

static void sift(uint32_t *a, size_t root, size_t n) {
  for (;;) {
    size_t child = 2 * root + 1;
    if (child >= n) return;
    if (child + 1 < n && a[child + 1] > a[child]) child++;
    if (a[root] >= a[child]) return;
    uint32_t t = a[root];
    a[root] = a[child];
    a[child] = t;
    root = child;
  }
}

static void heap_sort(uint32_t *a, size_t n) {
  for (size_t i = n / 2; i-- > 0;) sift(a, i, n);
  for (size_t end = n; end-- > 1;) {
    uint32_t t = a[0];
    a[0] = a[end];
    a[end] = t;
    sift(a, 0, end);
  }
}

static int compare(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

int main(void) {
  uint32_t *original = malloc(COUNT * sizeof *original);
  uint32_t *a = malloc(COUNT * sizeof *a), *b = malloc(COUNT * sizeof *b), *c = malloc(COUNT * sizeof *c);
  for (size_t i = 0; i < COUNT; i++) original[i] = next();
  memcpy(a, original, COUNT * sizeof *a);
  memcpy(b, original, COUNT * sizeof *b);
  memcpy(c, original, COUNT * sizeof *c);
  qsort(a, COUNT, sizeof *a, compare);
  heap_sort(b, COUNT);
  radix_sort(c, original, COUNT);
  uint64_t sum = 0;
  for (size_t i = 0; i < COUNT; i++) sum = sum * 31 + a[i];
  printf("first %u middle %u last %u\n", a[0], a[COUNT / 2], a[COUNT - 1]);
  printf("checksum %llu\n", (unsigned long long)sum);
  printf("heap agrees: %d, radix agrees: %d\n", !memcmp(a, b, COUNT * sizeof *a), !memcmp(a, c, COUNT * sizeof *a));
  return 0;
}
