// The game of life on a torus: a glider, an acorn, and a checksum of many generations.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 128
#define HEIGHT 96

static uint8_t cells[2][HEIGHT][WIDTH];
static int current;

static void step(void) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      int neighbours = 0;
      for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
          if (dx || dy) neighbours += cells[current][(y + dy + HEIGHT) % HEIGHT][(x + dx + WIDTH) % WIDTH];
      cells[!current][y][x] = neighbours == 3 || (neighbours == 2 && cells[current][y][x]);
    }
  current = !current;
}

static int population(void) {
  int n = 0;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) n += cells[current][y][x];
  return n;
}

static void put(int y, int x, const char *pattern) {
  for (int column = x; *pattern; pattern++) {
    if (*pattern == '/') {
      y++;
      column = x;
    } else {
      cells[current][y][column++] = *pattern == 'O';
    }
  }
}

int main(void) {
  put(1, 1, ".O./..O/OOO");
  for (int i = 0; i < 40; i++) step();
  for (int y = 10; y < 16; y++) {
    for (int x = 10; x < 18; x++) putchar(cells[current][y][x] ? 'O' : '.');
    putchar('\n');
  }
  printf("glider: %d cells\n", population());
  memset(cells, 0, sizeof cells);
  put(48, 60, ".O...../...O.../OO..OOO");
  for (int generation = 0; generation <= 600; generation++) {
    if (generation % 100 == 0) printf("acorn %d: %d cells\n", generation, population());
    step();
  }
  uint32_t sum = 0;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) sum = sum * 33 + cells[current][y][x];
  printf("checksum %08x\n", sum);
  return 0;
}
