// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/stored_names.h"

#include <algorithm>

namespace npuspeech {
namespace {

/// "a.{b,c}.d" is "a.b.d" and "a.c.d".
std::vector<std::string> expanded(const std::string& pattern) {
  const size_t open = pattern.find('{'), close = pattern.find('}');
  if (open == pattern.npos || close == pattern.npos) return {pattern};
  std::vector<std::string> names;
  for (size_t begin = open + 1; begin <= close;) {
    const size_t end = std::min(pattern.find(',', begin), close);
    names.push_back(pattern.substr(0, open) + pattern.substr(begin, end - begin) + pattern.substr(close + 1));
    begin = end + 1;
  }
  return names;
}

}  // namespace

std::vector<std::string> storedNames(const CanonicalTensor& tensor, std::span<const StoredName> names) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const StoredName& name) { return name.canonical == tensor.module; });
  if (found == names.end()) return {};
  const bool isBias = tensor.leaf == "bias" || tensor.leaf == "beta";
  const char* const leaf = tensor.leaf == "encodings" ? "" : isBias ? ".bias" : ".weight";
  return expanded(withLayer(found->stored, tensor.layer) + leaf);
}

}  // namespace npuspeech
