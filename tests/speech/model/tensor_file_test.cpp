// SPDX-License-Identifier: LGPL-2.1-or-later
// Tensor files: what is written comes back, and what is broken is said to be.
#include "speech/model/tensor_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "speech/model/widen.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

using test::NamedTensor;
using test::TempFolder;

const std::vector<float> kValues = {0.0f, 1.5f, -2.25f, 0x1p-14f, -0x1p-24f, 65504.0f};

std::vector<NamedTensor> sampleTensors() {
  return {test::floatTensor("a/f32", {2, 3}, kValues),
          test::floatTensor("a/f16", {3, 2}, kValues, TensorType::Float16),
          test::floatTensor("bf16", {6}, {0, 1, -2, 0x1p-126f, 0x1p127f, -3}, TensorType::BFloat16),
          test::integerTensor("i8", TensorType::Int8, -3),
          test::integerTensor("i16", TensorType::Int16, -1234),
          test::integerTensor("i32", TensorType::Int32, 1234567)};
}

/// Both formats hold the same tensors, so that one set of facts holds for both.
class TensorFormats : public testing::TestWithParam<bool> {
 protected:
  Result<TensorFile> store(const std::vector<NamedTensor>& tensors) {
    return storeBytes(GetParam() ? test::safetensorsFile(tensors) : test::ctranslate2File(tensors, {}));
  }
  Result<TensorFile> storeBytes(std::string_view bytes) {
    const std::string path = folder_.file("model");
    test::writeFile(path, bytes);
    return GetParam() ? TensorFile::openSafetensors(path) : TensorFile::openCTranslate2(path);
  }
  TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(, TensorFormats, testing::Values(false, true),
                         [](const auto& format) { return format.param ? "Safetensors" : "CTranslate2"; });

TEST_P(TensorFormats, GivesBackWhatWasWritten) {
  const auto file = store(sampleTensors());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 6u);
  EXPECT_EQ(file->spec(), GetParam() ? "" : "WhisperSpec");
  const TensorView* half = file->find("a/f16");
  ASSERT_NE(half, nullptr);
  EXPECT_EQ(half->type, TensorType::Float16);
  EXPECT_EQ(half->dims, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(half->elements(), 6);
  EXPECT_EQ(half->data.size(), 12u);
  EXPECT_EQ(file->find("a/f1"), nullptr);

  for (const char* name : {"a/f32", "a/f16"}) {
    const auto values = file->readFloat(name, std::vector<int64_t>{0, 0});
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_TRUE(std::equal(values->begin(), values->end(), kValues.begin(), kValues.end())) << name;
  }
  const auto brain = file->readFloat("bf16", std::vector<int64_t>{6});
  ASSERT_TRUE(brain);
  EXPECT_EQ((*brain)[3], 0x1p-126f);
  EXPECT_EQ((*brain)[4], 0x1p127f);
  EXPECT_EQ(file->readInteger("i8").value(), -3);
  EXPECT_EQ(file->readInteger("i16").value(), -1234);
  EXPECT_EQ(file->readInteger("i32").value(), 1234567);
}

TEST_P(TensorFormats, OutlivesItsOriginalAsCopy) {
  auto file = store(sampleTensors());
  ASSERT_TRUE(file);
  const TensorFile copy = *file;
  file = Error{};
  const auto values = copy.readFloat("a/f32", std::vector<int64_t>{2, 3});
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[5], 65504.0f);
}

TEST_P(TensorFormats, NamesFileTensorAndBothShapes) {
  const auto file = store(sampleTensors());
  ASSERT_TRUE(file);
  const auto wrong = file->readFloat("a/f32", std::vector<int64_t>{3, 0});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::BadFile);
  for (const char* part : {"/model", "a/f32", "2x3", "3xany"})
    EXPECT_NE(wrong.error().message.find(part), std::string::npos) << part << ": " << wrong.error().message;
  EXPECT_FALSE(file->readFloat("a/f32", std::vector<int64_t>{6}));
  EXPECT_FALSE(file->readFloat("missing", {}));
  EXPECT_FALSE(file->readInteger("a/f32"));
  EXPECT_FALSE(file->readInteger("missing"));
}

TEST_P(TensorFormats, DividesIntegersByTheirScales) {
  const std::vector<float> values = {127, -63, 1, 0, 5, -10};
  auto [weight, scale] = test::int8Tensors("w", {2, 3}, values);
  auto file = store({weight, scale});
  ASSERT_TRUE(file) << file.error().message;
  auto read = file->readFloat("w", std::vector<int64_t>{2, 3});
  ASSERT_TRUE(read) << read.error().message;
  // Rounding to 127 steps per row is off by half a step at most.
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR((*read)[i], values[i], (i < 3 ? 127 : 10) / 254.0 + 1e-6) << i;

  file = store({weight, test::floatTensor("w_scale", {}, {2})});
  read = file->readFloat("w", std::vector<int64_t>{2, 3});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)[0], 63.5f);
  EXPECT_EQ((*read)[5], -63.5f);

  EXPECT_FALSE(store({weight})->readFloat("w", std::vector<int64_t>{2, 3})) << "without a scale";
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), HUGE_VALF})
    EXPECT_FALSE(store({weight, test::floatTensor("w_scale", {2}, {1, bad})})
                     ->readFloat("w", std::vector<int64_t>{2, 3}))
        << bad;
  EXPECT_FALSE(store({weight, test::floatTensor("w_scale", {3}, {1, 1, 1})})
                   ->readFloat("w", std::vector<int64_t>{2, 3}));
}

TEST_P(TensorFormats, RefusesANameThatComesTwice) {
  const auto file = store({test::floatTensor("twice", {1}, {1}), test::floatTensor("twice", {1}, {2})});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::BadFile);
  EXPECT_NE(file.error().message.find("twice"), std::string::npos);
}

TEST_P(TensorFormats, RefusesMissingAndForeignFiles) {
  const auto open = [](const std::string& path) {
    return GetParam() ? TensorFile::openSafetensors(path) : TensorFile::openCTranslate2(path);
  };
  const auto missing = open(folder_.file("nothing"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("nothing"), std::string::npos);
  EXPECT_EQ(open(folder_.path()).error().code, ErrorCode::BadFile);
  EXPECT_EQ(storeBytes("").error().code, ErrorCode::BadFile);
  EXPECT_EQ(storeBytes(std::string(1000, '\0')).error().code, ErrorCode::BadFile);
  EXPECT_EQ(storeBytes(std::string(1000, '\xff')).error().code, ErrorCode::BadFile);
  EXPECT_EQ(storeBytes("PK\x03\x04 some other kind of file, quite long enough to be one").error().code,
            ErrorCode::BadFile);
}

TEST_P(TensorFormats, RefusesAFileThatGoesOn) {
  const auto tensors = sampleTensors();
  std::string bytes = GetParam() ? test::safetensorsFile(tensors) : test::ctranslate2File(tensors, {});
  EXPECT_TRUE(storeBytes(bytes));
  EXPECT_FALSE(storeBytes(bytes + "x"));
}

TEST(CTranslate2File, FollowsAliasesToWhatCameBefore) {
  const TempFolder folder;
  const auto open = [&](std::vector<std::pair<std::string, std::string>> aliases) {
    auto [weight, scale] = test::int8Tensors("w", {2, 1}, {1, 2});
    test::writeFile(folder.file("m"), test::ctranslate2File({weight, scale}, aliases));
    return TensorFile::openCTranslate2(folder.file("m"));
  };
  const auto file = open({{"alias", "w"}, {"second", "alias"}});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->find("second")->data.data(), file->find("w")->data.data());
  EXPECT_EQ(file->readFloat("second", std::vector<int64_t>{2, 1}).value()[1], 2.0f)
      << "the scale has the alias too";
  EXPECT_FALSE(open({{"a", "b"}, {"b", "a"}})) << "a circle";
  EXPECT_FALSE(open({{"a", "a"}}));
  EXPECT_FALSE(open({{"w", "w"}}));
  EXPECT_FALSE(open({{"a", "missing"}}));
}

TEST(CTranslate2File, SaysWhichVersionItReads) {
  const TempFolder folder;
  std::string bytes = test::ctranslate2File(sampleTensors(), {});
  bytes[0] = 5;
  test::writeFile(folder.file("m"), bytes);
  const auto file = TensorFile::openCTranslate2(folder.file("m"));
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("version 6, found 5"), std::string::npos) << file.error().message;
}

struct BadHeader {
  const char* what;
  const char* json;
};

TEST(SafetensorsFile, RefusesBadHeaders) {
  const BadHeader headers[] = {
      {"empty", ""},
      {"no object", "[]"},
      {"a number", "7"},
      {"not closed", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})"},
      {"followed", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x)"},
      {"no dtype", R"({"a":{"shape":[1],"data_offsets":[0,4]}})"},
      {"no offsets", R"({"a":{"dtype":"F32","shape":[1]}})"},
      {"unknown dtype", R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})"},
      {"dtype of a number", R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}})"},
      {"negative dimension", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})"},
      {"fractional dimension", R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})"},
      {"zero dimension", R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})"},
      {"huge dimension", R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}})"},
      {"dimensions that overflow", R"({"a":{"dtype":"F32","shape":[4,4,4,4,4,4,4,4],"data_offsets":[0,4]}})"},
      {"too many dimensions", R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})"},
      {"a list in a list", R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})"},
      {"shape and size differ", R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,4]}})"},
      {"offsets backwards", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})"},
      {"offsets past the end", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"},
      {"one offset", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}})"},
      {"a hole", R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[2,4]}})"},
      {"an overlap",
       R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})"},
      {"no name", R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"},
      {"an entry that is no object", R"({"a":4})"},
      {"an entry of null", R"({"a":null})"},
      {"metadata of numbers",
       R"({"__metadata__":{"x":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"},
  };
  const TempFolder folder;
  const auto open = [&](std::string_view header) {
    const uint64_t length = header.size();
    std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
    test::writeFile(folder.file("m"), bytes + std::string(header) + "data");
    return TensorFile::openSafetensors(folder.file("m"));
  };
  EXPECT_TRUE(open(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"));
  EXPECT_TRUE(open(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "__metadata__":{"k":"v"}})"));
  for (const auto& [what, json] : headers) {
    const auto file = open(json);
    ASSERT_FALSE(file) << what;
    EXPECT_EQ(file.error().code, ErrorCode::BadFile) << what;
    EXPECT_NE(file.error().message.find("at byte "), std::string::npos) << file.error().message;
  }
}

TEST(SafetensorsFile, LeavesOutTypesItDoesNotHave) {
  const TempFolder folder;
  std::string header = R"({"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                       R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})";
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  test::writeFile(folder.file("m"), bytes + header + std::string(12, '\0'));
  const auto file = TensorFile::openSafetensors(folder.file("m"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 1u);
  EXPECT_NE(file->find("a"), nullptr);
}

/// IEEE 754 binary16 by its definition, in doubles.
float halfByDefinition(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const double fraction = (half & 1023) / 1024.0;
  const double size = exponent == 31  ? (fraction != 0 ? NAN : HUGE_VAL)
                      : exponent == 0 ? std::ldexp(fraction, -14)
                                      : std::ldexp(1 + fraction, exponent - 15);
  return static_cast<float>(half & 0x8000 ? -size : size);
}

TEST(WidenToFloat, IsExactForEveryHalf) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> out(halves.size());
  widenToFloat(TensorType::Float16, reinterpret_cast<const std::byte*>(halves.data()), out.data(),
               out.size());
  for (const uint16_t half : halves) {
    const float expected = halfByDefinition(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(out[half])) << half;
    } else {
      EXPECT_EQ(out[half], expected) << half;
      EXPECT_EQ(std::signbit(out[half]), (half & 0x8000) != 0) << half;
    }
  }
}

TEST(WidenToFloat, WorksUnalignedAndWritesNoMore) {
  for (const TensorType type : {TensorType::Float32, TensorType::Int8, TensorType::Int16, TensorType::Int32,
                                TensorType::Float16, TensorType::BFloat16}) {
    for (size_t count = 0; count <= 33; ++count) {
      const std::string bytes(1 + count * 4, '\1');
      std::vector<float> out(count + 1, -7.0f);
      widenToFloat(type, reinterpret_cast<const std::byte*>(bytes.data()) + 1, out.data(), count);
      EXPECT_EQ(out[count], -7.0f);
      for (size_t i = 1; i < count; ++i) EXPECT_EQ(out[i], out[0]);
      if (count > 0 && type == TensorType::Int16) {
        EXPECT_EQ(out[0], 257.0f);
      }
    }
  }
}

}  // namespace
}  // namespace npuspeech
