// An LZ77 compressor with a hash chain and byte-aligned tokens: round trips of several kinds of data, also through a file.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 32768
#define MIN_MATCH 4
#define MAX_MATCH 270
#define HASH_SIZE 16384

static uint32_t hash(const uint8_t *p) {
  uint32_t v = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
  return (v * 2654435761u) >> 18;
}

// Token: a flag byte for 8 items, each a literal byte or {length - 4, distance in 16 bits}.
static size_t compress(const uint8_t *in, size_t n, uint8_t *out) {
  int32_t *head = malloc(HASH_SIZE * sizeof *head), *previous = malloc((n + 1) * sizeof *previous);
  memset(head, 0xff, HASH_SIZE * sizeof *head);
  size_t o = 0, flag = 0, items = 8;
  for (size_t i = 0; i < n;) {
    if (items == 8) {
      flag = o++;
      out[flag] = 0;
      items = 0;
    }
    size_t best = 0, distance = 0;
    if (i + MIN_MATCH <= n) {
      int32_t candidate = head[hash(in + i)];
      for (int tries = 0; candidate >= 0 && tries < 64 && i - candidate < WINDOW; tries++) {
        size_t length = 0;
        while (i + length < n && length < MAX_MATCH - 12 && in[candidate + length] == in[i + length]) length++;
        if (length > best) {
          best = length;
          distance = i - candidate;
        }
        candidate = previous[candidate];
      }
    }
    size_t step = 1;
    if (best >= MIN_MATCH) {
      out[flag] |= 1 << items;
      out[o++] = (uint8_t)(best - MIN_MATCH);
      out[o++] = distance & 255;
      out[o++] = (uint8_t)(distance >> 8);
      step = best;
    } else {
      out[o++] = in[i];
    }
    items++;
    for (; step; step--, i++) {
      if (i + MIN_MATCH > n) continue;
      uint32_t h = hash(in + i);
      previous[i] = head[h];
      head[h] = (int32_t)i;
    }
  }
  free(head);
  free(previous);
  return o;
}

static size_t decompress(const uint8_t *in, size_t n, uint8_t *out) {
  size_t i = 0, o = 0;
  while (i < n) {
    uint8_t flags = in[i++];
    for (int item = 0; item < 8 && i < n; item++) {
      if (flags >> item & 1) {
        size_t length = in[i] + MIN_MATCH, distance = in[i + 1] | in[i + 2] << 8;
        i += 3;
        for (; length; length--, o++) out[o] = out[o - distance];
      } else {
        out[o++] = in[i++];
      }
    }
  }
  return o;
}

static uint32_t adler(const uint8_t *p, size_t n) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < n; i++) {
    a = (a + p[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

static void trial(const char *name, const uint8_t *data, size_t n) {
  uint8_t *packed = malloc(n + n / 8 + 16), *again = malloc(n + 512);
  size_t size = compress(data, n, packed);
  FILE *f = fopen("packed.lz", "wb");
  if (!f || fwrite(packed, 1, size, f) != size || fclose(f)) exit(2);
  memset(packed, 0, size);
  f = fopen("packed.lz", "rb");
  if (!f || fread(packed, 1, size, f) != size || fgetc(f) != EOF || fclose(f)) exit(3);
  remove("packed.lz");
  size_t length = decompress(packed, size, again);
  printf("%-8s %8zu -> %8zu bytes, adler %08x, round trip %s\n", name, n, size, adler(packed, size),
         length == n && !memcmp(data, again, n) ? "ok" : "BROKEN");
  free(packed);
  free(again);
}

int main(void) {
  size_t n = 600000;
  uint8_t *data = malloc(n);
  memset(data, 'a', n);
  trial("equal", data, n);
  uint32_t state = 12345;
  for (size_t i = 0; i < n; i++) data[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
  trial("random", data, n);
  static const char *words[] = {"memory ", "table ", "the ", "a ", "module ", "loads ", "stores ", "and ", "grows. "};
  for (size_t i = 0; i < n;) {
    const char *word = words[((state = state * 1664525 + 1013904223) >> 16) % 9];
    for (; *word && i < n; word++) data[i++] = (uint8_t)*word;
  }
  trial("text", data, n);
  for (size_t i = 0; i < n; i++) data[i] = (uint8_t)((i * i) >> 7);
  trial("squares", data, n);
  trial("empty", data, 0);
  trial("short", data, 3);
  return 0;
}
