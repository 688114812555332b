// Primes to ten million with a segmented sieve of bits, and what is known about them.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 10000000u
#define SEGMENT 262144u

int main(void) {
  static uint32_t small[1000];
  unsigned count = 0;
  for (uint32_t n = 2; n * n <= LIMIT; n++) {
    int prime = 1;
    for (uint32_t d = 2; d * d <= n; d++)
      if (n % d == 0) prime = 0;
    if (prime) small[count++] = n;
  }
  static uint8_t bits[SEGMENT / 8];
  uint32_t primes = 0, twins = 0, last = 0, gap = 0, before = 0;
  uint64_t sum = 0;
  for (uint32_t base = 0; base < LIMIT; base += SEGMENT) {
    memset(bits, 0, sizeof bits);
    uint32_t end = base + SEGMENT < LIMIT ? base + SEGMENT : LIMIT;
    for (unsigned i = 0; i < count; i++) {
      uint32_t p = small[i], m = p * p > base ? p * p : (base + p - 1) / p * p;
      for (; m < end; m += p) bits[(m - base) >> 3] |= 1 << ((m - base) & 7);
    }
    for (uint32_t n = base < 2 ? 2 : base; n < end; n++) {
      if (bits[(n - base) >> 3] >> ((n - base) & 7) & 1) continue;
      primes++;
      sum += n;
      twins += n - last == 2 && last;
      if (last && n - last > gap) {
        gap = n - last;
        before = last;
      }
      last = n;
    }
  }
  printf("%u primes below %u, %u twins, the last %u\n", primes, LIMIT, twins, last);
  printf("sum %llu, widest gap %u after %u\n", (unsigned long long)sum, gap, before);
  return 0;
}
