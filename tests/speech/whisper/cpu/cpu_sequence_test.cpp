// SPDX-License-Identifier: LGPL-2.1-or-later
// What the CPU's caches take is what the decoder says that they take.
#include "speech/whisper/cpu/cpu_sequence.h"

#include <gtest/gtest.h>

#include "speech/whisper/cpu/cpu_decoder.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

TEST(CpuCaches, TakeWhatTheDecoderSays) {
  test::TempFolder folder;
  test::writeTinyModel(folder.path());
  for (Precision precision : {Precision::Int8, Precision::Float32}) {
    const auto weights = CpuWeights::load(folder.path(), precision, nullptr, {});
    ASSERT_TRUE(weights) << weights.error().message;
    const CpuWeights& w = **weights;
    CpuDecoder decoder(*weights, std::make_shared<ThreadPool>(1));
    const CacheSizes sizes = decoder.cacheSizes();

    const WindowShape shape{2 * w.audioContext, w.audioContext, {}};
    AlignedVector<float> states(static_cast<size_t>(shape.rows() * w.width), 0.1f);
    const auto cross = std::static_pointer_cast<const CpuCrossCache>(decoder.prepare(states.data(), shape));
    const double crossBytes =
        static_cast<double>(cross->packed.size() + cross->floats.size() * sizeof(float));
    EXPECT_NEAR(static_cast<double>(sizes.window(cross->rows, cross->audioRows, 0)), crossBytes,
                0.05 * crossBytes);

    const std::unique_ptr<Sequence> sequence = decoder.start(cross);
    auto& caches = static_cast<CpuSequence&>(*sequence);
    const size_t selfBytes =
        static_cast<size_t>(caches.values(1) - caches.values(0)) * sizeof(float) * w.decoder.size();
    const size_t alignmentBytes = sequence->alignment(0).size_bytes() * static_cast<size_t>(w.textContext);
    EXPECT_EQ(sizes.window(0, cross->audioRows, static_cast<size_t>(w.textContext)),
              selfBytes + alignmentBytes);
    decoder.rest();
  }
}

}  // namespace
}  // namespace npuspeech
