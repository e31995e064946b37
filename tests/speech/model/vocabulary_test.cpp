// SPDX-License-Identifier: LGPL-2.1-or-later
// Vocabularies: special tokens by name, text of tokens, encoding, and files that are not as they should be.
#include "speech/model/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "speech/model/ctranslate2_vocabulary.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

using test::TempFolder;
using test::writeFile;

constexpr const char* kPlainConfig =
    R"({"suppress_ids":[],"suppress_ids_begin":[],"alignment_heads":[],"lang_ids":[]})";

void writeVocabulary(const TempFolder& folder, const std::vector<std::string>& entries,
                     const std::string& config = kPlainConfig) {
  writeFile(folder.file("vocabulary.json"), nlohmann::json(entries).dump());
  writeFile(folder.file("config.json"), config);
}

std::vector<std::string> textEntries() {
  auto entries = test::tinyVocabulary(true);
  entries.erase(std::find(entries.begin(), entries.end(), "<|endoftext|>"), entries.end());
  return entries;
}

Token indexOf(const std::vector<std::string>& entries, std::string_view name) {
  return static_cast<Token>(std::find(entries.begin(), entries.end(), name) - entries.begin());
}

TEST(Vocabulary, FindsSpecialTokensByName) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  const auto entries = test::tinyVocabulary(true);
  const auto size = static_cast<int>(entries.size());
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), size);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->size(), size);
  EXPECT_EQ(vocabulary->endOfText(), indexOf(entries, "<|endoftext|>"));
  EXPECT_EQ(vocabulary->startOfTranscript(), indexOf(entries, "<|startoftranscript|>"));
  EXPECT_EQ(vocabulary->translate(), indexOf(entries, "<|translate|>"));
  EXPECT_EQ(vocabulary->transcribe(), indexOf(entries, "<|transcribe|>"));
  EXPECT_EQ(vocabulary->startOfLm(), indexOf(entries, "<|startoflm|>"));
  EXPECT_EQ(vocabulary->startOfPrevious(), indexOf(entries, "<|startofprev|>"));
  EXPECT_EQ(vocabulary->noSpeech(), indexOf(entries, "<|nospeech|>"));
  EXPECT_EQ(vocabulary->noTimestamps(), indexOf(entries, "<|notimestamps|>"));
  EXPECT_EQ(vocabulary->firstTimestamp(), indexOf(entries, "<|0.00|>"));
  EXPECT_EQ(vocabulary->timestamps(), 1501);
  EXPECT_TRUE(vocabulary->multilingual());
  EXPECT_EQ(vocabulary->languages(), (std::vector<std::string>{"en", "zh", "de", "es", "fr"}));
  EXPECT_EQ(vocabulary->languageToken("de"), indexOf(entries, "<|de|>"));
  EXPECT_EQ(vocabulary->languageToken("xx"), std::nullopt);
  EXPECT_EQ(vocabulary->suppressed().size(), 8u);
  EXPECT_EQ(vocabulary->suppressedFirst(), (std::vector<Token>{220, vocabulary->endOfText()}));
  ASSERT_EQ(vocabulary->alignmentHeads().size(), 2u);
  EXPECT_EQ(vocabulary->alignmentHeads()[1].layer, 1);
  EXPECT_EQ(vocabulary->alignmentHeads()[1].head, 1);
  EXPECT_TRUE(vocabulary->isTimestamp(size - 1));
  EXPECT_FALSE(vocabulary->isTimestamp(size));
  EXPECT_FALSE(vocabulary->isText(vocabulary->endOfText()));
}

TEST(Vocabulary, GivesTheBytesOfTextTokensAlone) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  const auto entries = test::tinyVocabulary(true);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), static_cast<int>(entries.size()));
  ASSERT_TRUE(vocabulary);
  std::string all;
  for (Token token = 0; token < 256; ++token) all += vocabulary->bytes(token);
  std::sort(all.begin(), all.end(),
            [](char a, char b) { return static_cast<uint8_t>(a) < static_cast<uint8_t>(b); });
  ASSERT_EQ(all.size(), 256u);
  for (size_t i = 0; i < 256; ++i) EXPECT_EQ(static_cast<uint8_t>(all[i]), i);
  EXPECT_EQ(vocabulary->bytes(0), "!");
  EXPECT_EQ(vocabulary->bytes(188), std::string_view("\0", 1));
  EXPECT_EQ(vocabulary->bytes(220), " ");
  EXPECT_EQ(vocabulary->bytes(indexOf(entries, "\u0120water")), " water");
  for (const Token token :
       {-1, vocabulary->endOfText(), vocabulary->noSpeech(), vocabulary->size() - 1, vocabulary->size()})
    EXPECT_EQ(vocabulary->bytes(token), "") << token;
}

TEST(Vocabulary, ReadsEnglishOnlyModels) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), false);
  const auto entries = test::tinyVocabulary(false);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), static_cast<int>(entries.size()));
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_FALSE(vocabulary->multilingual());
  EXPECT_EQ(vocabulary->languages(), std::vector<std::string>{"en"});
  EXPECT_EQ(vocabulary->noSpeech(), indexOf(entries, "<|nocaptions|>"));
  EXPECT_EQ(vocabulary->bytes(indexOf(entries, "\u0120water")), " water");
}

TEST(Vocabulary, ReadsLinesThatEndAsOnWindows) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), false);
  std::string lines;
  const auto entries = test::tinyVocabulary(false);
  for (const auto& entry : entries) lines += entry + "\r\n";
  lines.resize(lines.size() - 2);  // nor need the last line end
  writeFile(folder.file("vocabulary.txt"), lines);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), static_cast<int>(entries.size()));
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->timestamps(), 1501);
  EXPECT_EQ(vocabulary->bytes(0), "!");
}

TEST(Vocabulary, TellsEnglishOnlyModelsThatNameAllLanguages) {
  // As published: the list of languages leaves out the first one's token.
  const TempFolder folder;
  const auto entries = test::tinyVocabulary(true);
  const auto size = static_cast<int>(entries.size());
  const std::string zh = std::to_string(indexOf(entries, "<|zh|>"));
  writeVocabulary(folder, entries, R"({"lang_ids":[)" + zh + "]}");
  auto vocabulary = loadCTranslate2Vocabulary(folder.path(), size);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_FALSE(vocabulary->multilingual());
  const std::string en = std::to_string(indexOf(entries, "<|en|>"));
  writeVocabulary(folder, entries, R"({"lang_ids":[)" + en + "," + zh + "]}");
  vocabulary = loadCTranslate2Vocabulary(folder.path(), size);
  ASSERT_TRUE(vocabulary);
  EXPECT_TRUE(vocabulary->multilingual());
}

TEST(Vocabulary, DerivesWhatIsNotNamedFromTheCommonOrder) {
  const TempFolder folder;
  auto entries = test::tinyVocabulary(true);
  const auto size = static_cast<int>(entries.size());
  const Token first = indexOf(entries, "<|0.00|>"), text = indexOf(entries, "<|endoftext|>");
  // Without timestamps, then without anything behind the languages, then without any special token.
  for (const char* from : {"<|0.00|>", "<|startofprev|>", "<|translate|>"}) {
    entries.resize(static_cast<size_t>(indexOf(entries, from)));
    writeVocabulary(folder, entries, R"({"lang_ids":[)" + std::to_string(text + 2) + "]}");
    const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), size);
    ASSERT_TRUE(vocabulary) << from << ": " << vocabulary.error().message;
    EXPECT_EQ(vocabulary->firstTimestamp(), first) << from;
    EXPECT_EQ(vocabulary->timestamps(), 1501) << from;
    EXPECT_EQ(vocabulary->noTimestamps(), first - 1) << from;
    EXPECT_EQ(vocabulary->noSpeech(), first - 2) << from;
    EXPECT_EQ(vocabulary->translate(), first - 6) << from;
    EXPECT_EQ(vocabulary->languages().size(), 5u) << from;
  }
  writeVocabulary(folder, textEntries());
  const auto vocabulary =
      loadCTranslate2Vocabulary(folder.path(), text + 1608);  // as whisper-*.en, with unnamed languages
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->endOfText(), text);
  EXPECT_EQ(vocabulary->startOfTranscript(), text + 1);
  EXPECT_EQ(vocabulary->translate(), text + 1 + 99 + 1);
  EXPECT_EQ(vocabulary->firstTimestamp(), text + 1608 - 1501);
  EXPECT_FALSE(vocabulary->multilingual());
  EXPECT_FALSE(loadCTranslate2Vocabulary(folder.path(), text + 1507)) << "no room for all of them";
}

TEST(Vocabulary, AsksTokenizerJsonForNames) {
  const TempFolder folder;
  const auto entries = test::tinyVocabulary(true);
  const auto size = static_cast<int>(entries.size());
  const Token text = indexOf(entries, "<|endoftext|>");
  nlohmann::json added = nlohmann::json::array();
  for (Token token = text; token < size; ++token)
    added.push_back({{"id", token}, {"content", entries[static_cast<size_t>(token)]}, {"special", true}});
  writeVocabulary(folder, textEntries(), R"({"lang_ids":[)" + std::to_string(text + 2) + "]}");
  writeFile(folder.file("tokenizer.json"),
            nlohmann::json{{"version", "1.0"}, {"added_tokens", added}, {"model", {{"merges", {{"a", "b"}}}}}}
                .dump());
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), size);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->languages().size(), 5u);
  EXPECT_EQ(vocabulary->firstTimestamp(), indexOf(entries, "<|0.00|>"));
  EXPECT_EQ(vocabulary->timestamps(), 1501);

  for (const char* broken :
       {"{", R"({"added_tokens":[{"id":-1,"content":"x"}]})", R"({"added_tokens":[{"id":1}]})",
        R"({"added_tokens":[{"id":99999999999,"content":"x"}]})"}) {
    writeFile(folder.file("tokenizer.json"), broken);
    const auto refused = loadCTranslate2Vocabulary(folder.path(), size);
    ASSERT_FALSE(refused) << broken;
    EXPECT_EQ(refused.error().code, ErrorCode::BadFile);
    EXPECT_NE(refused.error().message.find("tokenizer.json"), std::string::npos) << refused.error().message;
  }
}

struct BadFolder {
  const char *file, *content, *named;
};

TEST(Vocabulary, RefusesBadFoldersAndNamesTheFile) {
  const BadFolder folders[] = {
      {"vocabulary.json", "", "vocabulary.json"},
      {"vocabulary.json", "{", "vocabulary.json"},
      {"vocabulary.json", "{}", "vocabulary.json"},
      {"vocabulary.json", "[\"a\", 1]", "vocabulary.json"},
      {"vocabulary.json", "[\"a\", [\"b\"]]", "vocabulary.json"},
      {"vocabulary.json", "[\"a\"", "vocabulary.json"},
      {"vocabulary.json", "[\"\xff\"]", "vocabulary.json"},
      {"vocabulary.json", "[\"a\"] x", "vocabulary.json"},
      {"vocabulary.json", "[]", "vocabulary.json"},
      {"vocabulary.json", "[\"a b\", \"<|endoftext|>\"]",
       "vocabulary.json"},  // a space is no byte-level name
      {"config.json", "", "config.json"},
      {"config.json", "[", "config.json"},
      {"config.json", "[]", "config.json"},
      {"config.json", R"({"suppress_ids":[1,2,"x"]})", "config.json"},
      {"config.json", R"({"suppress_ids":[-1]})", "config.json"},
      {"config.json", R"({"suppress_ids":[1.5]})", "config.json"},
      {"config.json", R"({"suppress_ids_begin":[1959]})", "config.json"},
      {"config.json", R"({"suppress_ids_begin":[4294967296]})", "config.json"},
      {"config.json", R"({"lang_ids":7})", "config.json"},
      {"config.json", R"({"alignment_heads":[[1]]})", "config.json"},
      {"config.json", R"({"alignment_heads":[[1,-1]]})", "config.json"},
      {"config.json", R"({"alignment_heads":[[1,5000]]})", "config.json"},
  };
  const TempFolder folder;
  for (const auto& [file, content, named] : folders) {
    test::writeTinyVocabulary(folder.path(), true);
    writeFile(folder.file(file), content);
    const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), 1959);
    ASSERT_FALSE(vocabulary) << file << ": " << content;
    EXPECT_EQ(vocabulary.error().code, ErrorCode::BadFile);
    EXPECT_NE(vocabulary.error().message.find(named), std::string::npos) << vocabulary.error().message;
  }
  test::writeTinyVocabulary(folder.path(), true);
  EXPECT_TRUE(loadCTranslate2Vocabulary(folder.path(), 1959));
  for (const int size : {-1, 0, 1, 1958, 2000000000})
    EXPECT_EQ(loadCTranslate2Vocabulary(folder.path(), size).error().code, ErrorCode::BadFile) << size;
  for (const char* file : {"vocabulary.json", "config.json"}) {
    test::writeTinyVocabulary(folder.path(), true);
    std::filesystem::remove(folder.file(file));
    const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), 1959);
    ASSERT_FALSE(vocabulary);
    EXPECT_EQ(vocabulary.error().code, ErrorCode::NotFound);
    EXPECT_NE(vocabulary.error().message.find(file), std::string::npos) << vocabulary.error().message;
  }
}

/// Byte-pair encoding word for word as it is defined: the pair whose union is the lowest token, leftmost
/// first.
std::vector<Token> encodeByDefinition(const Vocabulary& vocabulary, std::string_view word) {
  const auto tokenOf = [&](std::string_view bytes) {
    for (Token token = 0; token < vocabulary.endOfText(); ++token)
      if (vocabulary.bytes(token) == bytes) return token;
    return Token{-1};
  };
  std::vector<std::string> pieces;
  for (const char c : word) pieces.emplace_back(1, c);
  for (;;) {
    Token best = -1;
    size_t at = 0;
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      const Token token = tokenOf(pieces[i] + pieces[i + 1]);
      if (token >= 0 && (best < 0 || token < best)) {
        best = token;
        at = i;
      }
    }
    if (best < 0) break;
    pieces[at] += pieces[at + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  std::vector<Token> tokens;
  for (const auto& piece : pieces) tokens.push_back(tokenOf(piece));
  return tokens;
}

TEST(VocabularyEncode, JoinsPairsInTheVocabularysOrder) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), 1959);
  ASSERT_TRUE(vocabulary);
  for (const char* word : {" the", " them", " wwater", " waterwater", " houseshe", " andandand", "x",
                           " \u00e9t\u00e9", " th\u6771e"}) {
    const auto encoded = vocabulary->encode(word);
    ASSERT_TRUE(encoded) << encoded.error().message;
    EXPECT_EQ(*encoded, encodeByDefinition(*vocabulary, word)) << word;
  }
  EXPECT_EQ(vocabulary->encode("").value(), std::vector<Token>{});
  constexpr std::string_view kText = " hello  world,\tit's \xf0\x9f\x91\x8d <|endoftext|> <unk>";
  const auto tokens = vocabulary->encode(kText);
  ASSERT_TRUE(tokens) << tokens.error().message;
  std::string all;
  for (const Token token : *tokens) {
    EXPECT_TRUE(vocabulary->isText(token));
    all += vocabulary->bytes(token);
  }
  EXPECT_EQ(all, kText);
  const auto broken = vocabulary->encode("a\xff");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::BadValue);
}

TEST(VocabularyEncode, WorksOnManyThreadsFromTheFirstCallOn) {
  const TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), 1959);
  ASSERT_TRUE(vocabulary);
  std::vector<std::vector<Token>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) result = vocabulary->encode(" hello world and the water").value();
    });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, results[0]);
  EXPECT_EQ(results[0].size(), 5u);
}

TEST(VocabularyEncode, RefusesAVocabularyWithoutAllBytes) {
  const TempFolder folder;
  auto entries = test::tinyVocabulary(true);
  entries[0] = "ab";
  writeVocabulary(folder, entries);
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), static_cast<int>(entries.size()));
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->encode("a").error().code, ErrorCode::BadFile);
}

}  // namespace
}  // namespace npuspeech
