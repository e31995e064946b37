// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/cpu_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/layer_norm_f32/layer_norm_f32.h"

namespace npuspeech {
namespace {

void grow(AlignedVector<float>& vector, size_t size) {
  if (vector.size() >= size) return;
  vector.clear();  // nothing to keep
  vector.resize(size);
}

}  // namespace

CpuEncoder::CpuEncoder(std::shared_ptr<const CpuWeights> weights, std::shared_ptr<ThreadPool> pool)
    : weights_(std::move(weights)),
      pool_(std::move(pool)),
      audio_(Precision::Float32),
      input_(weights_->precision),
      inside_(weights_->precision) {}

Result<void> CpuEncoder::encode(const npu::BufferObject& logMel, const WindowShape& shape,
                                npu::BufferObject& states, const std::stop_token& stop) {
  if (encode(logMel.as<const float>(), shape, states.as<float>(), stop)) return {};
  return Error{ErrorCode::Cancelled, "Encoding was cancelled."};
}

bool CpuEncoder::encode(const float* mel, const WindowShape& shape, float* states,
                        const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  ThreadPool& pool = *pool_;
  const CpuWeights& w = *weights_;
  const std::vector<PaddingBlock> padding = paddingBlocks(shape);
  const size_t width = static_cast<size_t>(w.width), audioRows = static_cast<size_t>(shape.audioRows());
  const size_t rows = audioRows + padding.size();
  grow(wide_, rows * 3 * width);
  grow(attended_, rows * width);
  keyBias_.assign(rows, 0.0f);
  for (size_t i = 0; i < padding.size(); ++i)
    keyBias_[audioRows + i] = std::log(static_cast<float>(padding[i].count));

  const ThreadPool::Turn turn(pool);
  convolve(mel, shape, states);
  for (const EncoderLayer& layer : w.encoder) {
    if (stop.stop_requested()) return false;
    runLayer(layer, static_cast<int>(rows), states);
  }
  const float* const gamma = w.encoderNorm.gamma.data();
  const float* const beta = w.encoderNorm.beta.data();
  pool.parallelFor(rows, [&](size_t row, int) {
    float* const state = states + row * width;
    layerNormF32({.in = state,
                  .inStride = width,
                  .gamma = gamma,
                  .beta = beta,
                  .out = state,
                  .outStride = width,
                  .rows = 1,
                  .columns = static_cast<int>(width)});
  });
  return true;
}

// Padding is 0 in the normalised log-mel, as it is beyond the window's edge, so that the first convolution
// gives the same row wherever it sees padding only: from frame `frames` + 1 on. The second one sees three
// such rows from position audioRows + 1 on.
void CpuEncoder::convolve(const float* mel, const WindowShape& shape, float* states) {
  ThreadPool& pool = *pool_;
  const CpuWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width), bins = static_cast<size_t>(w.melBins);
  const int frames = shape.frames, audioRows = shape.audioRows();
  const int hiddenFrames =
      2 * audioRows + 2;  // computed by the first convolution: all that row `audioRows` reads
  grow(wide_, (static_cast<size_t>(hiddenFrames) + 1) * width);
  float* const hidden = wide_.data() + width;
  std::fill_n(wide_.data(), width, 0.0f);

  const auto convolveFrames = [&](const float* in, int count, int firstOut) {
    audio_.take(pool, {const_cast<float*>(in), bins}, count, static_cast<int>(3 * bins));
    w.conv1.apply(pool, audio_, {hidden + static_cast<size_t>(firstOut) * width, width}, Activation::Gelu);
  };

  // Frames [1, frames - 1) read three frames of audio in place; the others go through a copy with padding
  // around it.
  if (frames > 2) convolveFrames(mel, frames - 2, 1);
  edge_.assign(8 * bins, 0.0f);
  std::memcpy(edge_.data() + bins, mel, static_cast<size_t>(std::min(frames, 2)) * bins * sizeof(float));
  convolveFrames(edge_.data(), 1, 0);
  const int tail = std::max(frames - 1, 1);  // first frame that sees the padding behind the audio
  const int kept = std::min(frames - (tail - 1), 2);
  edge_.assign(8 * bins, 0.0f);
  std::memcpy(edge_.data(), mel + static_cast<size_t>(tail - 1) * bins,
              static_cast<size_t>(kept) * bins * sizeof(float));
  convolveFrames(edge_.data(), hiddenFrames - tail, tail);

  float* const positions = const_cast<float*>(w.audioPositions.data());
  input_.take(pool, {wide_.data(), 2 * width}, audioRows, 3 * w.width);
  w.conv2.apply(pool, input_, {states, width}, Activation::Gelu, {positions, width});
  size_t row = static_cast<size_t>(audioRows);
  for (const PaddingBlock& block : paddingBlocks(shape)) {
    float* const position = positions + static_cast<size_t>(block.position) * width;
    float* const out = states + row++ * width;
    if (block.position == audioRows) {
      input_.take(pool, {wide_.data() + 2 * static_cast<size_t>(audioRows) * width, 2 * width}, 1,
                  3 * w.width);
      w.conv2.apply(pool, input_, {out, width}, Activation::Gelu, {position, width});
    } else {
      for (size_t i = 0; i < width; ++i) out[i] = w.paddingState[i] + position[i];
    }
  }
}

void CpuEncoder::runLayer(const EncoderLayer& layer, int rows, float* states) {
  ThreadPool& pool = *pool_;
  const CpuWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width);
  const Rows x{states, width}, qkv{wide_.data(), 3 * width}, attended{attended_.data(), width};

  input_.takeNormalised(pool, layer.attentionNorm, x, rows);
  layer.qkv.apply(pool, input_, qkv);
  const AttentionF32 attention{.q = qkv.data,
                               .k = qkv.data + width,
                               .v = qkv.data + 2 * width,
                               .qStride = qkv.stride,
                               .kStride = qkv.stride,
                               .vStride = qkv.stride,
                               .outStride = attended.stride,
                               .keyBias = keyBias_.data(),
                               .out = attended.data,
                               .scale = 1.0f / std::sqrt(static_cast<float>(w.width / w.heads)),
                               .heads = w.heads,
                               .headDim = w.width / w.heads,
                               .queries = rows,
                               .keys = rows};
  if (w.precision == Precision::Int8)
    attentionI8(pool, attention, scratchI8_);
  else
    attentionF32(pool, attention, scratchF32_);
  input_.take(pool, attended, rows, w.width);
  layer.attentionOut.apply(pool, input_, x, Activation::None, x);

  input_.takeNormalised(pool, layer.ffnNorm, x, rows);
  inside_.takeProduct(pool, layer.ffn1, input_, Activation::Gelu);
  layer.ffn2.apply(pool, inside_, x, Activation::None, x);
}

}  // namespace npuspeech
