// SPDX-License-Identifier: LGPL-2.1-or-later
// The activation that a product applies to its sums.
#pragma once

namespace npuspeech {

/// Gelu is x * (1 + erf(x / sqrt 2)) / 2, with an absolute error of at most 1e-6.
enum class Activation { None, Gelu };

}  // namespace npuspeech
