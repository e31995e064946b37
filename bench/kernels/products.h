// SPDX-License-Identifier: LGPL-2.1-or-later
// The matrix products of a Whisper model.
#pragma once

#include <string>
#include <vector>

#include "bench/kernels/bench.h"

namespace npuspeech {

/// The shape of a product, and what is done with its result.
struct Product {
  int rows, columns, depth;
  bool gelu = false, quantizedOut = false, residual = false;
  /// The number of values from row to row where that is not `depth`; 0 stands for `depth`.
  size_t stride = 0;

  std::string name() const {
    return std::to_string(rows) + "x" + std::to_string(columns) + "x" + std::to_string(depth) +
           (gelu ? "/gelu" : "") + (quantizedOut ? "/u8" : "") + (residual ? "/residual" : "");
  }
  double operations() const { return 2.0 * rows * columns * depth; }
  /// Whether reading the weights bounds the speed, because there are few rows.
  bool readsWeights() const { return rows <= 16; }
};

/// Returns the products of a model. The encoder's have the rows of short and whole windows, and the decoder's
/// a token of 1 to 16 sequences. They are, in order: queries, keys and values; output; the two products of
/// the feed-forward part; the vocabulary.
inline std::vector<Product> layerProducts(const ModelSize& size) {
  std::vector<Product> products;
  for (int rows : {64, 450, 1500, 1, 5, 16}) {
    products.push_back({rows, 3 * size.width, size.width});
    products.push_back({rows, size.width, size.width});
    products.push_back({rows, size.ffnWidth, size.width, true});
    products.push_back({rows, size.width, size.ffnWidth});
    if (rows <= 16) products.push_back({rows, size.vocabulary, size.width});
  }
  return products;
}

}  // namespace npuspeech
