// SPDX-License-Identifier: LGPL-2.1-or-later
// Small JSON files, and the values that they are expected to hold.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace npuspeech {

using Json = nlohmann::json;

/// A BadFile error of a text file.
Error badJsonFile(const std::string& path, const std::string& what);

/// A file of at most a megabyte: a tree in memory takes up to 64 times as much. `path` is for the errors,
/// which are BadFile.
Result<Json> parseJsonObject(std::string_view text, const std::string& path);

/// Whether `value` is a number from 0 to 2^31 - 1; then it is in `number`.
bool readNumber(const Json& value, int32_t& number);
/// False where `key` is there but is neither null nor a list of such numbers.
bool readNumbers(const Json& object, const char* key, std::vector<int32_t>& numbers);
/// The same for a list of pairs.
bool readPairs(const Json& object, const char* key, std::vector<std::pair<int32_t, int32_t>>& pairs);

}  // namespace npuspeech
