// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/vocabulary_files.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace npuspeech {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxEntry = 1024;          // bytes; the longest of Whisper's has 512
constexpr size_t kMaxConfig = 1 << 20;      // bytes; a tree in memory takes up to 64 times as much
constexpr size_t kMaxListed = 1 << 16;      // numbers in one of config.json's lists
constexpr size_t kMaxTokenizer = 16 << 20;  // bytes; Whisper's has 4 million

Error badFile(const std::string& path, const std::string& what) {
  std::string message = "'";
  message.append(path).append("' is not usable: ").append(what).append(". Fetch or convert the model again.");
  return {ErrorCode::BadFile, message};
}

/// Takes an array of strings while it is parsed: 50,000 of them in a few milliseconds, and no tree.
class EntryReader final : public nlohmann::json_sax<Json> {
 public:
  explicit EntryReader(size_t most) : most_(most) {}

  EntryList entries;
  std::string problem;

  bool string(string_t& text) override {
    if (!inArray_) return refuse("expected an array of strings");
    if (text.size() > kMaxEntry)
      return refuse("the entry of token " + std::to_string(entries.size()) + " is too long");
    if (entries.size() == most_) return refuse("expected at most " + std::to_string(most_) + " entries");
    entries.add(text);
    return true;
  }
  bool start_array(size_t) override {
    if (inArray_) return refuse("expected an array of strings");
    return inArray_ = true;
  }
  bool end_array() override { return true; }
  bool key(string_t&) override { return refuse("expected an array of strings"); }
  bool start_object(size_t) override { return refuse("expected an array of strings"); }
  bool end_object() override { return refuse("expected an array of strings"); }
  bool null() override { return refuse("expected an array of strings"); }
  bool boolean(bool) override { return refuse("expected an array of strings"); }
  bool number_integer(number_integer_t) override { return refuse("expected an array of strings"); }
  bool number_unsigned(number_unsigned_t) override { return refuse("expected an array of strings"); }
  bool number_float(number_float_t, const string_t&) override {
    return refuse("expected an array of strings");
  }
  bool binary(binary_t&) override { return refuse("expected an array of strings"); }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    return refuse("the JSON is malformed at byte " + std::to_string(position));
  }

 private:
  bool refuse(std::string what) {
    if (problem.empty()) problem = std::move(what);
    return false;
  }

  size_t most_;
  bool inArray_ = false;
};

bool readNumber(const Json& value, int32_t& number) {
  if (!value.is_number_unsigned()) return false;
  const auto wide = value.get<uint64_t>();
  number = static_cast<int32_t>(wide);
  return wide <= static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
}

/// False where `key` is there but is no list of natural numbers.
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

}  // namespace

Result<EntryList> parseVocabularyJson(std::string_view text, const std::string& path, size_t most) {
  EntryReader reader(most);
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return badFile(path, reader.problem);
  return std::move(reader.entries);
}

Result<EntryList> parseVocabularyText(std::string_view text, const std::string& path, size_t most) {
  EntryList entries;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxEntry)
      return badFile(path, "line " + std::to_string(entries.size() + 1) + " is too long");
    if (entries.size() == most) return badFile(path, "expected at most " + std::to_string(most) + " lines");
    entries.add(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

Result<ModelConfig> parseConfig(std::string_view text, const std::string& path) {
  if (text.size() > kMaxConfig)
    return badFile(path, "it has more than " + std::to_string(kMaxConfig) + " bytes");
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return badFile(path, "expected a JSON object");
  ModelConfig config;
  if (!readNumbers(json, "suppress_ids", config.suppressed) ||
      !readNumbers(json, "suppress_ids_begin", config.suppressedFirst) ||
      !readNumbers(json, "lang_ids", config.languages))
    return badFile(path, "expected suppress_ids, suppress_ids_begin and lang_ids to be lists of tokens");
  if (!readPairs(json, "alignment_heads", config.alignmentHeads))
    return badFile(path, "expected alignment_heads to be a list of [layer, head]");
  return config;
}

Result<std::map<std::string, int32_t, std::less<>>> parseAddedTokens(std::string_view text,
                                                                     const std::string& path, size_t most) {
  if (text.size() > kMaxTokenizer)
    return badFile(path, "it has more than " + std::to_string(kMaxTokenizer) + " bytes");
  // Of these megabytes only {"added_tokens": [{"id": ..., "content": ...}]} is kept, and each object just
  // until its end.
  using Event = Json::parse_event_t;
  std::map<std::string, int32_t, std::less<>> tokens;
  bool wanted = false, bad = false;
  const auto keep = [&](int depth, Event event, Json& parsed) {
    if (event == Event::key && depth == 1) return wanted = parsed == "added_tokens";
    if (!wanted || depth == 0) return depth == 0;
    if (event == Event::key) return depth == 3 && (parsed == "id" || parsed == "content");
    if (event == Event::array_start || event == Event::array_end) return depth == 1;
    if (event == Event::object_start) return depth == 2;
    if (event == Event::value) return depth == 3;
    const auto name = parsed.find("content"), id = parsed.find("id");
    int32_t token = 0;
    if (name == parsed.end() || id == parsed.end() || !name->is_string() || !readNumber(*id, token) ||
        tokens.size() == most)
      bad = true;
    else
      tokens.emplace(name->get_ref<const std::string&>(), token);
    return false;
  };
  const Json json = Json::parse(text.begin(), text.end(), keep, false);
  if (json.is_discarded()) return badFile(path, "the JSON is malformed");
  if (bad) return badFile(path, "expected each of added_tokens to have an id and a content");
  return tokens;
}

}  // namespace npuspeech
