// SHA-256 of known texts, of a million letters, and of a file.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const uint32_t prime_parts(int n, int cube) {
  // The first 32 bits of the fraction of a root of the n-th prime, by bisection on integers.
  int found = 0, p = 1;
  while (found <= n) {
    p++;
    int prime = 1;
    for (int d = 2; d * d <= p; d++)
      if (p % d == 0) prime = 0;
    found += prime;
  }
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 38;
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2;
    unsigned __int128 power = cube ? middle * middle * middle : middle * middle;
    if (power <= (unsigned __int128)p << (cube ? 96 : 64)) low = middle;
    else high = middle;
  }
  return (uint32_t)low;
}

static uint32_t k[64], initial[8];

struct sha {
  uint32_t h[8];
  uint8_t block[64];
  uint64_t length;
};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(struct sha *s) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)s->block[4 * i] << 24 | s->block[4 * i + 1] << 16 | s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  memcpy(v, s->h, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t t = v[7] + e + choice + k[i] + w[i];
    uint32_t a = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t;
    v[0] = t + a + majority;
  }
  for (int i = 0; i < 8; i++) s->h[i] += v[i];
}

static void add(struct sha *s, const void *data, size_t n) {
  const uint8_t *p = data;
  for (; n; n--) {
    s->block[s->length++ % 64] = *p++;
    if (s->length % 64 == 0) compress(s);
  }
}

static void finish(struct sha *s, const char *name) {
  uint64_t bits = s->length * 8;
  uint8_t pad = 0x80;
  add(s, &pad, 1);
  for (pad = 0; s->length % 64 != 56;) add(s, &pad, 1);
  for (int i = 56; i >= 0; i -= 8) {
    uint8_t byte = (uint8_t)(bits >> i);
    add(s, &byte, 1);
  }
  for (int i = 0; i < 8; i++) printf("%08x", s->h[i]);
  printf("  %s\n", name);
}

static void start(struct sha *s) {
  memset(s, 0, sizeof *s);
  memcpy(s->h, initial, sizeof initial);
}

int main(void) {
  for (int i = 0; i < 64; i++) k[i] = prime_parts(i, 1);
  for (int i = 0; i < 8; i++) initial[i] = prime_parts(i, 0);
  struct sha s;
  const char *texts[] = {"", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
  for (int i = 0; i < 3; i++) {
    start(&s);
    add(&s, texts[i], strlen(texts[i]));
    finish(&s, texts[i]);
  }
  start(&s);
  for (int i = 0; i < 1000000; i++) add(&s, "a", 1);
  finish(&s, "a million a");
  FILE *f = fopen("hashed.txt", "w+");
  for (int i = 0; i < 10000; i++) fprintf(f, "%d\n", i);
  rewind(f);
  char buffer[1000];
  size_t n;
  start(&s);
  while ((n = fread(buffer, 1, sizeof buffer, f))) add(&s, buffer, n);
  fclose(f);
  remove("hashed.txt");
  finish(&s, "a file");
  return 0;
}
