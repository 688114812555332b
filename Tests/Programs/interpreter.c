// A compiler from arithmetic statements to stack code, and the machine that runs it.
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, DIV, MOD, LESS, EQUAL, JUMP, JUMP_IF_ZERO, PRINT, HALT };

static int32_t code[4096];
static int size;
static const char *at;
static int failed;

static void emit(int32_t word) { code[size++] = word; }
static void space(void) { while (isspace((unsigned char)*at)) at++; }
static int take(const char *word) {
  space();
  size_t n = strlen(word);
  if (strncmp(at, word, n)) return 0;
  if (isalpha((unsigned char)*word) && isalnum((unsigned char)at[n])) return 0;
  at += n;
  return 1;
}
static void need(const char *word) {
  if (!take(word)) failed = 1;
}

static void expression(void);

static void primary(void) {
  space();
  if (take("(")) {
    expression();
    need(")");
  } else if (isdigit((unsigned char)*at)) {
    emit(PUSH);
    emit((int32_t)strtol(at, (char **)&at, 10));
  } else if (islower((unsigned char)*at)) {
    emit(LOAD);
    emit(*at++ - 'a');
  } else {
    failed = 1;
  }
}
static void term(void) {
  primary();
  for (;;) {
    int op = take("*") ? MUL : take("/") ? DIV : take("%") ? MOD : -1;
    if (op < 0) return;
    primary();
    emit(op);
  }
}
static void sum(void) {
  term();
  for (;;) {
    int op = take("+") ? ADD : take("-") ? SUB : -1;
    if (op < 0) return;
    term();
    emit(op);
  }
}
static void expression(void) {
  sum();
  int op = take("<") ? LESS : take("==") ? EQUAL : -1;
  if (op < 0) return;
  sum();
  emit(op);
}

static void statement(void) {
  if (take("while")) {
    int start = size;
    expression();
    emit(JUMP_IF_ZERO);
    int hole = size++;
    need("{");
    while (!failed && !take("}")) statement();
    emit(JUMP);
    emit(start);
    code[hole] = size;
  } else if (take("if")) {
    expression();
    emit(JUMP_IF_ZERO);
    int hole = size++;
    need("{");
    while (!failed && !take("}")) statement();
    code[hole] = size;
  } else if (take("print")) {
    expression();
    emit(PRINT);
    need(";");
  } else {
    space();
    int name = *at++ - 'a';
    need("=");
    expression();
    emit(STORE);
    emit(name);
    need(";");
  }
}

static long run(void) {
  int64_t stack[64], variables[26] = {0};
  int top = 0;
  long steps = 0;
  for (int pc = 0;; steps++) {
    switch (code[pc++]) {
      case PUSH: stack[top++] = code[pc++]; break;
      case LOAD: stack[top++] = variables[code[pc++]]; break;
      case STORE: variables[code[pc++]] = stack[--top]; break;
      case ADD: top--; stack[top - 1] += stack[top]; break;
      case SUB: top--; stack[top - 1] -= stack[top]; break;
      case MUL: top--; stack[top - 1] *= stack[top]; break;
      case DIV: top--; stack[top - 1] = stack[top] ? stack[top - 1] / stack[top] : 0; break;
      case MOD: top--; stack[top - 1] = stack[top] ? stack[top - 1] % stack[top] : 0; break;
      case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; break;
      case EQUAL: top--; stack[top - 1] = stack[top - 1] == stack[top]; break;
      case JUMP: pc = code[pc]; break;
      case JUMP_IF_ZERO: pc = stack[--top] ? pc + 1 : code[pc]; break;
      case PRINT: printf("%lld\n", (long long)stack[--top]); break;
      case HALT: return steps;
    }
  }
}

static void execute(const char *text) {
  at = text;
  size = failed = 0;
  space();
  while (*at && !failed) {
    statement();
    space();
  }
  if (failed) {
    printf("syntax error before: %.12s\n", at);
    return;
  }
  emit(HALT);
  printf("%d words, %ld steps\n", size, run());
}

int main(void) {
  execute("a = 2 + 3 * (4 - 1); print a; print a % 4;");
  execute("n = 1; p = 1; while n < 21 { p = p * n; n = n + 1; } print p;");
  execute("n = 2; c = 0; while n < 3000 { d = 2; q = 1; while d * d < n + 1 { if n % d == 0 { q = 0; d = n; } d = d + 1; }"
          " c = c + q; n = n + 1; } print c;");
  execute("m = 0; i = 1; while i < 10000 { n = i; s = 0; while 1 < n { b = n % 2; if b == 0 { n = n / 2; }"
          " if b == 1 { n = 3 * n + 1; } s = s + 1; } if m < s { m = s; k = i; } i = i + 1; } print k; print m;");
  execute("a = (1 + ; print a;");
  return 0;
}
