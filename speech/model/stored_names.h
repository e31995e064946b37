// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of tensors in files that store Whisper's modules one by one, as PyTorch has them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "speech/model/canonical_tensors.h"

namespace npuspeech {

/// What a format calls a module. N stands for the number of a layer. Names in braces are modules whose rows
/// follow each other in the canonical one: "attn.{query,key,value}".
struct StoredName {
  std::string_view canonical, stored;
};

/// The stored tensors that `tensor` is made of, in order: ".weight" or ".bias" is appended, but to positions,
/// whose names are whole. Empty where `names` lacks the module.
std::vector<std::string> storedNames(const CanonicalTensor& tensor, std::span<const StoredName> names);

}  // namespace npuspeech
