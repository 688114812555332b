// A JSON parser and printer: values from a document, errors with their position, and a round trip.
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUL, BOOL, NUMBER, STRING, ARRAY, OBJECT };
struct value {
  enum kind kind;
  double number;
  char *text;
  struct value **items;
  char **keys;
  size_t count;
};

static const char *source, *at, *error;

static struct value *parse_value(int depth);

static void space(void) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static struct value *make(enum kind kind) {
  struct value *v = calloc(1, sizeof *v);
  v->kind = kind;
  return v;
}

static struct value *fail(const char *message) {
  if (!error) error = message;
  return NULL;
}

static void put_utf8(char **o, unsigned c) {
  if (c < 0x80) {
    *(*o)++ = (char)c;
  } else if (c < 0x800) {
    *(*o)++ = (char)(0xC0 | c >> 6);
    *(*o)++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *(*o)++ = (char)(0xE0 | c >> 12);
    *(*o)++ = (char)(0x80 | (c >> 6 & 63));
    *(*o)++ = (char)(0x80 | (c & 63));
  } else {
    *(*o)++ = (char)(0xF0 | c >> 18);
    *(*o)++ = (char)(0x80 | (c >> 12 & 63));
    *(*o)++ = (char)(0x80 | (c >> 6 & 63));
    *(*o)++ = (char)(0x80 | (c & 63));
  }
}

static int hex4(unsigned *out) {
  unsigned v = 0;
  for (int i = 0; i < 4; i++) {
    if (!isxdigit((unsigned char)*at)) return 0;
    char c = *at++;
    v = v * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  *out = v;
  return 1;
}

static char *parse_string(void) {
  const char *end = ++at;
  while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  char *text = malloc((size_t)(end - at) + 1), *o = text;
  while (*at != '"') {
    if ((unsigned char)*at < 32) {
      fail(*at ? "control character in string" : "string does not end");
      return text;
    }
    if (*at != '\\') {
      *o++ = *at++;
      continue;
    }
    at++;
    char c = *at++;
    unsigned code, low;
    switch (c) {
      case 'n': *o++ = '\n'; break;
      case 't': *o++ = '\t'; break;
      case 'r': *o++ = '\r'; break;
      case 'b': *o++ = '\b'; break;
      case 'f': *o++ = '\f'; break;
      case '"': case '\\': case '/': *o++ = c; break;
      case 'u':
        if (!hex4(&code)) { fail("bad \\u"); return text; }
        if (code >= 0xD800 && code < 0xDC00) {
          if (at[0] != '\\' || at[1] != 'u') { fail("lone surrogate"); return text; }
          at += 2;
          if (!hex4(&low) || low < 0xDC00 || low > 0xDFFF) { fail("bad surrogate"); return text; }
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        put_utf8(&o, code);
        break;
      default: fail("bad escape"); return text;
    }
  }
  at++;
  *o = 0;
  return text;
}

static struct value *parse_list(int depth, char end) {
  struct value *v = make(end == ']' ? ARRAY : OBJECT);
  at++;
  space();
  if (*at == end) {
    at++;
    return v;
  }
  for (;;) {
    v->items = realloc(v->items, (v->count + 1) * sizeof *v->items);
    v->keys = realloc(v->keys, (v->count + 1) * sizeof *v->keys);
    if (end == '}') {
      space();
      if (*at != '"') return fail("key expected");
      v->keys[v->count] = parse_string();
      space();
      if (error || *at++ != ':') return fail("colon expected");
    }
    if (!(v->items[v->count] = parse_value(depth + 1))) return NULL;
    v->count++;
    space();
    if (*at == end) {
      at++;
      return v;
    }
    if (*at++ != ',') return fail("comma or end expected");
  }
}

static struct value *parse_value(int depth) {
  if (depth > 200) return fail("too deep");
  space();
  struct value *v;
  switch (*at) {
    case '{': return parse_list(depth, '}');
    case '[': return parse_list(depth, ']');
    case '"':
      v = make(STRING);
      v->text = parse_string();
      return error ? NULL : v;
    case 't': case 'f': case 'n': {
      static const char *words[] = {"true", "false", "null"};
      for (int i = 0; i < 3; i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0) {
          at += strlen(words[i]);
          v = make(i == 2 ? NUL : BOOL);
          v->number = i == 0;
          return v;
        }
      }
      return fail("unknown word");
    }
    default: {
      if (*at != '-' && !isdigit((unsigned char)*at)) return fail("value expected");
      if (at[*at == '-'] == '0' && isdigit((unsigned char)at[1 + (*at == '-')])) return fail("leading zero");
      char *end;
      v = make(NUMBER);
      v->number = strtod(at, &end);
      at = end;
      return v;
    }
  }
}

static void print(const struct value *v) {
  switch (v->kind) {
    case NUL: printf("null"); break;
    case BOOL: printf(v->number ? "true" : "false"); break;
    case NUMBER: printf("%.15g", v->number); break;
    case STRING:
      putchar('"');
      for (const char *p = v->text; *p; p++) {
        if (*p == '"' || *p == '\\') printf("\\%c", *p);
        else if ((unsigned char)*p < 32) printf("\\u%04x", *p);
        else putchar(*p);
      }
      putchar('"');
      break;
    case ARRAY: case OBJECT:
      putchar(v->kind == ARRAY ? '[' : '{');
      for (size_t i = 0; i < v->count; i++) {
        if (i) putchar(',');
        if (v->kind == OBJECT) printf("\"%s\":", v->keys[i]);
        print(v->items[i]);
      }
      putchar(v->kind == ARRAY ? ']' : '}');
  }
}

static void try(const char *text) {
  source = at = text;
  error = NULL;
  struct value *v = parse_value(0);
  space();
  if (v && *at) v = fail("something follows");
  if (v) {
    print(v);
    printf("\n");
  } else {
    printf("error at %td: %s\n", at - source, error);
  }
}

int main(void) {
  try("{\"name\": \"polymnia\", \"memories\": [1, 2, 3.5e2, -0.125], \"on\": true, \"off\": false, \"none\": null}");
  try("[\"\\u00e9\\u20ac\\ud83d\\ude00\", \"tab\\there\", \"quote\\\"\", \"\\u0001\"]");
  try("  [ ]  ");
  try("{}");
  try("[[[[[[[[1]]]]]]]]");
  try("1e308");
  try("-0");
  try("[1,2");
  try("[1,]");
  try("{\"a\" 1}");
  try("{\"a\":1,}");
  try("01");
  try("\"\\ud800x\"");
  try("\"open");
  try("nul");
  try("[1] 2");
  char deep[1000];
  memset(deep, '[', 999);
  deep[999] = 0;
  try(deep);
  size_t n = 20000, length = 0;
  char *big = malloc(n * 40);
  length += (size_t)sprintf(big + length, "[");
  for (size_t i = 0; i < n; i++) length += (size_t)sprintf(big + length, "%s{\"i\":%zu,\"q\":%.4f}", i ? "," : "", i, sqrt((double)i));
  sprintf(big + length, "]");
  source = at = big;
  error = NULL;
  struct value *v = parse_value(0);
  double sum = 0;
  for (size_t i = 0; v && i < v->count; i++) sum += v->items[i]->items[0]->number * v->items[i]->items[1]->number;
  printf("%zu items, sum %.6f\n", v ? v->count : 0, sum);
  return 0;
}
