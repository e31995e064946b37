// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of log_sum_exp_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
#pragma once

#include <math.h>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "kernels/simd/math.h"

namespace npuspeech {
namespace {

LogSumExp logSumExp(const float* x, int count) {
  // The maximum block by block: only the block that holds it is searched for its index.
  constexpr int kBlock = 512;
  LogSumExp result = {-INFINITY, -INFINITY, 0};
  int best = -1;
  for (int first = 0; first < count; first += kBlock) {
    const int end = count - first < kBlock ? count : first + kBlock;
    F32 max0 = broadcast(-INFINITY), max1 = max0;
    int i = first;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      max0 = max(max0, load(x + i));
      max1 = max(max1, load(x + i + kLanes));
    }
    for (; i + kLanes <= end; i += kLanes) max0 = max(max0, load(x + i));
    if (i < end) max0 = max(max0, loadFirst(x + i, end - i, -INFINITY));
    const float blockMax = maxOf(max(max0, max1));
    if (blockMax > result.max) {
      result.max = blockMax;
      best = first;
    }
  }
  if (best < 0) return result;
  for (result.argmax = best; x[result.argmax] != result.max;) ++result.argmax;

  // Sums of blocks, then their sum: one running sum of 50000 terms would lose bits.
  const F32 max = broadcast(result.max), log2e = broadcast(kLog2E);
  F32 total = broadcast(0);
  for (int first = 0; first < count; first += kBlock) {
    const int end = count - first < kBlock ? count : first + kBlock;
    F32 sum0 = broadcast(0), sum1 = sum0;
    int i = first;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      sum0 = sum0 + exp2((load(x + i) - max) * log2e);
      sum1 = sum1 + exp2((load(x + i + kLanes) - max) * log2e);
    }
    for (; i + kLanes <= end; i += kLanes) sum0 = sum0 + exp2((load(x + i) - max) * log2e);
    if (i < end) sum1 = sum1 + exp2((loadFirst(x + i, end - i, -INFINITY) - max) * log2e);
    total = total + (sum0 + sum1);
  }
  result.logSum = result.max + logf(sumOf(total));
  return result;
}

}  // namespace
}  // namespace npuspeech
