// SPDX-License-Identifier: LGPL-2.1-or-later
// GPT-2's names of bytes: vocabulary files write each byte of a token as one printable character.
#pragma once

#include <string>
#include <string_view>

namespace npuspeech {

/// Appends the bytes that `name` stands for. False, with some appended, where a character names no byte.
bool appendNamedBytes(std::string_view name, std::string& bytes);

/// The name of `bytes`, UTF-8.
std::string nameOfBytes(std::string_view bytes);

}  // namespace npuspeech
