// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace npuspeech {
namespace {

void grow(AlignedVector<float>& vector, size_t size) {
  if (vector.size() < size) vector.resize(size);
}

}  // namespace

bool Encoder::encode(ThreadPool& pool, const float* mel, const WindowShape& shape, float* states,
                     const std::stop_token& stop) {
  const WhisperWeights& w = *weights_;
  const std::vector<PaddingBlock> padding = paddingBlocks(shape);
  const size_t width = static_cast<size_t>(w.width), audioRows = static_cast<size_t>(shape.audioRows());
  const size_t rows = audioRows + padding.size();
  grow(normed_, rows * width);
  grow(wide_, rows * static_cast<size_t>(std::max(3 * w.width, w.ffnWidth)));
  keyBias_.assign(rows, 0.0f);
  for (size_t i = 0; i < padding.size(); ++i)
    keyBias_[audioRows + i] = std::log(static_cast<float>(padding[i].count));

  convolve(pool, mel, shape, states);
  for (const EncoderLayer& layer : w.encoder) {
    if (stop.stop_requested()) return false;
    runLayer(pool, layer, static_cast<int>(rows), states);
  }
  w.encoderNorm.apply(pool, {states, width}, static_cast<int>(rows), {states, width});
  return true;
}

// Padding is 0 in the normalised log-mel, as it is beyond the window's edge, so that the first convolution
// gives the same row wherever it sees padding only: from frame `frames` + 1 on. The second one sees three
// such rows from position audioRows + 1 on.
void Encoder::convolve(ThreadPool& pool, const float* mel, const WindowShape& shape, float* states) {
  const WhisperWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width), bins = static_cast<size_t>(w.melBins);
  const int frames = shape.frames, audioRows = shape.audioRows();
  const int hiddenFrames =
      2 * audioRows + 2;  // computed by the first convolution: all that row `audioRows` reads
  grow(hidden_, (static_cast<size_t>(hiddenFrames) + 1) * width);
  float* const hidden = hidden_.data() + width;
  std::fill_n(hidden_.data(), width, 0.0f);

  // Frames [1, frames - 1) read three frames of audio in place; the others go through a copy with padding
  // around it.
  if (frames > 2)
    w.conv1.apply(pool, {const_cast<float*>(mel), bins}, frames - 2, {hidden + width, width},
                  Activation::Gelu);
  edge_.assign(8 * bins, 0.0f);
  std::memcpy(edge_.data() + bins, mel, static_cast<size_t>(std::min(frames, 2)) * bins * sizeof(float));
  w.conv1.apply(pool, {edge_.data(), bins}, 1, {hidden, width}, Activation::Gelu);
  const int tail = std::max(frames - 1, 1);  // first frame that sees the padding behind the audio
  edge_.assign(8 * bins, 0.0f);
  const int kept = std::min(frames - (tail - 1), 2);
  if (kept > 0)
    std::memcpy(edge_.data(), mel + static_cast<size_t>(tail - 1) * bins,
                static_cast<size_t>(kept) * bins * sizeof(float));
  w.conv1.apply(pool, {edge_.data(), bins}, hiddenFrames - tail,
                {hidden + static_cast<size_t>(tail) * width, width}, Activation::Gelu);

  float* const positions = const_cast<float*>(w.audioPositions.data());
  const Rows overlapping{hidden_.data(), 2 * width};
  w.conv2.apply(pool, overlapping, audioRows, {states, width}, Activation::Gelu, {positions, width});
  size_t row = static_cast<size_t>(audioRows);
  for (const PaddingBlock& block : paddingBlocks(shape)) {
    const float* const position = positions + static_cast<size_t>(block.position) * width;
    float* const out = states + row++ * width;
    if (block.position == audioRows)
      w.conv2.apply(pool, {hidden_.data() + 2 * static_cast<size_t>(audioRows) * width, 2 * width}, 1,
                    {out, width}, Activation::Gelu, {const_cast<float*>(position), width});
    else
      for (size_t i = 0; i < width; ++i) out[i] = w.paddingState[i] + position[i];
  }
}

void Encoder::runLayer(ThreadPool& pool, const EncoderLayer& layer, int rows, float* states) {
  const size_t width = static_cast<size_t>(weights_->width),
               ffnWidth = static_cast<size_t>(weights_->ffnWidth);
  const Rows x{states, width}, normed{normed_.data(), width}, qkv{wide_.data(), 3 * width},
      inside{wide_.data(), ffnWidth};

  layer.attentionNorm.apply(pool, x, rows, normed);
  layer.qkv.apply(pool, normed, rows, qkv);
  attentionF32(pool,
               {.q = qkv.data,
                .k = qkv.data + width,
                .v = qkv.data + 2 * width,
                .qStride = qkv.stride,
                .kStride = qkv.stride,
                .vStride = qkv.stride,
                .outStride = normed.stride,
                .keyBias = keyBias_.data(),
                .out = normed.data,
                .scale = 1.0f / std::sqrt(static_cast<float>(weights_->width / weights_->heads)),
                .heads = weights_->heads,
                .headDim = weights_->width / weights_->heads,
                .queries = rows,
                .keys = rows},
               attentionScratch_);
  layer.attentionOut.apply(pool, normed, rows, x, Activation::None, x);

  layer.ffnNorm.apply(pool, x, rows, normed);
  layer.ffn1.apply(pool, normed, rows, inside, Activation::Gelu);
  layer.ffn2.apply(pool, inside, rows, x, Activation::None, x);
}

}  // namespace npuspeech
