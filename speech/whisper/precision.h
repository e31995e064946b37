// SPDX-License-Identifier: LGPL-2.1-or-later
// What a model computes in.
#pragma once

namespace npuspeech {

/// Int8: weights per output channel, activations per row at run time, sums in 32 bits. Float32: the
/// reference.
enum class Precision { Float32, Int8 };

}  // namespace npuspeech
