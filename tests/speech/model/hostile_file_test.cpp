// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that end early or lie about their sizes: an error each, quickly and with little memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "speech/model/ctranslate2_vocabulary.h"
#include "speech/model/huggingface_config.h"
#include "speech/model/tensor_parsers.h"
#include "speech/model/vocabulary.h"
#include "speech/model/vocabulary_files.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_model.h"

namespace {
thread_local size_t allocatedBytes = 0;
thread_local size_t largestAllocation = 0;

void* counted(size_t size, size_t alignment) {
  allocatedBytes += size;
  largestAllocation = std::max(largestAllocation, size);
  void* memory = nullptr;
  if (::posix_memalign(&memory, std::max(alignment, sizeof(void*)), size) != 0) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void* operator new(size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace npuspeech {
namespace {

using Parser = Result<ParsedTensors> (*)(std::span<const std::byte>, std::string_view);

struct Cost {
  size_t allocated = 0, largest = 0;
  double seconds = 0;
};

template <class Call>
Cost costOf(const Call& call) {
  allocatedBytes = largestAllocation = 0;
  const auto start = std::chrono::steady_clock::now();
  call();
  return {allocatedBytes, largestAllocation,
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

std::span<const std::byte> bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Parses; whatever comes of it, it must be an error that names the file, or tensors inside of the file.
bool parses(Parser parse, std::string_view file) {
  const auto parsed = parse(bytesOf(file), "the file");
  if (!parsed) {
    EXPECT_EQ(parsed.error().code, ErrorCode::BadFile);
    EXPECT_NE(parsed.error().message.find("'the file'"), std::string::npos);
    EXPECT_NE(parsed.error().message.find("at byte "), std::string::npos);
    return false;
  }
  for (const auto& [name, view] : parsed->tensors) {
    EXPECT_GE(view.data.data(), bytesOf(file).data());
    EXPECT_LE(view.data.data() + view.data.size(), bytesOf(file).data() + file.size());
    EXPECT_EQ(tensorBytes(view.type, view.dims, file.size()), view.data.size());
  }
  return true;
}

std::vector<test::NamedTensor> smallTensors() {
  return {test::floatTensor("f32", {2, 3}, {1, 2, 3, 4, 5, 6}),
          test::integerTensor("i8", TensorType::Int8, 1),
          test::floatTensor("f16", {4}, {1, 2, 3, 4}, TensorType::Float16)};
}

Result<ParsedTensors> parseGgmlTensors(std::span<const std::byte> file, std::string_view path) {
  auto parsed = parseGgml(file, path);
  if (!parsed) return parsed.error();
  return std::move(parsed->tensors);
}

void append(std::string& file, uint32_t value) {
  file.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A file of whisper.cpp with these tensors, of one dimension, and three tokens.
std::string ggmlFile(const std::vector<test::NamedTensor>& tensors) {
  std::string file;
  for (const uint32_t number : {0x67676d6cu, 3u, 1500u, 64u, 1u, 1u, 448u, 64u, 1u, 1u, 2u, 0u, 2u, 1u})
    append(file, number);
  file.append(2 * 4, '\0');  // the mel filters
  append(file, 3);
  for (const char* token : {"a", "", "bc"}) {
    append(file, static_cast<uint32_t>(std::strlen(token)));
    file += token;
  }
  for (const test::NamedTensor& tensor : tensors) {
    for (const size_t number : {size_t{1}, tensor.name.size(), size_t{0}, tensor.bytes.size() / 4})
      append(file, static_cast<uint32_t>(number));
    file += tensor.name + tensor.bytes;
  }
  return file;
}

std::string ctranslate2File(const std::vector<test::NamedTensor>& tensors) {
  return test::ctranslate2File(tensors, {});
}

/// A container, and a small file of it that uses all that it can hold.
struct Format {
  const char* name;
  Parser parse;
  std::string (*fileOf)(const std::vector<test::NamedTensor>& tensors);
  std::string small;
};

std::vector<Format> formats() {
  return {
      {"CTranslate2", parseCTranslate2, ctranslate2File,
       test::ctranslate2File(smallTensors(), {{"alias", "f32"}, {"again", "alias"}})},
      {"Safetensors", parseSafetensors, test::safetensorsFile, test::safetensorsFile(smallTensors())},
      // A file of whisper.cpp ends with any of its tensors.
      {"Ggml", parseGgmlTensors, ggmlFile, ggmlFile({test::floatTensor("f32", {6}, {1, 2, 3, 4, 5, 6})})}};
}

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class HostileTensorFile : public testing::TestWithParam<Format> {
 protected:
  Parser parse_ = GetParam().parse;
};

INSTANTIATE_TEST_SUITE_P(, HostileTensorFile, testing::ValuesIn(formats()),
                         [](const auto& format) { return format.param.name; });

TEST_P(HostileTensorFile, IsRefusedWhereverItEnds) {
  const std::string& file = GetParam().small;
  ASSERT_TRUE(parses(parse_, file));
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_FALSE(parses(parse_, std::string_view(file).substr(0, length))) << length;
}

TEST_P(HostileTensorFile, CostsLittleWhateverItsSizesSay) {
  const std::string& file = GetParam().small;
  constexpr uint64_t kSizes[] = {0,          1,          0x7f,       0xff,       0xffff, 0x7fffffff,
                                 0x80000000, 0xffffffff, 1ull << 40, ~0ull >> 1, ~0ull};
  int refused = 0;
  for (size_t offset = 0; offset < file.size(); ++offset)
    for (const uint64_t size : kSizes)
      for (const size_t width : {1, 2, 4, 8}) {
        std::string broken = file;
        std::memcpy(broken.data() + offset, &size, std::min(width, file.size() - offset));
        const Cost cost = costOf([&] { refused += !parses(parse_, broken); });
        ASSERT_LT(cost.allocated, 64u << 10) << offset << ": " << size;
      }
  EXPECT_GT(refused, 1000);
}

TEST_P(HostileTensorFile, ThatIsAllStructureCostsInProportion) {
  // As many tensors as may be, of one number each; then one more.
  std::vector<test::NamedTensor> tensors;
  const auto tensor = [](size_t i) {
    return test::NamedTensor{std::to_string(i), TensorType::Float32, {1}, "xxxx"};
  };
  for (size_t i = 0; i < kMaxTensors; ++i) tensors.push_back(tensor(i));
  std::string file = GetParam().fileOf(tensors);
  Cost cost = costOf([&] { EXPECT_TRUE(parses(parse_, file)); });
  EXPECT_LT(cost.largest, 8u << 20);
  EXPECT_LT(cost.seconds, 5) << "a sanitizer's build included";
  tensors.push_back(tensor(kMaxTensors));
  file = GetParam().fileOf(tensors);
  EXPECT_FALSE(parses(parse_, file));
}

TEST(HostileCTranslate2File, OfARealModelIsRefusedWhereverItEnds) {
  const test::TempFolder folder;
  test::writeTinyModel(folder.path());
  const std::string file = readFile(folder.file("model.bin"));
  ASSERT_TRUE(parses(parseCTranslate2, file));
  for (size_t i = 0; i < 200; ++i) {
    const size_t length = i < 100 ? i * 3 : (i - 100) * (file.size() / 100);
    const auto truncated = std::string_view(file).substr(0, length);
    const Cost cost = costOf([&] { EXPECT_FALSE(parses(parseCTranslate2, truncated)) << length; });
    EXPECT_LT(cost.allocated, 256u << 10) << length;
  }
  // The same through files.
  for (const size_t length : {0u, 3u, 40u, 1000u, 70000u, 2000000u}) {
    test::writeFile(folder.file("model.bin"), std::string_view(file).substr(0, length));
    const auto opened = TensorFile::openCTranslate2(folder.file("model.bin"));
    ASSERT_FALSE(opened) << length;
    EXPECT_EQ(opened.error().code, ErrorCode::BadFile);
    EXPECT_NE(opened.error().message.find(folder.file("model.bin")), std::string::npos);
  }
}

TEST(HostileSafetensorsFile, MayNestOrRepeatAsItLikes) {
  const auto withHeader = [](std::string header) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header;
  };
  for (const char* unit : {"[", "{\"a\":", "{\"a\":[", "{\"a\":{\"shape\":[", "0,", "\"\",", "[],"}) {
    std::string header =
        *unit == '0' || *unit == '"' || !std::strcmp(unit, "[],") ? "{\"a\":{\"shape\":[" : "";
    while (header.size() < 8 << 20) header += unit;
    const std::string file = withHeader(header);
    const Cost cost = costOf([&] { EXPECT_FALSE(parses(parseSafetensors, file)) << unit; });
    EXPECT_LT(cost.largest, 1u << 20) << unit;
    EXPECT_LT(cost.seconds, 5) << unit;
  }
}

TEST(HostileVocabulary, IsRefusedWhereverItEnds) {
  const test::TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  const std::string vocabulary = readFile(folder.file("vocabulary.json")),
                    config = readFile(folder.file("config.json"));
  const auto size = static_cast<int>(test::tinyVocabulary(true).size());
  for (size_t i = 0; i < 100; ++i) {
    test::writeFile(folder.file("vocabulary.json"),
                    std::string_view(vocabulary).substr(0, i * (vocabulary.size() - 2) / 99));
    EXPECT_EQ(loadCTranslate2Vocabulary(folder.path(), size).error().code, ErrorCode::BadFile) << i;
  }
  test::writeFile(folder.file("vocabulary.json"), vocabulary);
  for (size_t i = 0; i + 1 < config.size(); ++i) {
    test::writeFile(folder.file("config.json"), std::string_view(config).substr(0, i));
    EXPECT_EQ(loadCTranslate2Vocabulary(folder.path(), size).error().code, ErrorCode::BadFile) << i;
  }
}

TEST(HostileVocabulary, MayHaveFewerEntriesThanItsTextHasTokens) {
  const test::TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  test::writeFile(folder.file("vocabulary.json"), R"(["a"])");
  const auto size = static_cast<int>(test::tinyVocabulary(true).size());
  for (const char* end : {"400", "2147483647", "1000000000"}) {
    test::writeFile(folder.file("tokenizer.json"),
                    std::string(R"({"added_tokens":[{"id":)") + end + R"(,"content":"<|endoftext|>"}]})");
    EXPECT_EQ(loadCTranslate2Vocabulary(folder.path(), size).error().code, ErrorCode::BadFile) << end;
  }
}

TEST(HostileVocabulary, CostsLittleHoweverItNests) {
  const auto repeated = [](std::string_view head, std::string_view unit, size_t size) {
    std::string text(head);
    while (text.size() + unit.size() <= size) text += unit;
    return text;
  };
  const char* slower = std::getenv("NPUSPEECH_TEST_PATIENCE");  // as a sanitizer makes it
  const double patience = slower ? std::atof(slower) : 1;
  // Growing vectors are counted with all that they outgrew: a pointer a level makes 64 bytes of 4.
  const auto cheap = [patience](const Cost& cost, size_t most) {
    EXPECT_LT(cost.allocated, most);
    EXPECT_LT(cost.seconds, 5 * patience);
  };
  for (const char* unit : {"[", "[],", "0,", "{\"a\":", "\"\","}) {
    const std::string list = repeated("[", unit, 4 << 20),
                      config = repeated("{\"suppress_ids\":[", unit, 1 << 20);
    const std::string added = repeated("{\"added_tokens\":[", unit, 4 << 20);
    const std::string vocabulary = repeated("{\"model\":{\"vocab\":{\"a\":", unit, 4 << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseVocabularyJson(list, "the file", 1000)) << unit; }), 1 << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseNumberedVocabulary(list, "the file", 1000)) << unit; }), 32u << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseTokenizerVocabulary(vocabulary, "the file", 1000)) << unit; }),
          32u << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseShardIndex(config, "the file")) << unit; }), 128u << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseConfig(config, "the file")) << unit; }), 128u << 20);
    cheap(costOf([&] { EXPECT_FALSE(parseAddedTokens(added, "the file", 1000)) << unit; }), 128u << 20);
  }
  const std::string lines(4 << 20, '\n');
  cheap(costOf([&] { EXPECT_FALSE(parseVocabularyText(lines, "the file", 1000)); }), 1 << 20);
}

}  // namespace
}  // namespace npuspeech
