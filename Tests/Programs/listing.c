// Makes a tree of folders, lists it in order with sizes, and removes it again.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static long walk(const char *path, int depth, int removes) {
  DIR *directory = opendir(path);
  if (!directory) {
    printf("%s: %s\n", path, strerror(errno));
    exit(1);
  }
  char *names[400];
  int count = 0, dots = 0;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) dots++;
    else names[count++] = strdup(entry->d_name);
  }
  rewinddir(directory);
  int again = 0;
  while (readdir(directory)) again++;
  closedir(directory);
  if (again != count + dots || dots != 2) printf("%s: %d entries, then %d\n", path, count + dots, again);
  qsort(names, (size_t)count, sizeof *names, compare);
  long total = 0;
  for (int i = 0; i < count; i++) {
    char child[512];
    snprintf(child, sizeof child, "%s/%s", path, names[i]);
    struct stat status;
    if (lstat(child, &status)) exit(2);
    int is_directory = S_ISDIR(status.st_mode);
    if (!removes && (depth < 1 || i % 50 == 0))
      printf("%*s%s%s %lld\n", depth * 2, "", names[i], is_directory ? "/" : S_ISLNK(status.st_mode) ? "@" : "",
             is_directory ? 0ll : (long long)status.st_size);
    total += is_directory ? walk(child, depth + 1, removes) : 1;
    if (removes && (is_directory ? rmdir(child) : unlink(child))) {
      printf("%s: %s\n", child, strerror(errno));
      exit(3);
    }
    free(names[i]);
  }
  return total;
}

int main(void) {
  if (mkdir("tree", 0755)) exit(4);
  for (int i = 0; i < 3; i++) {
    char path[64];
    snprintf(path, sizeof path, "tree/folder %d", i);
    if (mkdir(path, 0755)) exit(5);
    for (int j = 0; j < (i == 1 ? 300 : 4); j++) {
      snprintf(path, sizeof path, "tree/folder %d/file-%03d-%s", i, j, j % 2 ? "odd" : "even and long enough to fill buffers");
      FILE *f = fopen(path, "w");
      if (!f) exit(6);
      for (int k = 0; k < j; k++) fputc('x', f);
      fclose(f);
    }
  }
  if (symlink("folder 0", "tree/link")) exit(7);
  printf("%ld files\n", walk("tree", 0, 0));
  int fd = open("tree", O_RDONLY | O_DIRECTORY);
  int inner = openat(fd, "link/file-001-odd", O_RDONLY);
  char byte;
  printf("through the link: %d\n", (int)read(inner, &byte, 1));
  close(inner);
  close(fd);
  printf("removed %ld\n", walk("tree", 0, 1));
  if (rmdir("tree")) exit(8);
  printf("gone: %d\n", opendir("tree") == NULL && errno == ENOENT);
  return 0;
}
