// SPDX-License-Identifier: LGPL-2.1-or-later
// The number of an entry of a model's vocabulary.
#pragma once

#include <cstdint>

namespace npuspeech {

using Token = int32_t;

}  // namespace npuspeech
