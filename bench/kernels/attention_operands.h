// SPDX-License-Identifier: LGPL-2.1-or-later
// Queries, keys and values as a model's layers have them.
#pragma once

#include "bench/kernels/bench.h"
#include "kernels/attention_f32/attention_f32.h"

namespace npuspeech {

/// The self-attention of an encoder on `rows` rows, with heads of 64. Queries, keys and values lie side by
/// side.
struct AttentionOperands {
  static constexpr int kHeadDim = 64;
  Floats qkv, out;
  AttentionF32 p;

  AttentionOperands(const ModelSize& size, int rows)
      : qkv(randomFloats(static_cast<size_t>(rows) * static_cast<size_t>(3 * size.width), 1.5f)),
        out(static_cast<size_t>(rows) * static_cast<size_t>(size.width)) {
    const size_t width = static_cast<size_t>(size.width);
    p = {.q = qkv.data(),
         .k = qkv.data() + width,
         .v = qkv.data() + 2 * width,
         .qStride = 3 * width,
         .kStride = 3 * width,
         .vStride = 3 * width,
         .outStride = width,
         .out = out.data(),
         .scale = 0.125f,
         .heads = size.heads,
         .headDim = kHeadDim,
         .queries = rows,
         .keys = rows};
  }
  double operations() const { return 4.0 * p.queries * p.keys * p.heads * p.headDim; }
};

}  // namespace npuspeech
