/* Rate of a dense matrix product C = A * B of f32 or f64, without any library.
 *
 *   gemm TYPE [N [REPETITIONS]]
 *
 * TYPE is f32 or f64, N the order of the square matrices. Threads come from OMP_NUM_THREADS.
 * Prints one row, "f64  n=1536  threads=2  GFLOP/s 98.2  mean 97.5  seconds 0.073803": the best repetition (the
 * first one left out) with 2 N^3 operations, the mean rate, and the best time in seconds.
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

/* The tile of C that is kept in registers: 2 vectors wide, as many rows as the registers hold. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define TILE_ROWS 12
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#elif defined(__aarch64__)
#define VECTOR_BYTES 16
#define TILE_ROWS 12
#else
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#endif
#define TILE_VECTORS 2
/* Rows of a packed panel: a panel of B stays in the first cache. */
#define DEPTH 256
/* Panels of A and of B that a thread takes at once: they stay in the second cache. */
#define GROUP 8
/* Elements that are checked. */
#define SAMPLES 256

#define MAX_N 65536
#define DEFAULT_N 1536
#define MAX_REPETITIONS 10000
#define DEFAULT_REPETITIONS 5

static const char usage[] =
    "usage: gemm TYPE [N [REPETITIONS]]\n"
    "\n"
    "Measures the rate of a dense matrix product.\n"
    "  TYPE         f32 or f64\n"
    "  N            order of the square matrices, 1 to 65536, 1536 if left out\n"
    "  REPETITIONS  1 to 10000 after one that is left out, 5 if left out; the best one counts\n"
    "OMP_NUM_THREADS sets the number of threads, OMP_PROC_BIND and OMP_PLACES where they run.\n";

/* Reads a whole number between low and high, or ends the program with a message. */
static long number(const char *what, const char *text, long low, long high) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
    fprintf(stderr, "gemm: %s must be a whole number from %ld to %ld, not '%s'\n", what, low, high, text);
    exit(2);
  }
  return value;
}

static void *allocate(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 4096, bytes) != 0) {
    fprintf(stderr, "gemm: cannot allocate %zu MiB\n", bytes >> 20);
    exit(2);
  }
  return memory;
}

/* SplitMix64: the same matrices on every machine. */
static uint64_t random_bits(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* From -1 up to 1. */
static double random_unit(uint64_t *state) { return (double)(random_bits(state) >> 11) * 0x1p-52 - 1; }

#define REAL float
#define NAME(x) x##_f32
#include "kernel.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64
#include "kernel.h"

int main(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(usage, stdout);
    return 0;
  }
  if (argc < 2 || argc > 4) {
    fputs(usage, stderr);
    return 2;
  }
  int is_f32 = strcmp(argv[1], "f32") == 0;
  if (!is_f32 && strcmp(argv[1], "f64") != 0) {
    fprintf(stderr, "gemm: TYPE must be f32 or f64, not '%s'\n", argv[1]);
    return 2;
  }
  long n = argc > 2 ? number("N", argv[2], 1, MAX_N) : DEFAULT_N;
  long repetitions = argc > 3 ? number("REPETITIONS", argv[3], 1, MAX_REPETITIONS) : DEFAULT_REPETITIONS;

  double needed = 3.0 * (double)n * (double)n * (is_f32 ? sizeof(float) : sizeof(double));
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0 && needed > (double)pages * (double)page / 2) {
    fprintf(stderr, "gemm: three matrices of order %ld need %.0f MiB, more than half of the memory\n", n,
            needed / (1 << 20));
    return 2;
  }
  return is_f32 ? measure_f32(argv[1], (size_t)n, repetitions) : measure_f64(argv[1], (size_t)n, repetitions);
}
