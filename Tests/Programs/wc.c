// Counts lines, words and bytes of files that it writes first, and of standard input.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long totals[3];

static int count(int fd, const char *name) {
  char buffer[1 << 16];
  long lines = 0, words = 0, bytes = 0;
  int inside = 0;
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    bytes += n;
    for (ssize_t i = 0; i < n; i++) {
      lines += buffer[i] == '\n';
      int letter = !isspace((unsigned char)buffer[i]);
      words += letter && !inside;
      inside = letter;
    }
  }
  if (n < 0) {
    printf("%s: %s\n", name, strerror(errno));
    return 1;
  }
  printf("%8ld %8ld %8ld %s\n", lines, words, bytes, name);
  totals[0] += lines;
  totals[1] += words;
  totals[2] += bytes;
  return 0;
}

int main(void) {
  const char *names[] = {"one.txt", "two.txt", "empty.txt", "missing.txt", "."};
  FILE *f = fopen(names[0], "w");
  for (int i = 0; i < 20000; i++) fprintf(f, "%d words in line %d%s", i % 7, i, i % 3 ? "\n" : "\t ");
  fclose(f);
  f = fopen(names[1], "w");
  fputs("no newline at the end", f);
  fclose(f);
  fclose(fopen(names[2], "w"));
  int failures = 0;
  for (int i = 0; i < 5; i++) {
    int fd = open(names[i], O_RDONLY);
    if (fd < 0) {
      printf("%s: %s\n", names[i], strerror(errno));
      failures++;
      continue;
    }
    failures += count(fd, names[i]);
    close(fd);
  }
  failures += count(0, "-");
  printf("%8ld %8ld %8ld total\n", totals[0], totals[1], totals[2]);
  for (int i = 0; i < 3; i++) unlink(names[i]);
  return failures;
}
