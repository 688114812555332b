// Sorts records by several keys with qsort and finds them with bsearch.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
  char name[12];
  int age;
  double score;
  unsigned id;
};

static int by_name(const void *a, const void *b) {
  const struct record *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x->id > y->id) - (x->id < y->id);
}

static int by_age_then_score(const void *a, const void *b) {
  const struct record *x = a, *y = b;
  if (x->age != y->age) return x->age - y->age;
  if (x->score != y->score) return x->score < y->score ? 1 : -1;
  return (x->id > y->id) - (x->id < y->id);
}

int main(void) {
  enum { COUNT = 50000 };
  struct record *records = calloc(COUNT, sizeof *records);
  unsigned state = 99;
  for (unsigned i = 0; i < COUNT; i++) {
    for (int j = 0; j < 8; j++) records[i].name[j] = (char)('a' + ((state = state * 69069 + 1) >> 20) % 26);
    records[i].age = (int)((state = state * 69069 + 1) >> 16) % 90;
    records[i].score = ((state = state * 69069 + 1) >> 12) / 1000.0;
    records[i].id = i;
  }
  qsort(records, COUNT, sizeof *records, by_age_then_score);
  for (int i = 0; i < COUNT; i += 9999)
    printf("%s %2d %10.3f #%u\n", records[i].name, records[i].age, records[i].score, records[i].id);
  qsort(records, COUNT, sizeof *records, by_name);
  int sorted = 1;
  for (int i = 1; i < COUNT; i++) sorted &= by_name(&records[i - 1], &records[i]) < 0;
  unsigned long found = 0;
  for (int i = 0; i < COUNT; i += 7) {
    struct record key = records[i];
    const struct record *hit = bsearch(&key, records, COUNT, sizeof *records, by_name);
    found += hit == &records[i];
  }
  printf("sorted %d, found %lu of %d\n", sorted, found, (COUNT + 6) / 7);
  return 0;
}
