// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/vocabulary_files.h"

#include <algorithm>

#include "speech/model/json_values.h"

namespace npuspeech {
namespace {

constexpr size_t kMaxEntry = 1024;          // bytes; the longest of Whisper's has 512
constexpr size_t kMaxTokenizer = 16 << 20;  // bytes; Whisper's has 4 million

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

/// Takes an object of entry -> token while it is parsed: vocab.json, or what tokenizer.json has under "model"
/// and "vocab". Whatever else there is, is passed over.
class NumberedReader final : public nlohmann::json_sax<Json> {
 public:
  NumberedReader(size_t most, size_t depth) : most_(most), depth_(depth) {}

  std::string problem;

  /// By token. Numbers that the vocabulary leaves out are tokens without text.
  Result<EntryList> entries(const std::string& path) const {
    if (tokens_.empty()) return badJsonFile(path, "expected an object that gives each entry its token");
    constexpr size_t kNone = ~size_t{0};
    std::vector<size_t> places(*std::max_element(tokens_.begin(), tokens_.end()) + 1, kNone);
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (places[tokens_[i]] != kNone)
        return badJsonFile(path, "token " + std::to_string(tokens_[i]) + " has two entries");
      places[tokens_[i]] = i;
    }
    EntryList list;
    for (const size_t place : places) list.add(place == kNone ? std::string_view() : names_[place]);
    return list;
  }

  bool start_object(size_t) override { return open(true); }
  bool start_array(size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    constexpr std::string_view kPath[] = {"model", "vocab"};
    if (level_ == matched_ && matched_ > 0 && matched_ <= depth_) isNext_ = name == kPath[matched_ - 1];
    if (isInside()) name_ = std::move(name);
    return true;
  }
  bool number_unsigned(number_unsigned_t token) override {
    if (!isInside()) return true;
    if (name_.size() > kMaxEntry)
      return refuse("the entry of token " + std::to_string(token) + " is too long");
    if (token >= most_)
      return refuse("expected tokens below " + std::to_string(most_) + ", found " + std::to_string(token));
    names_.add(name_);
    tokens_.push_back(token);
    return true;
  }
  bool string(string_t&) override { return isOutside(); }
  bool null() override { return isOutside(); }
  bool boolean(bool) override { return isOutside(); }
  bool number_integer(number_integer_t) override { return isOutside(); }
  bool number_float(number_float_t, const string_t&) override { return isOutside(); }
  bool binary(binary_t&) override { return isOutside(); }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    return refuse("the JSON is malformed at byte " + std::to_string(position));
  }

 private:
  bool isInside() const { return matched_ == depth_ + 1 && level_ == matched_; }
  bool isOutside() { return !isInside() || refuse("expected each entry to have the number of its token"); }
  bool open(bool isObject) {
    if (isInside()) return refuse("expected each entry to have the number of its token");
    const bool isOnPath = level_ == matched_ && (level_ == 0 || isNext_) && matched_ <= depth_;
    ++level_;
    isNext_ = false;
    if (isOnPath && isObject) matched_ = level_;
    return true;
  }
  bool close() {
    if (matched_ == level_) --matched_;
    --level_;
    return true;
  }
  bool refuse(std::string what) {
    if (problem.empty()) problem = std::move(what);
    return false;
  }

  size_t most_;
  size_t depth_;                    // of keys above the object
  size_t level_ = 0, matched_ = 0;  // how deep we are, and how deep on the way to the object
  bool isNext_ = false;             // the key that was read leads on
  std::string name_;                // of the entry that is read
  EntryList names_;
  std::vector<size_t> tokens_;  // of each name
};

Result<EntryList> parseNumbered(std::string_view text, const std::string& path, size_t most, size_t depth) {
  if (text.size() > kMaxTokenizer)
    return badJsonFile(path, "it has more than " + std::to_string(kMaxTokenizer) + " bytes");
  NumberedReader reader(most, depth);
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return badJsonFile(path, reader.problem);
  return reader.entries(path);
}

}  // namespace

Result<EntryList> parseNumberedVocabulary(std::string_view text, const std::string& path, size_t most) {
  return parseNumbered(text, path, most, 0);
}

Result<EntryList> parseTokenizerVocabulary(std::string_view text, const std::string& path, size_t most) {
  return parseNumbered(text, path, most, 2);
}

Result<EntryList> parseVocabularyJson(std::string_view text, const std::string& path, size_t most) {
  EntryReader reader(most);
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return badJsonFile(path, reader.problem);
  return std::move(reader.entries);
}

Result<EntryList> parseVocabularyText(std::string_view text, const std::string& path, size_t most) {
  EntryList entries;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxEntry)
      return badJsonFile(path, "line " + std::to_string(entries.size() + 1) + " is too long");
    if (entries.size() == most)
      return badJsonFile(path, "expected at most " + std::to_string(most) + " lines");
    entries.add(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
}

Result<ModelConfig> parseConfig(std::string_view text, const std::string& path) {
  const auto json = parseJsonObject(text, path);
  if (!json) return json.error();
  ModelConfig config;
  if (!readNumbers(*json, "suppress_ids", config.suppressed) ||
      !readNumbers(*json, "suppress_ids_begin", config.suppressedFirst) ||
      !readNumbers(*json, "lang_ids", config.languages))
    return badJsonFile(path, "expected suppress_ids, suppress_ids_begin and lang_ids to be lists of tokens");
  if (!readPairs(*json, "alignment_heads", config.alignmentHeads))
    return badJsonFile(path, "expected alignment_heads to be a list of [layer, head]");
  return config;
}

Result<std::map<std::string, int32_t, std::less<>>> parseNamedTokens(std::string_view text,
                                                                     const std::string& path, size_t most) {
  const auto json = parseJsonObject(text, path);
  if (!json) return json.error();
  std::map<std::string, int32_t, std::less<>> tokens;
  for (const auto& [name, number] : json->items()) {
    int32_t token = 0;
    if (!readNumber(number, token) || tokens.size() == most)
      return badJsonFile(
          path, "expected at most " + std::to_string(most) + " tokens, each with its number behind its name");
    tokens.emplace(name, token);
  }
  return tokens;
}

Result<std::map<std::string, int32_t, std::less<>>> parseAddedTokens(std::string_view text,
                                                                     const std::string& path, size_t most) {
  if (text.size() > kMaxTokenizer)
    return badJsonFile(path, "it has more than " + std::to_string(kMaxTokenizer) + " bytes");
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
  if (json.is_discarded()) return badJsonFile(path, "the JSON is malformed");
  if (bad) return badJsonFile(path, "expected each of added_tokens to have an id and a content");
  return tokens;
}

}  // namespace npuspeech
