/* C = A * B for square row-major matrices of one type; gemm.c includes this once per type, after it defined
 * REAL (float or double) and NAME(x), which gives x the type's suffix.
 *
 * The method is the usual one: cut k into blocks, pack panels of A and B so that the innermost loop reads
 * both in order, and keep an MR x NR tile of C in vector registers. */

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));

#define LANES (VECTOR_BYTES / sizeof(REAL))
#define NR (TILE_VECTORS * LANES)

/* Room for the packed panels of one block of k, and the matrices. */
typedef struct {
  size_t n;
  REAL *a, *b, *c;
  REAL *packed_a, *packed_b;
} NAME(problem);

/* Rows [row, row + TILE_ROWS) of a block of A, by columns; missing rows are zero. */
static void NAME(pack_a)(const NAME(problem) * p, size_t row, size_t k0, size_t depth, REAL *to) {
  for (size_t k = 0; k < depth; k++)
    for (size_t i = 0; i < TILE_ROWS; i++)
      to[k * TILE_ROWS + i] = row + i < p->n ? p->a[(row + i) * p->n + k0 + k] : 0;
}

/* Columns [column, column + NR) of a block of B, by rows; missing columns are zero. */
static void NAME(pack_b)(const NAME(problem) * p, size_t column, size_t k0, size_t depth, REAL *to) {
  for (size_t k = 0; k < depth; k++)
    for (size_t j = 0; j < NR; j++)
      to[k * NR + j] = column + j < p->n ? p->b[(k0 + k) * p->n + column + j] : 0;
}

/* One tile of C over one block of k; `first` overwrites C, later blocks add to it. */
static void NAME(tile)(const NAME(problem) * p, const REAL *a, const REAL *b, size_t depth, size_t row,
                       size_t column, int first) {
  NAME(vector) sum[TILE_ROWS][TILE_VECTORS] = {0};
  for (size_t k = 0; k < depth; k++) {
    const NAME(vector) *b_row = (const NAME(vector) *)(b + k * NR);
#pragma GCC unroll 16
    for (size_t i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 4
      for (size_t v = 0; v < TILE_VECTORS; v++) sum[i][v] += a[k * TILE_ROWS + i] * b_row[v];
  }
  /* Through memory with constant indices, or the sums would not stay in registers above. */
  REAL done[TILE_ROWS][NR];
#pragma GCC unroll 16
  for (size_t i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 4
    for (size_t v = 0; v < TILE_VECTORS; v++) *(NAME(vector) *)&done[i][v * LANES] = sum[i][v];
  size_t rows = p->n - row < TILE_ROWS ? p->n - row : TILE_ROWS;
  size_t columns = p->n - column < NR ? p->n - column : NR;
  for (size_t i = 0; i < rows; i++) {
    REAL *to = p->c + (row + i) * p->n + column;
    for (size_t j = 0; j < columns; j++) {
      to[j] = first ? done[i][j] : to[j] + done[i][j];
    }
  }
}

/* The whole product, by all threads. */
static void NAME(multiply)(const NAME(problem) * p) {
  size_t row_panels = (p->n + TILE_ROWS - 1) / TILE_ROWS, column_panels = (p->n + NR - 1) / NR;
  size_t row_groups = (row_panels + GROUP - 1) / GROUP, column_groups = (column_panels + GROUP - 1) / GROUP;
#pragma omp parallel
  for (size_t k0 = 0; k0 < p->n; k0 += DEPTH) {
    size_t depth = p->n - k0 < DEPTH ? p->n - k0 : DEPTH;
#pragma omp for schedule(static) nowait
    for (size_t i = 0; i < row_panels; i++)
      NAME(pack_a)(p, i * TILE_ROWS, k0, depth, p->packed_a + i * TILE_ROWS * DEPTH);
#pragma omp for schedule(static)
    for (size_t j = 0; j < column_panels; j++)
      NAME(pack_b)(p, j * NR, k0, depth, p->packed_b + j * NR * DEPTH);
#pragma omp for collapse(2) schedule(dynamic)
    for (size_t gi = 0; gi < row_groups; gi++)
      for (size_t gj = 0; gj < column_groups; gj++)
        for (size_t j = gj * GROUP; j < (gj + 1) * GROUP && j < column_panels; j++)
          for (size_t i = gi * GROUP; i < (gi + 1) * GROUP && i < row_panels; i++)
            NAME(tile)(p, p->packed_a + i * TILE_ROWS * DEPTH, p->packed_b + j * NR * DEPTH, depth,
                       i * TILE_ROWS, j * NR, k0 == 0);
  }
}

/* How far sampled elements of C are from plain dot products, in units of what rounding explains; above 1 is
 * wrong. Rounding errors of n products grow like the square root of n; 4 is the margin. */
static double NAME(check)(const NAME(problem) * p) {
  double epsilon = sizeof(REAL) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON, worst = 0;
  uint64_t state = 1;
  for (int sample = 0; sample < SAMPLES; sample++) {
    size_t row = random_bits(&state) % p->n, column = random_bits(&state) % p->n;
    /* The corners are where the padding of panels goes wrong. */
    if (sample < 4) {
      row = sample & 1 ? p->n - 1 : 0;
      column = sample & 2 ? p->n - 1 : 0;
    }
    double sum = 0, size = 0;
    for (size_t k = 0; k < p->n; k++) {
      double product = (double)p->a[row * p->n + k] * (double)p->b[k * p->n + column];
      sum += product;
      size += fabs(product);
    }
    double error = fabs((double)p->c[row * p->n + column] - sum) / (4 * epsilon * sqrt((double)p->n) * size);
    if (isnan(error)) error = DBL_MAX;
    worst = fmax(worst, error);
  }
  return worst;
}

/* Fills the matrices, multiplies them `repetitions` times after a first time that is left out, and prints the
 * best rate. Returns the exit status. */
static int NAME(measure)(const char *type, size_t n, long repetitions) {
  size_t padded = n + TILE_ROWS + NR;
  NAME(problem) p = {
      .n = n,
      .a = allocate(n * n * sizeof(REAL)),
      .b = allocate(n * n * sizeof(REAL)),
      .c = allocate(n * n * sizeof(REAL)),
      .packed_a = allocate(padded * DEPTH * sizeof(REAL)),
      .packed_b = allocate(padded * DEPTH * sizeof(REAL)),
  };
#pragma omp parallel for schedule(static)
  for (size_t row = 0; row < n; row++) {
    uint64_t state = row + 1;
    for (size_t column = 0; column < n; column++) {
      p.a[row * n + column] = (REAL)random_unit(&state);
      p.b[row * n + column] = (REAL)random_unit(&state);
      p.c[row * n + column] = 0;
    }
  }
  double fastest = DBL_MAX, sum = 0;
  for (long r = 0; r <= repetitions; r++) {
    double start = omp_get_wtime();
    NAME(multiply)(&p);
    double time = omp_get_wtime() - start;
    if (r == 0) continue;
    fastest = fmin(fastest, time);
    sum += time;
  }
  double operations = 2.0 * (double)n * (double)n * (double)n;
  double error = NAME(check)(&p);
  free(p.a);
  free(p.b);
  free(p.c);
  free(p.packed_a);
  free(p.packed_b);
  if (!(error <= 1)) {
    fprintf(stderr, "gemm: wrong results: error is %.3e times what rounding explains\n", error);
    return 1;
  }
  printf("%s  n=%zu  threads=%d  GFLOP/s %.1f  mean %.1f  seconds %.6f\n", type, n, omp_get_max_threads(),
         operations / fastest / 1e9, operations / (sum / (double)repetitions) / 1e9, fastest);
  printf("Validated: %d elements, error %.1e of what rounding explains\n", SAMPLES, error);
  return 0;
}

#undef LANES
#undef NR
