// SPDX-License-Identifier: LGPL-2.1-or-later
// The encoder's attention, in float32 and in integers.
#include "bench/kernels/attention_operands.h"
#include "kernels/attention_i8/attention_i8.h"

namespace npuspeech {

void addAttention() {
  for (const ModelSize& size : kModelSizes)
    for (int rows : {64, 450, 1500}) {
      const std::string shape = std::to_string(rows);
      addBodies(benchName("attention_f32", size, shape), attentionF32Variants(),
                [size, rows](benchmark::State& state, const AttentionF32Variant& variant, bool) {
                  AttentionOperands a(size, rows);
                  AttentionF32Scratch scratch;
                  measure(state, {.operations = a.operations()},
                          [&] { attentionF32(benchPool(), a.p, scratch, &variant.kernel); });
                });
      addBodies(benchName("attention_i8", size, shape), attentionI8Variants(),
                [size, rows](benchmark::State& state, const AttentionI8Variant& variant, bool) {
                  AttentionOperands a(size, rows);
                  AttentionI8Scratch scratch;
                  measure(state, {.operations = a.operations(), .peak = Peak::DotI8},
                          [&] { attentionI8(benchPool(), a.p, scratch, &variant.kernel); });
                });
    }
}

}  // namespace npuspeech
