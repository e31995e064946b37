// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/ctranslate2_vocabulary.h"

#include "speech/model/mapped_file.h"
#include "speech/model/special_tokens.h"
#include "speech/model/vocabulary_files.h"

namespace npuspeech {
namespace {

Result<void> readEntries(const std::string& folder, size_t size, VocabularyParts& parts) {
  std::string& path = parts.entriesPath;
  path = folder + "/vocabulary.json";
  const bool isJson = isThere(path);
  if (!isJson && isThere(folder + "/vocabulary.txt")) path = folder + "/vocabulary.txt";
  const auto file = MappedFile::open(path);
  if (!file) return file.error();
  auto entries = isJson ? parseVocabularyJson((*file)->text(), path, size)
                        : parseVocabularyText((*file)->text(), path, size);
  if (!entries) return entries.error();
  parts.entries = std::move(*entries);
  return {};
}

}  // namespace

Result<Vocabulary> loadCTranslate2Vocabulary(const std::string& folder, int size) {
  if (auto checked = Vocabulary::checkSize(size, folder); !checked) return checked.error();
  VocabularyParts parts;
  if (auto read = readEntries(folder, static_cast<size_t>(size), parts); !read) return read.error();

  const std::string tokenizerPath = folder + "/tokenizer.json";
  if (!nameSpecialTokens(parts.entries) && isThere(tokenizerPath)) {
    const auto tokenizer = MappedFile::open(tokenizerPath);
    if (!tokenizer) return tokenizer.error();
    auto added = parseAddedTokens((*tokenizer)->text(), tokenizerPath, static_cast<size_t>(size));
    if (!added) return added.error();
    parts.added = std::move(*added);
  }

  parts.configPath = folder + "/config.json";
  const auto configFile = MappedFile::open(parts.configPath);
  if (!configFile) return configFile.error();
  auto config = parseConfig((*configFile)->text(), parts.configPath);
  if (!config) return config.error();
  parts.suppressed = std::move(config->suppressed);
  parts.suppressedFirst = std::move(config->suppressedFirst);
  parts.languages = std::move(config->languages);
  parts.alignmentHeads = std::move(config->alignmentHeads);
  return Vocabulary::create(parts, size);
}

}  // namespace npuspeech
