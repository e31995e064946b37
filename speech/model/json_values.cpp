// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/json_values.h"

#include <limits>

namespace npuspeech {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxListed = 1 << 16;  // numbers in a list

}  // namespace

Error badJsonFile(const std::string& path, const std::string& what) {
  std::string message = "'";
  message.append(path).append("' is not usable: ").append(what).append(". Fetch or convert the model again.");
  return {ErrorCode::BadFile, message};
}

Result<Json> parseJsonObject(std::string_view text, const std::string& path) {
  if (text.size() > kMaxBytes)
    return badJsonFile(path, "it has more than " + std::to_string(kMaxBytes) + " bytes");
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return badJsonFile(path, "expected a JSON object");
  return json;
}

bool readNumber(const Json& value, int32_t& number) {
  if (!value.is_number_unsigned()) return false;
  const auto wide = value.get<uint64_t>();
  number = static_cast<int32_t>(wide);
  return wide <= static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
}

bool readNumbers(const Json& object, const char* key, std::vector<int32_t>& numbers) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return true;
  if (!found->is_array() || found->size() > kMaxListed) return false;
  for (const Json& value : *found)
    if (!readNumber(value, numbers.emplace_back())) return false;
  return true;
}

bool readPairs(const Json& object, const char* key, std::vector<std::pair<int32_t, int32_t>>& pairs) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return true;
  if (!found->is_array() || found->size() > kMaxListed) return false;
  for (const Json& value : *found) {
    auto& [first, second] = pairs.emplace_back();
    if (!value.is_array() || value.size() != 2 || !readNumber(value[0], first) ||
        !readNumber(value[1], second))
      return false;
  }
  return true;
}

}  // namespace npuspeech
