// Arguments, environment, standard streams, and an exit status of its own.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void goodbye(void) { puts("at exit"); }

int main(int argc, char **argv) {
  atexit(goodbye);
  printf("%d arguments\n", argc - 1);
  for (int i = 1; i < argc; i++) printf("%d: [%s] %zu\n", i, argv[i], strlen(argv[i]));
  const char *names[] = {"GREETING", "EMPTY", "UNSET", "UMLAUT"};
  for (int i = 0; i < 4; i++) {
    const char *value = getenv(names[i]);
    printf("%s=%s\n", names[i], value ? value : "(unset)");
  }
  setenv("UNSET", "now set", 1);
  printf("UNSET=%s\n", getenv("UNSET"));
  fprintf(stderr, "to standard error\n");
  char line[64];
  while (fgets(line, sizeof line, stdin)) printf("read: %s", line);
  printf("end of input: %d, a terminal: %d\n", feof(stdin) != 0, isatty(1));
  exit(37);
}
