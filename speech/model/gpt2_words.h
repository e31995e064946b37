// SPDX-License-Identifier: LGPL-2.1-or-later
// GPT-2's cut of text into the words that byte-pair encoding works within.
#pragma once

#include <string_view>
#include <vector>

namespace npuspeech {

/// The words of `text`, which must be valid UTF-8; joined they are `text` again. Each is what GPT-2's pattern
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// matches next.
std::vector<std::string_view> gpt2Words(std::string_view text);

}  // namespace npuspeech
