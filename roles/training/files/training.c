/* Trains a small network until it is right often enough, and says how long that took.
 *
 *   training ACCURACY [HIDDEN] [EPOCHS] [SEED]
 *
 * It learns to tell ten digits apart: pictures of 12 x 12 points, each a shifted glyph under noise, drawn anew from
 * SEED, so nothing has to be fetched. Two layers (144-HIDDEN-10, ReLU, softmax, cross entropy), batches of 64, gradient
 * descent with momentum. After each epoch it is held against pictures that it has not learnt from; it ends as soon as
 * it tells at least ACCURACY of them right. Threads come from OMP_NUM_THREADS; each of them sums up numbers of its own
 * in a fixed order, so that their count changes the time and not the result.
 * One row per epoch, then "time_to_accuracy 1.234 s", "accuracy 0.9712", "throughput 123456 samples/s". The last counts
 * learning alone, the first everything but making the pictures.
 * Exit status: 0 good, 1 the accuracy was not reached, 2 the arguments or the machine cannot do it.
 */
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 12, INPUTS = SIDE * SIDE, CLASSES = 10, BATCH = 64, LEARN = 16384, HELD_OUT = 4096 };

static const float RATE = 0.02f, MOMENTUM = 0.9f, NOISE = 0.6f;

static const char usage[] =
    "usage: training ACCURACY [HIDDEN] [EPOCHS] [SEED]\n"
    "\n"
    "Trains a network of two layers to tell ten digits apart.\n"
    "  ACCURACY  what part of pictures that it has not seen it must get right, such as 0.95\n"
    "  HIDDEN    units between its layers, 16 to 4096, 256 if left out\n"
    "  EPOCHS    after how many it gives up, 1 to 1000, 50 if left out\n"
    "  SEED      of pictures and first weights, 0 to 1000000, 1 if left out\n"
    "OMP_NUM_THREADS sets the number of threads.\n";

/* Five columns and seven rows of each digit; the lowest bit is the rightmost column. */
static const unsigned char glyphs[CLASSES][7] = {
    {14, 17, 19, 21, 25, 17, 14}, {4, 12, 4, 4, 4, 4, 14},     {14, 17, 1, 2, 4, 8, 31},    {31, 2, 4, 2, 1, 17, 14},
    {2, 6, 10, 18, 31, 2, 2},     {31, 16, 30, 1, 1, 17, 14},  {6, 8, 16, 30, 17, 17, 14},  {31, 1, 2, 4, 8, 8, 8},
    {14, 17, 17, 14, 17, 17, 14}, {14, 17, 17, 15, 1, 2, 12},
};

struct pictures {
  int count;
  float *points; /* count x INPUTS */
  int *digits;
};

struct network {
  int hidden;
  float *w1, *b1, *w2, *b2; /* INPUTS x hidden, hidden, hidden x CLASSES, CLASSES */
};

/* splitmix64: the same numbers on every machine. */
static uint64_t state;

static uint64_t next(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* From 0 up to 1. */
static float uniform(void) { return (float)(next() >> 40) * 0x1p-24f; }

/* Close to a normal distribution with deviation 1. */
static float normal(void) {
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += uniform();
  return sum - 6;
}

static void *allocate(size_t n, size_t size) {
  void *memory = calloc(n, size);
  if (memory == NULL) {
    fprintf(stderr, "training: cannot allocate %zu MiB\n", n * size >> 20);
    exit(2);
  }
  return memory;
}

static double number(const char *what, const char *text, double low, double high, int whole) {
  char *end;
  errno = 0;
  double value = strtod(text, &end);
  if (errno != 0 || end == text || *end != '\0' || !(value >= low && value <= high) || (whole && value != floor(value))) {
    fprintf(stderr, "training: %s must be a %snumber from %g to %g, not '%s'\n", what, whole ? "whole " : "", low, high, text);
    exit(2);
  }
  return value;
}

static struct pictures draw(int count) {
  struct pictures made = {count, allocate((size_t)count * INPUTS, sizeof(float)), allocate((size_t)count, sizeof(int))};
  for (int n = 0; n < count; n++) {
    float *points = made.points + (size_t)n * INPUTS;
    int digit = made.digits[n] = (int)(next() % CLASSES);
    int left = 2 + (int)(next() % 4), top = 1 + (int)(next() % 4);
    for (int y = 0; y < 7; y++)
      for (int x = 0; x < 5; x++)
        if (glyphs[digit][y] >> (4 - x) & 1) points[(top + y) * SIDE + left + x] = 1;
    for (int i = 0; i < INPUTS; i++) points[i] += NOISE * 0.5f * normal();
  }
  return made;
}

static struct network make(int hidden) {
  size_t h = (size_t)hidden;
  struct network net = {hidden, allocate(INPUTS * h, sizeof(float)), allocate(h, sizeof(float)),
                        allocate(h * CLASSES, sizeof(float)), allocate(CLASSES, sizeof(float))};
  return net;
}

/* From pictures first to first + rows - 1: what is between the layers, and how likely each digit is. */
static void forward(const struct network *net, const float *points, int rows, float *between, float *likely) {
  int hidden = net->hidden;
#pragma omp parallel for schedule(static)
  for (int row = 0; row < rows; row++) {
    const float *x = points + (size_t)row * INPUTS;
    float *h = between + (size_t)row * (size_t)hidden, *p = likely + (size_t)row * CLASSES;
    memcpy(h, net->b1, (size_t)hidden * sizeof(float));
    for (int i = 0; i < INPUTS; i++) {
      const float *w = net->w1 + (size_t)i * (size_t)hidden;
      for (int j = 0; j < hidden; j++) h[j] += x[i] * w[j];
    }
    memcpy(p, net->b2, CLASSES * sizeof(float));
    for (int j = 0; j < hidden; j++) {
      h[j] = h[j] > 0 ? h[j] : 0;
      for (int c = 0; c < CLASSES; c++) p[c] += h[j] * net->w2[j * CLASSES + c];
    }
    float most = p[0], sum = 0;
    for (int c = 1; c < CLASSES; c++) most = p[c] > most ? p[c] : most;
    for (int c = 0; c < CLASSES; c++) sum += p[c] = expf(p[c] - most);
    for (int c = 0; c < CLASSES; c++) p[c] /= sum;
  }
}

/* What part of them it gets right. */
static double accuracy(const struct network *net, const struct pictures *all, float *between, float *likely) {
  int right = 0;
  for (int first = 0; first < all->count; first += BATCH) {
    forward(net, all->points + (size_t)first * INPUTS, BATCH, between, likely);
    for (int row = 0; row < BATCH; row++) {
      const float *p = likely + row * CLASSES;
      int best = 0;
      for (int c = 1; c < CLASSES; c++) best = p[c] > p[best] ? c : best;
      right += best == all->digits[first + row];
    }
  }
  return (double)right / all->count;
}

/* One step: gradients of a batch, which `moving` keeps with those before, and the weights after them. */
static void learn(struct network *net, struct network *moving, const float *points, const int *digits, float *between,
                  float *likely, float *back) {
  int hidden = net->hidden;
  forward(net, points, BATCH, between, likely);
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int row = 0; row < BATCH; row++) {
      float *p = likely + row * CLASSES;
      p[digits[row]] -= 1;
      for (int c = 0; c < CLASSES; c++) p[c] /= BATCH;
      for (int j = 0; j < hidden; j++) {
        float sum = 0;
        for (int c = 0; c < CLASSES; c++) sum += p[c] * net->w2[j * CLASSES + c];
        back[(size_t)row * (size_t)hidden + (size_t)j] = between[(size_t)row * (size_t)hidden + (size_t)j] > 0 ? sum : 0;
      }
    }
#pragma omp for schedule(static) nowait
    for (int i = 0; i < INPUTS; i++) {
      float *v = moving->w1 + (size_t)i * (size_t)hidden, *w = net->w1 + (size_t)i * (size_t)hidden;
      for (int j = 0; j < hidden; j++) v[j] *= MOMENTUM;
      for (int row = 0; row < BATCH; row++) {
        float x = points[(size_t)row * INPUTS + (size_t)i];
        const float *b = back + (size_t)row * (size_t)hidden;
        for (int j = 0; j < hidden; j++) v[j] -= RATE * x * b[j];
      }
      for (int j = 0; j < hidden; j++) w[j] += v[j];
    }
#pragma omp for schedule(static)
    for (int j = 0; j < hidden; j++) {
      float *v = moving->w2 + j * CLASSES, bias = 0;
      for (int c = 0; c < CLASSES; c++) v[c] *= MOMENTUM;
      for (int row = 0; row < BATCH; row++) {
        float h = between[(size_t)row * (size_t)hidden + (size_t)j];
        for (int c = 0; c < CLASSES; c++) v[c] -= RATE * h * likely[row * CLASSES + c];
        bias += back[(size_t)row * (size_t)hidden + (size_t)j];
      }
      for (int c = 0; c < CLASSES; c++) net->w2[j * CLASSES + c] += v[c];
      net->b1[j] += moving->b1[j] = MOMENTUM * moving->b1[j] - RATE * bias;
    }
  }
  for (int c = 0; c < CLASSES; c++) {
    float bias = 0;
    for (int row = 0; row < BATCH; row++) bias += likely[row * CLASSES + c];
    net->b2[c] += moving->b2[c] = MOMENTUM * moving->b2[c] - RATE * bias;
  }
}

/* Another order for each epoch. */
static void shuffle(struct pictures *all) {
  float kept[INPUTS];
  for (int n = all->count - 1; n > 0; n--) {
    int other = (int)(next() % (uint64_t)(n + 1)), digit = all->digits[n];
    float *a = all->points + (size_t)n * INPUTS, *b = all->points + (size_t)other * INPUTS;
    if (other == n) continue;
    memcpy(kept, a, sizeof kept);
    memcpy(a, b, sizeof kept);
    memcpy(b, kept, sizeof kept);
    all->digits[n] = all->digits[other];
    all->digits[other] = digit;
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(usage, stdout);
    return 0;
  }
  if (argc < 2 || argc > 5) {
    fputs(usage, stderr);
    return 2;
  }
  double wanted = number("ACCURACY", argv[1], 0, 1, 0);
  int hidden = argc > 2 ? (int)number("HIDDEN", argv[2], 16, 4096, 1) : 256;
  int epochs = argc > 3 ? (int)number("EPOCHS", argv[3], 1, 1000, 1) : 50;
  state = argc > 4 ? (uint64_t)number("SEED", argv[4], 0, 1000000, 1) : 1;

  struct pictures pictures = draw(LEARN), held_out = draw(HELD_OUT);
  struct network net = make(hidden), moving = make(hidden);
  float *between = allocate((size_t)BATCH * (size_t)hidden, sizeof(float));
  float *back = allocate((size_t)BATCH * (size_t)hidden, sizeof(float));
  float *likely = allocate(BATCH * CLASSES, sizeof(float));
  for (int i = 0; i < INPUTS * hidden; i++) net.w1[i] = normal() * sqrtf(2.0f / INPUTS);
  for (int i = 0; i < hidden * CLASSES; i++) net.w2[i] = normal() * sqrtf(2.0f / (float)hidden);
  printf("training: %d pictures, %d-%d-%d, batches of %d, %d threads\n", LEARN, INPUTS, hidden, CLASSES, BATCH, omp_get_max_threads());

  double begin = omp_get_wtime(), learning = 0, reached = 0;
  for (int epoch = 1; epoch <= epochs; epoch++) {
    double start = omp_get_wtime();
    shuffle(&pictures);
    for (int first = 0; first < LEARN; first += BATCH)
      learn(&net, &moving, pictures.points + (size_t)first * INPUTS, pictures.digits + first, between, likely, back);
    learning += omp_get_wtime() - start;
    reached = accuracy(&net, &held_out, between, likely);
    printf("epoch %d: accuracy %.4f\n", epoch, reached);
    if (reached >= wanted) {
      printf("time_to_accuracy %.6f s\n", omp_get_wtime() - begin);
      printf("accuracy %.4f\n", reached);
      printf("throughput %.1f samples/s\n", (double)epoch * LEARN / learning);
      return 0;
    }
  }
  fflush(stdout);
  fprintf(stderr, "training: after %d epochs %.4f of the pictures are told right, and %g was wanted\n", epochs, reached, wanted);
  return 1;
}
