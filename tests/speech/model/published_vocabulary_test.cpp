// SPDX-License-Identifier: LGPL-2.1-or-later
// The vocabularies that OpenAI published: what they encode to, and what of them follows from their sizes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "speech/model/alignment_heads.h"
#include "speech/model/byte_names.h"
#include "speech/model/ctranslate2_vocabulary.h"
#include "speech/model/vocabulary_parts.h"
#include "tests/support/recordings.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

TEST(VocabularyOfAPublishedSize, KnowsItsLanguages) {
  VocabularyParts parts;
  const auto entries = test::tinyVocabulary(true);
  for (const std::string& entry : entries) {
    if (entry == "<|endoftext|>") break;
    parts.entries.add(entry);
  }
  while (parts.entries.size() < 50257) parts.entries.add("");
  const auto v1 = Vocabulary::create(parts, 51865), v3 = Vocabulary::create(parts, 51866);
  ASSERT_TRUE(v1) << v1.error().message;
  ASSERT_TRUE(v3) << v3.error().message;
  EXPECT_EQ(v1->languages().size(), 99u);
  EXPECT_EQ(v1->languageToken("en"), 50259);
  EXPECT_EQ(v1->languageToken("su"), 50357);
  EXPECT_EQ(v1->languageToken("yue"), std::nullopt);
  EXPECT_EQ(v1->transcribe(), 50359);
  EXPECT_EQ(v1->firstTimestamp(), 50364);
  EXPECT_EQ(v3->languages().size(), 100u);
  EXPECT_EQ(v3->languageToken("yue"), 50358);
  EXPECT_EQ(v3->firstTimestamp(), 50365);
  EXPECT_FALSE(Vocabulary::create(parts, 51868)) << "102 languages have no names";
}

struct Published {
  const char* model;
  int size, column;
};

class PublishedVocabulary : public testing::TestWithParam<Published> {};

INSTANTIATE_TEST_SUITE_P(, PublishedVocabulary,
                         testing::Values(Published{"whisper-base", 51865, 1},
                                         Published{"whisper-tiny.en", 51864, 2}),
                         [](const auto& model) {
                           return std::string(
                               model.param.model == std::string_view("whisper-base") ? "Base" : "TinyEn");
                         });

TEST_P(PublishedVocabulary, EncodesAsAnIndependentTokenizer) {
  const auto [model, size, column] = GetParam();
  const auto config = test::modelFile(std::string(model) + "/config.json");
  NPUSPEECH_REQUIRE(config, model);
  const auto vocabulary = loadCTranslate2Vocabulary(std::filesystem::path(*config).parent_path(), size);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ(vocabulary->timestamps(), 1501);
  EXPECT_EQ(vocabulary->multilingual(), column == 1);
  EXPECT_EQ(vocabulary->languages().size(), column == 1 ? 99u : 1u);

  std::ifstream file(NPUSPEECH_ENCODED);
  int texts = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> columns;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, '\t');) columns.push_back(cell);
    ASSERT_EQ(columns.size(), 3u) << line;
    const auto text = nlohmann::json::parse(columns[0]).get<std::string>();
    std::istringstream numbers(columns[static_cast<size_t>(column)]);
    std::vector<Token> expected;
    for (Token token; numbers >> token;) expected.push_back(token);
    const auto tokens = vocabulary->encode(text);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(*tokens, expected) << columns[0];
    std::string back;
    for (const Token token : *tokens) back += vocabulary->bytes(token);
    EXPECT_EQ(back, text);
    ++texts;
  }
  EXPECT_GT(texts, 100);
}

TEST_P(PublishedVocabulary, FollowsFromItsTextAndSizesAlone) {
  const auto [model, size, column] = GetParam();
  const auto config = test::modelFile(std::string(model) + "/config.json");
  NPUSPEECH_REQUIRE(config, model);
  const auto whole = loadCTranslate2Vocabulary(std::filesystem::path(*config).parent_path(), size);
  ASSERT_TRUE(whole) << whole.error().message;
  VocabularyParts parts;
  for (Token token = 0; token < whole->endOfText(); ++token)
    parts.entries.add(nameOfBytes(whole->bytes(token)));
  const bool isBase = column == 1;
  parts.alignmentHeads = publishedAlignmentHeads({80, 1500, 448, isBase ? 512 : 384, isBase ? 2048 : 1536,
                                                  isBase ? 8 : 6, isBase ? 6 : 4, isBase ? 6 : 4, size});
  const auto derived = Vocabulary::create(parts, size);
  ASSERT_TRUE(derived) << derived.error().message;
  EXPECT_EQ(derived->endOfText(), whole->endOfText());
  EXPECT_EQ(derived->firstTimestamp(), whole->firstTimestamp());
  EXPECT_EQ(derived->timestamps(), whole->timestamps());
  EXPECT_EQ(derived->noSpeech(), whole->noSpeech());
  EXPECT_EQ(derived->multilingual(), whole->multilingual());
  EXPECT_EQ(derived->languages(), whole->languages());
  EXPECT_EQ(derived->suppressed(), whole->suppressed());
  EXPECT_EQ(derived->suppressedFirst(), whole->suppressedFirst());
  EXPECT_EQ(derived->alignmentHeads(), whole->alignmentHeads());
}

}  // namespace
}  // namespace npuspeech
