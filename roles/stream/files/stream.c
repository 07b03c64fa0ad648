/* Sustained memory bandwidth with four simple kernels, after the rules of McCalpin's STREAM: arrays well beyond
 * the caches, every kernel timed in every repetition, the best repetition (the first one left out) is the figure,
 * and the arrays are checked at the end.
 *
 *   stream MIB [REPETITIONS]
 *
 * MIB is the size of ALL THREE arrays of doubles together. Threads come from OMP_NUM_THREADS.
 * One row per kernel: "Triad:   12345.6  0.0041  0.0040  0.0043", the best rate in MB/s (10^6 bytes, counting what
 * the kernel reads and writes), then mean, smallest and largest time in seconds.
 * Exit status: 0 good, 1 wrong results, 2 the arguments or the machine cannot do it.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY, SCALE, ADD, TRIAD, KERNELS };

static const char *const names[KERNELS] = {"Copy", "Scale", "Add", "Triad"};
/* Doubles that one element of the kernel moves. */
static const double moved[KERNELS] = {2, 2, 3, 3};

#define MIN_MIB 1
#define MAX_REPETITIONS 10000
#define DEFAULT_REPETITIONS 10
/* sqrt(2) - 1: one repetition multiplies the arrays by SCALAR * (2 + SCALAR) = 1, so long runs stay in range. */
#define SCALAR 0.41421356237309503

static const char usage[] =
    "usage: stream MIB [REPETITIONS]\n"
    "\n"
    "Measures memory bandwidth with the kernels Copy, Scale, Add and Triad.\n"
    "  MIB          size of all three arrays together in MiB (at least 1, at most half of the memory)\n"
    "  REPETITIONS  2 to 10000, 10 if left out; the best one after the first counts\n"
    "OMP_NUM_THREADS sets the number of threads, OMP_PROC_BIND and OMP_PLACES where they run.\n";

/* Reads a whole number between low and high, or ends the program with a message. */
static long number(const char *what, const char *text, long low, long high) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
    fprintf(stderr, "stream: %s must be a whole number from %ld to %ld, not '%s'\n", what, low, high, text);
    exit(2);
  }
  return value;
}

static double *allocate(size_t n) {
  void *memory = NULL;
  if (posix_memalign(&memory, 4096, n * sizeof(double)) != 0) {
    fprintf(stderr, "stream: cannot allocate %zu MiB for an array\n", n * sizeof(double) >> 20);
    exit(2);
  }
  return memory;
}

/* The largest relative error of the elements of an array. */
static double worst(const double *array, size_t n, double expected) {
  double error = 0;
#pragma omp parallel for schedule(static) reduction(max : error)
  for (size_t i = 0; i < n; i++) {
    double e = fabs(array[i] - expected) / fabs(expected);
    if (isnan(e)) e = DBL_MAX;
    error = fmax(error, e);
  }
  return error;
}

int main(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(usage, stdout);
    return 0;
  }
  if (argc < 2 || argc > 3) {
    fputs(usage, stderr);
    return 2;
  }
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  long memory_mib = (pages > 0 && page > 0) ? (long)((uint64_t)pages * (uint64_t)page >> 20) : 2;
  long half_mib = memory_mib / 2 > MIN_MIB ? memory_mib / 2 : MIN_MIB;
  long mib = number("MIB", argv[1], MIN_MIB, half_mib);
  long repetitions =
      argc > 2 ? number("REPETITIONS", argv[2], 2, MAX_REPETITIONS) : DEFAULT_REPETITIONS;

  size_t n = ((size_t)mib << 20) / (3 * sizeof(double));
  double *restrict a = allocate(n), *restrict b = allocate(n), *restrict c = allocate(n);

  /* The thread that will use a page touches it first, so that it lies on that thread's NUMA node. */
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < n; i++) {
    a[i] = 1.0;
    b[i] = 2.0;
    c[i] = 0.0;
  }

  double sum[KERNELS] = {0}, fastest[KERNELS], slowest[KERNELS] = {0};
  for (int k = 0; k < KERNELS; k++) fastest[k] = DBL_MAX;

  for (long r = 0; r < repetitions; r++) {
    double times[KERNELS], start;

    start = omp_get_wtime();
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) c[i] = a[i];
    times[COPY] = omp_get_wtime() - start;

    start = omp_get_wtime();
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) b[i] = SCALAR * c[i];
    times[SCALE] = omp_get_wtime() - start;

    start = omp_get_wtime();
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) c[i] = a[i] + b[i];
    times[ADD] = omp_get_wtime() - start;

    start = omp_get_wtime();
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) a[i] = b[i] + SCALAR * c[i];
    times[TRIAD] = omp_get_wtime() - start;

    if (r == 0) continue; /* warms caches and page tables */
    for (int k = 0; k < KERNELS; k++) {
      sum[k] += times[k];
      fastest[k] = fmin(fastest[k], times[k]);
      slowest[k] = fmax(slowest[k], times[k]);
    }
  }

  /* The same arithmetic on one element. */
  double ea = 1.0, eb = 2.0, ec = 0.0;
  for (long r = 0; r < repetitions; r++) {
    ec = ea;
    eb = SCALAR * ec;
    ec = ea + eb;
    ea = eb + SCALAR * ec;
  }
  double error = fmax(worst(a, n, ea), fmax(worst(b, n, eb), worst(c, n, ec)));

  double allowed = 1e-13 * (double)repetitions;
  if (!(error <= allowed)) {
    fprintf(stderr, "stream: wrong results: relative error %.3e, allowed is %.3e\n", error, allowed);
    return 1;
  }

  printf("threads %d, %ld MiB in three arrays of %zu doubles, best of %ld repetitions\n",
         omp_get_max_threads(), mib, n, repetitions - 1);
  printf("Kernel    Best MB/s    Mean s      Min s       Max s\n");
  for (int k = 0; k < KERNELS; k++) {
    double rate = moved[k] * sizeof(double) * (double)n / fastest[k] / 1e6;
    printf("%s:%*s%11.1f  %10.6f  %10.6f  %10.6f\n", names[k], (int)(6 - strlen(names[k])), "", rate,
           sum[k] / (double)(repetitions - 1), fastest[k], slowest[k]);
  }
  printf("Validated: relative error %.1e\n", error);
  free(a);
  free(b);
  free(c);
  return 0;
}
