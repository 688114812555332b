// Matrices: product, inverse by elimination, determinant, and a power in modular integers.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N 96

static double a[N][N], b[N][N], c[N][N], inverse[N][N];

static void multiply(double x[N][N], double y[N][N], double z[N][N]) {
  memset(z, 0, sizeof(double) * N * N);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) z[i][j] += x[i][k] * y[k][j];
}

static double invert(double m[N][N], double out[N][N]) {
  double determinant = 1;
  memcpy(b, m, sizeof b);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) out[i][j] = i == j;
  for (int column = 0; column < N; column++) {
    int pivot = column;
    for (int row = column; row < N; row++)
      if (fabs(b[row][column]) > fabs(b[pivot][column])) pivot = row;
    if (pivot != column) determinant = -determinant;
    for (int j = 0; j < N; j++) {
      double t = b[column][j];
      b[column][j] = b[pivot][j];
      b[pivot][j] = t;
      t = out[column][j];
      out[column][j] = out[pivot][j];
      out[pivot][j] = t;
    }
    double scale = b[column][column];
    determinant *= scale;
    for (int j = 0; j < N; j++) {
      b[column][j] /= scale;
      out[column][j] /= scale;
    }
    for (int row = 0; row < N; row++) {
      double factor = b[row][column];
      if (row == column || factor == 0) continue;
      for (int j = 0; j < N; j++) {
        b[row][j] -= factor * b[column][j];
        out[row][j] -= factor * out[column][j];
      }
    }
  }
  return determinant;
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = sin(i * 1.7 + j * j * 0.3) + (i == j ? 3 : 0);
  double determinant = invert(a, inverse);
  multiply(a, inverse, c);
  double error = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) error = fmax(error, fabs(c[i][j] - (i == j)));
  printf("determinant %.10e, product is the identity: %d\n", determinant, error < 1e-9);
  multiply(a, a, c);
  double trace = 0;
  for (int i = 0; i < N; i++) trace += c[i][i];
  printf("trace of the square %.12f\n", trace);
  uint64_t f[2][2] = {{1, 1}, {1, 0}}, r[2][2] = {{1, 0}, {0, 1}};
  for (uint64_t n = 1000000000000ull; n; n >>= 1) {
    uint64_t t[2][2];
    if (n & 1) {
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) t[i][j] = (r[i][0] * f[0][j] + r[i][1] * f[1][j]) % 1000000007;
      memcpy(r, t, sizeof r);
    }
    for (int i = 0; i < 2; i++)
      for (int j = 0; j < 2; j++) t[i][j] = (f[i][0] * f[0][j] + f[i][1] * f[1][j]) % 1000000007;
    memcpy(f, t, sizeof f);
  }
  printf("fibonacci(10^12) mod 10^9+7 = %llu\n", (unsigned long long)r[0][1]);
  return 0;
}
