// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes to the weights of two neighbouring layers that leave their joint result as it is, and make it more
// precise in 8 bits.
#pragma once

#include <span>

namespace npuspeech {

struct LayerNorm;

/// Moves scale from the columns of a layer's input that are large to its weights (SmoothQuant, Xiao et al.,
/// 2023, eq. 4). The layer must be the only one that reads the output of `norm`. `weights` are
/// [outputs][width of norm]. `strength` in [0, 1] is the paper's alpha.
void smooth(LayerNorm& norm, std::span<float> weights, float strength);

/// Rotates the attention values of each head by an orthogonal matrix, which spreads a large value over all 64
/// columns (QuaRot, Ashkboos et al., 2024). This function changes the layer that computes the values, and
/// rotateReadValues() must change the layer that reads their weighted means. Attention mixes rows and not
/// columns, so that the rotation passes through it. `weights` are [outputs][inputs], and `outputs` are whole
/// heads.
void rotateMadeValues(std::span<float> weights, std::span<float> bias);
/// Undoes the rotation in the layer that reads the means. `weights` are [outputs][inputs], and `inputs` are
/// whole heads.
void rotateReadValues(std::span<float> weights);

}  // namespace npuspeech
