// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/canonical_tensors.h"

namespace npuspeech {
namespace {

using Size = int ModelSizes::*;

/// Linear: weight [rows][columns], bias [rows]. Table: a weight alone. Convolution: weight
/// [rows][columns][3], bias [rows]. Norm: gamma [rows], beta [rows]. Positions: encodings [rows][columns].
enum class Kind { Linear, Table, Convolution, Norm, Positions };

struct Module {
  std::string_view name;  // N: once for each layer
  Kind kind;
  int parts;  // rows are so many times their size: queries, keys and values are one matrix
  Size rows, columns = nullptr;
};

constexpr Size kWidth = &ModelSizes::width, kFfn = &ModelSizes::ffnWidth;

constexpr Module kModules[] = {
    {"encoder/conv1", Kind::Convolution, 1, kWidth, &ModelSizes::melBins},
    {"encoder/conv2", Kind::Convolution, 1, kWidth, kWidth},
    {"encoder/position_encodings", Kind::Positions, 1, &ModelSizes::audioContext, kWidth},
    {"encoder/layer_N/self_attention/layer_norm", Kind::Norm, 1, kWidth},
    {"encoder/layer_N/self_attention/linear_0", Kind::Linear, 3, kWidth, kWidth},  // queries, keys, values
    {"encoder/layer_N/self_attention/linear_1", Kind::Linear, 1, kWidth, kWidth},
    {"encoder/layer_N/ffn/layer_norm", Kind::Norm, 1, kWidth},
    {"encoder/layer_N/ffn/linear_0", Kind::Linear, 1, kFfn, kWidth},
    {"encoder/layer_N/ffn/linear_1", Kind::Linear, 1, kWidth, kFfn},
    {"encoder/layer_norm", Kind::Norm, 1, kWidth},
    {"decoder/embeddings", Kind::Table, 1, &ModelSizes::vocabularySize, kWidth},
    {"decoder/position_encodings", Kind::Positions, 1, &ModelSizes::textContext, kWidth},
    {"decoder/layer_N/self_attention/layer_norm", Kind::Norm, 1, kWidth},
    {"decoder/layer_N/self_attention/linear_0", Kind::Linear, 3, kWidth, kWidth},  // queries, keys, values
    {"decoder/layer_N/self_attention/linear_1", Kind::Linear, 1, kWidth, kWidth},
    {"decoder/layer_N/attention/layer_norm", Kind::Norm, 1, kWidth},
    {"decoder/layer_N/attention/linear_0", Kind::Linear, 1, kWidth, kWidth},  // queries
    {"decoder/layer_N/attention/linear_1", Kind::Linear, 2, kWidth, kWidth},  // keys, values
    {"decoder/layer_N/attention/linear_2", Kind::Linear, 1, kWidth, kWidth},
    {"decoder/layer_N/ffn/layer_norm", Kind::Norm, 1, kWidth},
    {"decoder/layer_N/ffn/linear_0", Kind::Linear, 1, kFfn, kWidth},
    {"decoder/layer_N/ffn/linear_1", Kind::Linear, 1, kWidth, kFfn},
    {"decoder/layer_norm", Kind::Norm, 1, kWidth},
};

void addTensors(const Module& module, const ModelSizes& sizes, int layer,
                std::vector<CanonicalTensor>& tensors) {
  const int64_t rows = int64_t{module.parts} * sizes.*module.rows;
  const int64_t columns = module.columns ? sizes.*module.columns : 0;
  const auto add = [&](std::string_view leaf, std::vector<int64_t> dims) {
    tensors.push_back({module.name, leaf, layer, std::move(dims)});
  };
  switch (module.kind) {
    case Kind::Linear:
      add("weight", {rows, columns});
      add("bias", {rows});
      break;
    case Kind::Table:
      add("weight", {rows, columns});
      break;
    case Kind::Convolution:
      add("weight", {rows, columns, 3});
      add("bias", {rows});
      break;
    case Kind::Norm:
      add("gamma", {rows});
      add("beta", {rows});
      break;
    case Kind::Positions:
      add("encodings", {rows, columns});
      break;
  }
}

}  // namespace

std::string withLayer(std::string_view pattern, int layer) {
  std::string name(pattern);
  if (const size_t place = name.find('N'); place != name.npos) name.replace(place, 1, std::to_string(layer));
  return name;
}

std::string CanonicalTensor::name() const {
  return withLayer(module, layer).append("/").append(leaf);
}

std::vector<CanonicalTensor> canonicalTensors(const ModelSizes& sizes) {
  std::vector<CanonicalTensor> tensors;
  for (const Module& module : kModules) {
    if (module.name.find('N') == module.name.npos) {
      addTensors(module, sizes, -1, tensors);
      continue;
    }
    const int layers = module.name.starts_with("encoder") ? sizes.encoderLayers : sizes.decoderLayers;
    for (int layer = 0; layer < layers; ++layer) addTensors(module, sizes, layer, tensors);
  }
  return tensors;
}

}  // namespace npuspeech
