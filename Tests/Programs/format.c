// printf and its relatives: every conversion, widths, rounding, and reading numbers back.
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d]\n", 42, 42, 42, 42, 42, 42);
  printf("[%u] [%x] [%X] [%#x] [%o] [%#o]\n", 3000000000u, 0xBEEFu, 0xBEEFu, 255u, 8u, 8u);
  printf("[%lld] [%llu] [%" PRId64 "]\n", LLONG_MIN, ULLONG_MAX, INT64_MAX);
  printf("[%s] [%10s] [%-10s] [%.3s] [%c]\n", "text", "right", "left", "truncated", '!');
  printf("[%f] [%.0f] [%.10f] [%e] [%g] [%G]\n", 3.14159265358979, 2.5, 1.0 / 3, 12345.678, 0.0001, 1e-10);
  printf("[%a] [%.3a] [%10.2f] [%-10.2f] [%010.2f]\n", 1.5, 0.1, -2.345, -2.345, -2.345);
  printf("[%.17g] [%.17g] [%g] [%g]\n", DBL_MAX, DBL_MIN, 1.0 / 0.0, -1.0 / 0.0);
  printf("[%*d] [%-*d] [%.*f] [%%]\n", 6, 7, 6, 7, 2, 1.005);
  char buffer[20];
  int n = snprintf(buffer, sizeof buffer, "%s-%d", "a rather long string", 12345);
  printf("%d [%s]\n", n, buffer);
  const double values[] = {0.1, 0.2, 0.3, 1e21, 1e22, 5e-324, 123456789012345680.0, 0.5, 1.5, 2.5};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char text[64];
    snprintf(text, sizeof text, "%.17g", values[i]);
    printf("%s back %d, rounded %.0f\n", text, strtod(text, NULL) == values[i], values[i]);
  }
  int a, used;
  unsigned b;
  double c;
  char word[16];
  n = sscanf("  -12 ff 2.5e3 hello rest", "%d %x %lf %15s%n", &a, &b, &c, word, &used);
  printf("%d: %d %u %g %s %d\n", n, a, b, c, word, used);
  printf("%ld %ld %lu\n", strtol("0x1F", NULL, 0), strtol("-077", NULL, 8), strtoul("zz", NULL, 36));
  for (unsigned i = 0; i < 100000; i++) {
    char text[40];
    double x = (double)(i * 2654435761u) / (i + 1);
    snprintf(text, sizeof text, "%.17g", x);
    if (strtod(text, NULL) != x) printf("lost %s\n", text);
  }
  return 0;
}
