// UTF-8: every scalar value both ways, malformed sequences, and counts of a text in several scripts.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int encode(uint32_t c, unsigned char *o) {
  if (c < 0x80) return o[0] = (unsigned char)c, 1;
  if (c < 0x800) return o[0] = (unsigned char)(0xC0 | c >> 6), o[1] = 0x80 | (c & 63), 2;
  if (c < 0x10000) return o[0] = (unsigned char)(0xE0 | c >> 12), o[1] = 0x80 | (c >> 6 & 63), o[2] = 0x80 | (c & 63), 3;
  return o[0] = (unsigned char)(0xF0 | c >> 18), o[1] = 0x80 | (c >> 12 & 63), o[2] = 0x80 | (c >> 6 & 63), o[3] = 0x80 | (c & 63), 4;
}

static int decode(const unsigned char *p, size_t n, uint32_t *out) {
  if (!n) return 0;
  if (p[0] < 0x80) return *out = p[0], 1;
  int length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
  if (p[0] < 0xC2 || p[0] > 0xF4 || (size_t)length > n) return -1;
  uint32_t c = p[0] & (0x7F >> length);
  for (int i = 1; i < length; i++) {
    if ((p[i] & 0xC0) != 0x80) return -1;
    c = c << 6 | (p[i] & 63);
  }
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return -1;
  return *out = c, length;
}

int main(void) {
  unsigned long lengths[5] = {0}, wrong = 0;
  unsigned char buffer[4];
  uint32_t back;
  for (uint32_t c = 0; c <= 0x10FFFF; c++) {
    if (c >= 0xD800 && c < 0xE000) continue;
    int n = encode(c, buffer);
    lengths[n]++;
    if (decode(buffer, (size_t)n, &back) != n || back != c) wrong++;
  }
  printf("%lu %lu %lu %lu, wrong %lu\n", lengths[1], lengths[2], lengths[3], lengths[4], wrong);
  static const char *bad[] = {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) printf("%d ", decode((const unsigned char *)bad[i], strlen(bad[i]), &back));
  printf("\n");
  const char *texts[] = {"Größe", "μνήμη", "память", "メモリ", "\U0001F9E0\U0001F40D", "ascii"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const unsigned char *p = (const unsigned char *)texts[i];
    size_t n = strlen(texts[i]), count = 0;
    uint32_t sum = 0;
    for (size_t at = 0; at < n; count++) {
      at += (size_t)decode(p + at, n - at, &back);
      sum += back;
    }
    printf("%s: %zu bytes, %zu characters, sum %x\n", texts[i], n, count, sum);
  }
  return 0;
}
