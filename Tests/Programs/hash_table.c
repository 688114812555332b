// A hash table with open addressing and deletion, against a count that is known.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char *key;
  long value;
  uint64_t hash;
};
struct table {
  struct entry *entries;
  size_t capacity, count;
};

static uint64_t fnv(const char *s) {
  uint64_t h = 14695981039346656037ull;
  for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211ull;
  return h;
}

static void grow(struct table *t);

static struct entry *find(struct table *t, const char *key, uint64_t h) {
  size_t i = h & (t->capacity - 1);
  while (t->entries[i].key && (t->entries[i].hash != h || strcmp(t->entries[i].key, key))) i = (i + 1) & (t->capacity - 1);
  return &t->entries[i];
}

static long *at(struct table *t, const char *key) {
  if (t->count * 4 >= t->capacity * 3) grow(t);
  uint64_t h = fnv(key);
  struct entry *e = find(t, key, h);
  if (!e->key) {
    *e = (struct entry){strdup(key), 0, h};
    t->count++;
  }
  return &e->value;
}

static void grow(struct table *t) {
  struct table bigger = {calloc(t->capacity ? t->capacity * 2 : 16, sizeof(struct entry)), t->capacity ? t->capacity * 2 : 16, t->count};
  for (size_t i = 0; i < t->capacity; i++)
    if (t->entries[i].key) *find(&bigger, t->entries[i].key, t->entries[i].hash) = t->entries[i];
  free(t->entries);
  *t = bigger;
}

static int erase(struct table *t, const char *key) {
  struct entry *e = find(t, key, fnv(key));
  if (!e->key) return 0;
  free(e->key);
  e->key = NULL;
  t->count--;
  // What stands behind moves up to where it would be looked for.
  for (size_t i = (size_t)(e - t->entries + 1) & (t->capacity - 1); t->entries[i].key; i = (i + 1) & (t->capacity - 1)) {
    struct entry moved = t->entries[i];
    t->entries[i].key = NULL;
    *find(t, moved.key, moved.hash) = moved;
  }
  return 1;
}

int main(void) {
  struct table t = {0};
  char key[32];
  for (int i = 0; i < 300000; i++) {
    sprintf(key, "key-%d", (int)((i * 7919ll) % 65537));
    ++*at(&t, key);
  }
  printf("%zu keys in %zu places\n", t.count, t.capacity);
  long least = 1 << 30, most = 0, sum = 0;
  for (size_t i = 0; i < t.capacity; i++)
    if (t.entries[i].key) {
      long v = t.entries[i].value;
      least = v < least ? v : least;
      most = v > most ? v : most;
      sum += v;
    }
  printf("counts from %ld to %ld, sum %ld\n", least, most, sum);
  int erased = 0;
  for (int i = 0; i < 65537; i += 3) {
    sprintf(key, "key-%d", i);
    erased += erase(&t, key);
  }
  int present = 0;
  for (int i = 0; i < 65537; i++) {
    sprintf(key, "key-%d", i);
    present += find(&t, key, fnv(key))->key != NULL;
  }
  printf("erased %d, present %d, counted %zu\n", erased, present, t.count);
  return 0;
}
