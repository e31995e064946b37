// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of a kernel's bodies: the best first, and the scalar one, which specifies the kernel, last.
#pragma once

#include <span>

#include "base/cpu_features.h"

namespace npuspeech {

/// A body of a kernel, and the instruction set that it needs.
template <class Function>
struct Variant {
  Isa isa;
  Function* run;
};

/// Returns the first body of a table that is enabled on this machine. The scalar one always is.
template <class Function>
Function* bestVariant(std::span<const Variant<Function>> table) {
  for (const Variant<Function>& variant : table)
    if (isaEnabled(variant.isa)) return variant.run;
  return table.back().run;
}

}  // namespace npuspeech
