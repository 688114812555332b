// Base64 both ways, over standard input and over every short string.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *encode(const unsigned char *in, size_t n) {
  char *out = malloc(n / 3 * 4 + 5), *o = out;
  for (size_t i = 0; i < n; i += 3) {
    size_t left = n - i;
    unsigned v = in[i] << 16 | (left > 1 ? in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
    *o++ = digits[v >> 18];
    *o++ = digits[v >> 12 & 63];
    *o++ = left > 1 ? digits[v >> 6 & 63] : '=';
    *o++ = left > 2 ? digits[v & 63] : '=';
  }
  *o = 0;
  return out;
}

static long decode(const char *in, unsigned char *out) {
  size_t n = strlen(in);
  unsigned char *o = out;
  if (n % 4) return -1;
  for (size_t i = 0; i < n; i += 4) {
    unsigned v = 0, pad = 0;
    for (size_t j = 0; j < 4; j++) {
      const char *digit = in[i + j] == '=' ? NULL : strchr(digits, in[i + j]);
      if (!digit && (in[i + j] != '=' || i + 4 != n || j < 2)) return -1;
      if (!digit) pad++;
      else if (pad) return -1;
      v = v << 6 | (digit ? (unsigned)(digit - digits) : 0);
    }
    *o++ = (unsigned char)(v >> 16);
    if (pad < 2) *o++ = (unsigned char)(v >> 8);
    if (pad < 1) *o++ = (unsigned char)v;
  }
  return o - out;
}

int main(void) {
  char line[256];
  unsigned char back[256];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *text = encode((unsigned char *)line, strlen(line));
    long n = decode(text, back);
    printf("%s -> %s -> %.*s\n", line, text, (int)n, back);
    free(text);
  }
  unsigned long checked = 0, wrong = 0;
  unsigned char bytes[3];
  for (int n = 1; n <= 3; n++)
    for (unsigned v = 0; v < 1u << (n == 3 ? 16 : 8 * n); v++) {
      for (int i = 0; i < n; i++) bytes[i] = (unsigned char)(v * 2654435761u >> (8 * i));
      char *text = encode(bytes, (size_t)n);
      if (decode(text, back) != n || memcmp(bytes, back, (size_t)n)) wrong++;
      checked++;
      free(text);
    }
  printf("%lu checked, %lu wrong\n", checked, wrong);
  const char *bad[] = {"A", "AB=C", "====", "AB!=", "QQ==QQ=="};
  for (int i = 0; i < 5; i++) printf("%s: %ld\n", bad[i], decode(bad[i], back));
  return 0;
}
