// SPDX-License-Identifier: LGPL-2.1-or-later
// What a product applies to its sums.
#pragma once

namespace npuspeech {

enum class Activation { None, Gelu };  // Gelu: x * (1 + erf(x / sqrt 2)) / 2, absolute error at most 1e-6

}  // namespace npuspeech
