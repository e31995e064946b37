// SPDX-License-Identifier: LGPL-2.1-or-later
// The matrix products of a Whisper model.
#pragma once

#include <string>
#include <vector>

#include "bench/kernels/bench.h"

namespace npuspeech {

struct Product {
  int rows, columns, depth;
  bool gelu = false, quantizedOut = false, residual = false;
  size_t stride = 0;  // of the rows where they overlap or lie apart; 0 stands for depth

  std::string name() const {
    return std::to_string(rows) + "x" + std::to_string(columns) + "x" + std::to_string(depth) +
           (gelu ? "/gelu" : "") + (quantizedOut ? "/u8" : "") + (residual ? "/residual" : "");
  }
  double operations() const { return 2.0 * rows * columns * depth; }
  /// So few rows wait for the weights, not for arithmetic.
  bool readsWeights() const { return rows <= 16; }
};

/// The encoder's, on the rows of short and whole windows, and the decoder's, on a token of one to 16
/// sequences: queries, keys and values; output; first and second product of the feed-forward part;
/// vocabulary.
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
