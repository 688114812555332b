// Clocks and waiting, judged by what must be true of them rather than by what they say.
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) return -1;
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void) {
  int backwards = 0;
  long long last = now(CLOCK_MONOTONIC), first = last;
  for (int i = 0; i < 2000; i++) {
    long long t = now(CLOCK_MONOTONIC);
    backwards += t < last;
    last = t;
  }
  printf("goes backwards: %d times, moves: %d\n", backwards, last > first);
  printf("after 2020: %d, before 2200: %d\n", now(CLOCK_REALTIME) > 1577836800000000000ll, now(CLOCK_REALTIME) < 7258118400000000000ll);
  printf("time agrees: %d\n", llabs((long long)time(NULL) - now(CLOCK_REALTIME) / 1000000000) <= 1);
  struct timespec resolution;
  printf("resolution: %d\n", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
  long long start = now(CLOCK_MONOTONIC);
  struct timespec wait = {0, 30000000};
  int slept = nanosleep(&wait, NULL);
  long long took = now(CLOCK_MONOTONIC) - start;
  printf("sleeps: %d, long enough: %d, not forever: %d\n", slept, took >= 30000000, took < 20000000000ll);
  start = now(CLOCK_MONOTONIC);
  usleep(5000);
  printf("naps: %d\n", now(CLOCK_MONOTONIC) - start >= 5000000);
  struct pollfd out = {1, POLLOUT, 0};
  printf("output is ready: %d\n", poll(&out, 1, 1000));
  time_t epoch = 0;
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&epoch));
  printf("%s\n", text);
  return 0;
}
