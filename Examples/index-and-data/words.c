/* An index in memory 0 and its data in memory 1: the words of a text, each kept once.
 *
 * The hash table lies in memory 0, where all of a C program lies; the words lie behind each other in the memory `data`,
 * which grows when it is full and could hold 4 GiB of its own. run.sh builds and runs it.
 */
#include "multi_memory.h"

MULTI_MEMORY_DECLARE("data=export,min=1,max=1024")
MULTI_MEMORY(data)

#define EXPORT(name) __attribute__((export_name(name)))

enum { SLOTS = 1 << 15, PAGE = 65536 };

/* A word in `data`. An empty slot has no length. */
typedef struct {
  uint32_t hash, address, length;
  uint32_t count;
} entry;

static entry table[SLOTS];
static uint32_t used, word_count;
static uint8_t text[256];

/* Where the host writes a word before it calls `add` or `count`. */
EXPORT("text") uint8_t *text_address(void) { return text; }

static uint32_t hash_of(uint32_t length) {
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < length; i++) hash = (hash ^ text[i]) * 16777619u;
  return hash;
}

/* Compares a word in `data` with the one in memory 0. */
static int is_text(const entry *entry, uint32_t length) {
  if (entry->length != length) return 0;
  for (uint32_t i = 0; i < length; i++)
    if (data_load_u8(entry->address + i) != text[i]) return 0;
  return 1;
}

static entry *find(uint32_t length) {
  uint32_t hash = hash_of(length);
  for (uint32_t slot = hash % SLOTS;; slot = (slot + 1) % SLOTS) {
    entry *entry = &table[slot];
    if (entry->length == 0) entry->hash = hash;
    if (entry->length == 0 || (entry->hash == hash && is_text(entry, length))) return entry;
  }
}

/* Adds the word that lies in `text`. Its number of occurrences so far, or -1 where there is no room. */
EXPORT("add") int32_t add(uint32_t length) {
  if (length == 0 || length > sizeof text) return -1;
  entry *entry = find(length);
  if (entry->length == 0) {
    if (word_count == SLOTS - 1) return -1;
    while (used + length > data_size() * PAGE)
      if (data_grow(1) == (uint32_t)-1) return -1;
    data_write(used, text, length);
    entry->address = used;
    entry->length = length;
    used += length;
    word_count++;
  }
  return (int32_t)++entry->count;
}

EXPORT("count") uint32_t count(uint32_t length) {
  if (length == 0 || length > sizeof text) return 0;
  entry *entry = find(length);
  return entry->length == 0 ? 0 : entry->count;
}

EXPORT("words") uint32_t words(void) { return word_count; }
EXPORT("bytes") uint32_t bytes(void) { return used; }
EXPORT("pages") uint32_t pages(void) { return data_size(); }

/* A digest of all words, each copied back to memory 0 first. */
EXPORT("digest") uint32_t digest(void) {
  uint32_t digest = 0;
  for (uint32_t slot = 0; slot < SLOTS; slot++) {
    const entry *entry = &table[slot];
    if (entry->length == 0) continue;
    data_read(text, entry->address, entry->length);
    digest += hash_of(entry->length) * entry->count;
  }
  return digest;
}

/* Adds the numbers from 0 up to a limit, written out, each as often as it can be divided by ten and once more. */
EXPORT("fill") uint32_t fill(uint32_t limit) {
  for (uint32_t number = 0; number < limit; number++) {
    uint32_t length = 0, rest = number;
    do {
      for (uint32_t i = length; i > 0; i--) text[i] = text[i - 1];
      text[0] = (uint8_t)('0' + rest % 10);
      rest /= 10;
      length++;
    } while (rest > 0);
    uint32_t times = 1;
    for (rest = number; rest != 0 && rest % 10 == 0; rest /= 10) times++;
    while (times-- > 0)
      if (add(length) < 0) return number;
  }
  return limit;
}

/* The program that run.sh runs writes what it has done, by the system interface of WASI, which knows memory 0 alone. */
typedef struct {
  const char *bytes;
  uint32_t length;
} piece;

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
uint32_t fd_write(uint32_t descriptor, const piece *pieces, uint32_t count, uint32_t *written);

static void print(const char *what, uint32_t number) {
  char line[64];
  uint32_t start = sizeof line, length = 0;
  line[--start] = '\n';
  do line[--start] = (char)('0' + number % 10);
  while (number /= 10);
  while (what[length] != 0) length++;
  while (length > 0) line[--start] = what[--length];
  while (start < sizeof line) {
    const piece rest = {line + start, sizeof line - start};
    uint32_t written = 0;
    if (fd_write(1, &rest, 1, &written) != 0) return;
    start += written;
  }
}

EXPORT("_start") void start(void) {
  print("words added: ", fill(16000));
  print("words kept: ", words());
  print("bytes in data: ", bytes());
  print("pages of data: ", pages());
  print("digest: ", digest());
}
