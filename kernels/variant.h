// SPDX-License-Identifier: LGPL-2.1-or-later
// The table that every kernel has: its bodies, best first, the scalar one (the specification) last.
#pragma once

#include <span>

#include "base/cpu_features.h"

namespace npuspeech {

/// One body of a kernel and the instruction set that it needs.
template <class Function>
struct Variant {
  Isa isa;
  Function* run;
};

/// The first variant of a table that is enabled on this machine; the scalar one always is.
template <class Function>
Function* bestVariant(std::span<const Variant<Function>> table) {
  for (const Variant<Function>& variant : table)
    if (isaEnabled(variant.isa)) return variant.run;
  return table.back().run;
}

}  // namespace npuspeech
