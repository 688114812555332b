// Reads and writes files in the folder it is given: whole, in parts, appended, renamed, truncated and removed.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(x)                                                       \
  do {                                                                 \
    if (!(x)) {                                                        \
      printf("failed: %s (%s)\n", #x, strerror(errno));                \
      exit(1);                                                         \
    }                                                                  \
  } while (0)

static void show(const char *path) {
  char line[256];
  FILE *f = fopen(path, "r");
  if (!f) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  int number = 0;
  while (fgets(line, sizeof line, f)) printf("%s:%d: %s", path, ++number, line);
  if (!number) printf("%s is empty\n", path);
  fclose(f);
}

int main(void) {
  CHECK(mkdir("work", 0755) == 0);
  CHECK(mkdir("work", 0755) < 0 && errno == EEXIST);
  FILE *f = fopen("work/a.txt", "w");
  CHECK(f);
  for (int i = 0; i < 5; i++) fprintf(f, "line %d of five\n", i);
  CHECK(fclose(f) == 0);
  show("work/a.txt");

  f = fopen("work/a.txt", "a");
  CHECK(f && fputs("appended\n", f) >= 0 && fclose(f) == 0);
  f = fopen("work/a.txt", "r+");
  CHECK(f && fseek(f, 5, SEEK_SET) == 0 && fputc('X', f) == 'X');
  CHECK(fseek(f, -9, SEEK_END) == 0 && fputs("APP", f) >= 0 && ftell(f) == 78 && fclose(f) == 0);
  show("work/a.txt");

  int fd = open("work/raw", O_RDWR | O_CREAT | O_EXCL, 0644);
  CHECK(fd >= 0);
  CHECK(open("work/raw", O_RDWR | O_CREAT | O_EXCL, 0644) < 0 && errno == EEXIST);
  unsigned char block[4096];
  for (int i = 0; i < 4096; i++) block[i] = (unsigned char)(i * 7);
  for (int i = 0; i < 64; i++) CHECK(write(fd, block, sizeof block) == sizeof block);
  CHECK(pwrite(fd, "hole", 4, 1000000) == 4);
  struct stat st;
  CHECK(fstat(fd, &st) == 0);
  printf("raw has %lld bytes, regular %d\n", (long long)st.st_size, S_ISREG(st.st_mode));
  CHECK(pread(fd, block, 8, 999998) == 6);
  for (int i = 0; i < 6; i++) printf("%02x ", block[i]);
  printf("\n");
  CHECK(ftruncate(fd, 10) == 0 && lseek(fd, 0, SEEK_END) == 10);
  CHECK(fsync(fd) == 0 && close(fd) == 0);
  CHECK(close(fd) < 0 && errno == EBADF);

  CHECK(rename("work/raw", "work/b.bin") == 0);
  CHECK(symlink("a.txt", "work/link") == 0);
  char target[64];
  ssize_t length = readlink("work/link", target, sizeof target);
  CHECK(length == 5 && !memcmp(target, "a.txt", 5));
  show("work/link");
  CHECK(lstat("work/link", &st) == 0 && S_ISLNK(st.st_mode));
  CHECK(link("work/a.txt", "work/hard") == 0 && stat("work/hard", &st) == 0 && st.st_nlink == 2);
  CHECK(rmdir("work") < 0 && errno == ENOTEMPTY);
  CHECK(unlink("work") < 0);
  show("work/none");
  CHECK(unlink("work/a.txt") == 0 && unlink("work/b.bin") == 0 && unlink("work/link") == 0 && unlink("work/hard") == 0);
  CHECK(rmdir("work") == 0);
  CHECK(stat("work", &st) < 0 && errno == ENOENT);
  printf("done\n");
  return 0;
}
