// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes of two neighbouring layers' weights that leave what the two compute as it is and make 8 bits of it
// more precise.
#pragma once

#include <span>

namespace npuspeech {

struct LayerNorm;

/// Moves scales from large inputs of a layer to its weights, where only this layer reads what `norm` gives:
/// SmoothQuant (Xiao et al., 2023, eq. 4). weights: [outputs][width of norm]. `strength` in [0, 1] is the
/// paper's alpha.
void smooth(LayerNorm& norm, std::span<float> weights, float strength);

/// Rotates each head's values by the same orthogonal matrix, which spreads a large value over all 64, where
/// values are made and where their weighted means are read: an attention's softmax mixes rows, so that the
/// rotation passes through it (QuaRot, Ashkboos et al., 2024). weights: [outputs][inputs]; `outputs` (of
/// makes) and `inputs` (of reads) are whole heads.
void rotateMadeValues(std::span<float> weights, std::span<float> bias);
void rotateReadValues(std::span<float> weights);

}  // namespace npuspeech
