// SPDX-License-Identifier: LGPL-2.1-or-later
// The arithmetic that a model computes in.
#pragma once

namespace npuspeech {

/// The arithmetic of the matrix products. Int8 rounds weights to 8 bits with a scale per output channel, and
/// activations with a scale per row at run time; sums have 32 bits. Float32 is the reference.
enum class Precision { Float32, Int8 };

}  // namespace npuspeech
