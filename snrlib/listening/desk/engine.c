// The U-Net of snrlib.models.unet in eval mode, for WebAssembly: what runs inside the page.
//
// Features lie channels last, so that the window of a convolution is one contiguous run of
// kernel x channels floats; a tile of 4 samples x 8 channels is summed in registers. Widths are
// padded with zeros to multiples of 8. Batch norm is folded into the convolution in float32 when
// a model is loaded. No library, no imports, no relaxed SIMD: the same bits on every machine.
// `tools/build_engine.py` turns this file into `engine.wasm.b64`.

typedef float vector __attribute__((vector_size(16), aligned(4)));
typedef int mask __attribute__((vector_size(16), aligned(4)));
typedef unsigned char byte;

#define LANES 8 // output channels of a tile
#define ROWS 4 // samples of a tile
#define DEEPEST 32 // encoder blocks at most
#define PAGE 65536
#define PADDED(width) (((width) + LANES - 1) / LANES * LANES)
#define EXPORTED(name) __attribute__((export_name(name)))

typedef struct {
  int inputs, outputs, kernel; // channels, padded
  float *weights; // (outputs / LANES, kernel, inputs, LANES)
  float *bias; // (outputs,)
} Block;

typedef struct {
  int depth, decimations;
  Block block[2 * DEEPEST + 1]; // encoder, bottleneck, decoder
  float *output; // of the last features, then of the noisy input, then the bias
} Model;

// ------------------------------------------------------------------- memory, as a stack

extern byte __heap_base;
static unsigned top;

EXPORTED("allocate") void *allocate(unsigned bytes) {
  if (!top) top = (unsigned)&__heap_base;
  unsigned begin = (top + 15) & ~15u;
  if (bytes > 0xffff0000u - begin) return 0;
  unsigned have = __builtin_wasm_memory_size(0), need = (begin + bytes + PAGE - 1) / PAGE;
  if (need > have && __builtin_wasm_memory_grow(0, need - have) == (unsigned)-1) return 0;
  top = begin + bytes;
  return (void *)begin;
}

// Gives back `begin` and everything that was allocated after it.
EXPORTED("release") void release(void *begin) { top = (unsigned)begin; }

static void clear(float *at, int count) {
  for (int i = 0; i < count; i++) at[i] = 0;
}

// ------------------------------------------------------------------------------ weights

typedef struct {
  const byte *bytes; // all first (highest) bytes of the numbers, then all second bytes, ...
  int size, count, at;
} Numbers;

static float number(const Numbers *from, int i) {
  union { unsigned bits; float value; } as = {0};
  for (int plane = 0; plane < from->size; plane++) {
    as.bits = as.bits << 8 | from->bytes[plane * from->count + i];
  }
  if (from->size == 4) return as.value;
  unsigned sign = as.bits >> 15, exponent = as.bits >> 10 & 31, fraction = as.bits & 1023;
  if (!exponent) return (sign ? -1.0f : 1.0f) * (float)fraction / 16777216.0f;
  as.bits = sign << 31 | (exponent + 112) << 23 | fraction << 13;
  return as.value;
}

// A block whose input is `first` channels and behind them `second` (0 for none); 0 channels are
// the waveform itself, which is not padded.
static int unpack(Block *block, Numbers *from, int first, int second, int outputs, int kernel,
                  float epsilon) {
  int behind = first ? PADDED(first) : 1;
  first = first ? first : 1;
  int inputs = first + second;
  int count = outputs * inputs * kernel;
  block->inputs = behind + PADDED(second);
  block->outputs = PADDED(outputs);
  block->kernel = kernel;
  int size = block->outputs * block->inputs * kernel;
  block->weights = allocate(sizeof(float) * size);
  block->bias = allocate(sizeof(float) * block->outputs);
  if (!block->weights || !block->bias) return 0;
  clear(block->weights, size);
  clear(block->bias, block->outputs);
  int weight = from->at, bias = weight + count, gamma = bias + outputs, beta = gamma + outputs;
  int mean = beta + outputs, variance = mean + outputs;
  for (int o = 0; o < outputs; o++) {
    float spread = 1.0f / __builtin_sqrtf(number(from, variance + o) + epsilon);
    float scale = number(from, gamma + o) * spread;
    block->bias[o] =
        (number(from, bias + o) - number(from, mean + o)) * scale + number(from, beta + o);
    for (int c = 0; c < inputs; c++) {
      int channel = c < first ? c : behind + c - first;
      for (int k = 0; k < kernel; k++) {
        int place = (o / LANES * kernel + k) * block->inputs + channel;
        block->weights[place * LANES + o % LANES] =
            number(from, weight + (o * inputs + c) * kernel + k) * scale;
      }
    }
  }
  from->at = variance + outputs;
  return 1;
}

// A model out of its `count` numbers of `size` bytes each, in the order of the state dict; 0 if
// there is no memory or the count is another.
EXPORTED("load")
Model *load(const byte *bytes, int size, int count, int channels, int growth, int depth,
            int decimations, int kernel, int decoder_kernel, float epsilon) {
  if (depth > DEEPEST) return 0;
  Model *model = allocate(sizeof(Model));
  if (!model) return 0;
  Numbers from = {bytes, size, count, 0};
  model->depth = depth;
  model->decimations = decimations;
  int before = 0, ok = 1;
  for (int i = 0; i < depth; i++) {
    int width = channels + growth * i;
    ok = ok && unpack(&model->block[i], &from, before, 0, width, kernel, epsilon);
    before = width;
  }
  ok = ok && unpack(&model->block[depth], &from, before, 0, before, kernel, epsilon);
  for (int i = depth - 1; i >= 0; i--) {
    int width = channels + growth * i;
    ok = ok && unpack(&model->block[2 * depth - i], &from, before, width, width, decoder_kernel,
                      epsilon);
    before = width;
  }
  int last = PADDED(channels);
  model->output = allocate(sizeof(float) * (last + 2));
  if (!ok || !model->output || from.at + channels + 2 != count) return 0;
  clear(model->output, last);
  for (int c = 0; c < channels; c++) model->output[c] = number(&from, from.at + c);
  model->output[last] = number(&from, from.at + channels);
  model->output[last + 1] = number(&from, from.at + channels + 1);
  return model;
}

// -------------------------------------------------------------------------- the network

static inline __attribute__((always_inline)) vector leaky(vector x) {
  mask positive = x > 0;
  return (vector)(((mask)x & positive) | ((mask)(x * 0.1f) & ~positive));
}

// `rows` samples x LANES channels of a convolution, LeakyReLU(0.1) at the end.
static inline __attribute__((always_inline)) void tile(const Block *block, int lane,
                                                       const float *in, float *out, int stride,
                                                       const int rows) {
  const vector *bias = (const vector *)(block->bias + lane);
  const int inputs = block->inputs, window = block->kernel * inputs;
  const vector *weight = (const vector *)(block->weights + lane * window);
  vector low[ROWS], high[ROWS];
  for (int r = 0; r < rows; r++) low[r] = bias[0], high[r] = bias[1];
  for (int i = 0; i < window; i++, weight += 2) {
    for (int r = 0; r < rows; r++) {
      float x = in[r * inputs + i];
      low[r] += weight[0] * x;
      high[r] += weight[1] * x;
    }
  }
  for (int r = 0; r < rows; r++) {
    vector *to = (vector *)(out + r * stride + lane);
    to[0] = leaky(low[r]);
    to[1] = leaky(high[r]);
  }
}

// in: (rows + kernel - 1, inputs), the zeros at both ends included; out: rows, `stride` apart.
static void convolve(const Block *block, const float *in, float *out, int rows, int stride) {
  int row = 0;
  for (; row + ROWS <= rows; row += ROWS) {
    for (int lane = 0; lane < block->outputs; lane += LANES) {
      tile(block, lane, in + row * block->inputs, out + row * stride, stride, ROWS);
    }
  }
  for (; row < rows; row++) {
    for (int lane = 0; lane < block->outputs; lane += LANES) {
      tile(block, lane, in + row * block->inputs, out + row * stride, stride, 1);
    }
  }
}

static void copy_row(float *to, const float *from, int width) {
  for (int c = 0; c < width; c++) to[c] = from[c];
}

// from + share * (towards - from), channel by channel.
static void between(float *to, const float *from, const float *towards, float share, int width) {
  for (int c = 0; c < width; c++) to[c] = from[c] + share * (towards[c] - from[c]);
}

// Twice as many rows by linear interpolation: each a quarter of the way to a neighbour.
static void doubled(float *out, int stride, const float *in, int rows, int width) {
  for (int r = 0; r < rows; r++) {
    const float *here = in + r * width;
    const float *left = r ? here - width : here, *right = r + 1 < rows ? here + width : here;
    between(out + 2 * r * stride, here, left, 0.25f, width);
    between(out + (2 * r + 1) * stride, here, right, 0.25f, width);
  }
}

// tanh in double precision, by e^x = 2^n e^r with |r| <= ln(2) / 2 and 14 terms of the series.
static float squash(float value) {
  double x = 2.0 * value;
  if (x > 40) return 1;
  if (x < -40) return -1;
  int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
  double r = x - n * 0.6931471805599453, sum = 1;
  for (int i = 14; i > 0; i--) sum = 1 + sum * r / i;
  union { unsigned long long bits; double value; } power = {(unsigned long long)(n + 1023) << 52};
  double e = sum * power.value;
  return (float)((e - 1) / (e + 1));
}

// The network's output in place of its input; `samples` is a multiple of 2^decimations.
// Returns 0 if there is no memory.
EXPORTED("enhance") int enhance(const Model *model, float *signal, int samples) {
  float *begin = allocate(16), *joined[DEEPEST];
  int depth = model->depth, rows = samples, width = 1;
  const float *source = signal; // what the next block reads, `step` floats from row to row
  int step = 1;
  if (!begin) return 0;
  for (int i = 0; i <= depth; i++) {
    const Block *block = &model->block[i];
    int edge = block->kernel / 2;
    // What the decoder will see at this length: its own features from below, then the skip.
    int below = i < depth ? model->block[2 * depth - i].inputs - block->outputs : 0;
    int skip_edge = i < depth ? model->block[2 * depth - i].kernel / 2 : 0;
    int stride = below + block->outputs;
    float *kept = allocate(sizeof(float) * (rows + 2 * skip_edge) * stride);
    float *padded = allocate(sizeof(float) * (rows + 2 * edge) * width);
    if (!kept || !padded) return release(begin), 0;
    clear(padded, edge * width);
    for (int r = 0; r < rows; r++) copy_row(padded + (edge + r) * width, source + r * step, width);
    clear(padded + (edge + rows) * width, edge * width);
    clear(kept, skip_edge * stride);
    clear(kept + (skip_edge + rows) * stride, skip_edge * stride);
    float *skip = kept + skip_edge * stride + below;
    convolve(block, padded, skip, rows, stride);
    release(padded);
    width = block->outputs;
    source = skip;
    if (i == depth) break;
    joined[i] = kept;
    step = stride * (i < model->decimations ? 2 : 1);
    rows = i < model->decimations ? rows / 2 : rows;
  }
  for (int i = depth - 1; i >= 0; i--) {
    const Block *block = &model->block[2 * depth - i];
    int stride = block->inputs;
    float *inside = joined[i] + block->kernel / 2 * stride;
    if (i < model->decimations) {
      doubled(inside, stride, source, rows, width);
      rows *= 2;
    } else {
      for (int r = 0; r < rows; r++) copy_row(inside + r * stride, source + r * width, width);
    }
    width = block->outputs;
    float *out = allocate(sizeof(float) * rows * width);
    if (!out) return release(begin), 0;
    convolve(block, joined[i], out, rows, width);
    source = out;
  }
  const float *weight = model->output;
  for (int r = 0; r < samples; r++) {
    float sum = weight[width + 1];
    for (int c = 0; c < width; c++) sum += source[r * width + c] * weight[c];
    signal[r] = squash(sum + weight[width] * signal[r]);
  }
  release(begin);
  return 1;
}
