// SPDX-License-Identifier: LGPL-2.1-or-later
// The file of packed weights beside a model: whatever happens to it, the model computes the same.
#include "speech/whisper/cpu/packed_weights.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/thread_pool.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "speech/whisper/cpu/weights.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_model.h"

namespace npuspeech::test {
namespace {

namespace fs = std::filesystem;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class PackedWeightsTest : public ::testing::Test {
 protected:
  void SetUp() override { writeTinyModel(folder_.path()); }
  std::string model() const { return folder_.path() + "/model.bin"; }
  std::string packed() const { return folder_.path() + "/npuspeech-int8.safetensors"; }

  /// The encoder's states of a fixed window.
  std::vector<float> states(Precision precision = Precision::Int8) const {
    auto weights = CpuWeights::load(folder_.path(), precision, {}, {});
    EXPECT_TRUE(weights) << (weights ? "" : weights.error().message);
    if (!weights) return {};
    CpuEncoder encoder(*weights, std::make_shared<ThreadPool>(1));
    const WindowShape shape{40, (*weights)->audioContext};
    std::vector<float> mel(40 * 80), states(static_cast<size_t>(shape.rows() * (*weights)->width));
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& value : mel) value = uniform(random);
    EXPECT_TRUE(encoder.encode(mel.data(), shape, states.data(), {}));
    return states;
  }

  TempFolder folder_;
};

TEST_F(PackedWeightsTest, GiveTheSameAsTheModel) {
  ASSERT_FALSE(fs::exists(packed()));
  const std::vector<float> first = states();
  ASSERT_TRUE(fs::exists(packed()));
  const auto source = ModelSource::open(folder_.path());
  ASSERT_TRUE(source);
  EXPECT_TRUE(PackedWeights(*source).open());
  EXPECT_EQ(states(), first);
}

TEST_F(PackedWeightsTest, AreReadInPlaceOfTheModel) {
  states();
  // The samples, 4 KB from each 64th of the file, do not see a change between two of them; the model's own
  // reader does.
  std::string bytes = contents(model());
  const size_t part = bytes.size() / 64, tensor = bytes.find("encoder/layer_1/ffn/linear_0/weight");
  ASSERT_NE(tensor, std::string::npos);
  const size_t change = (tensor / part + 1) * part + part / 2;
  for (size_t i = change; i < change + 1000; ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x15);
  const std::vector<float> before = states();
  writeFile(model(), bytes);
  EXPECT_EQ(states(), before);
  fs::remove(packed());
  EXPECT_NE(states(), before);
}

TEST_F(PackedWeightsTest, AreMadeAgainWhereDamaged) {
  const std::vector<float> expected = states();
  const std::string whole = contents(packed());
  std::mt19937 random(2);
  for (int round = 0; round < 30; ++round) {
    std::string damaged = whole;
    if (round % 2)
      damaged.resize(random() % whole.size());
    else
      damaged[random() % whole.size()] ^= static_cast<char>(1 << random() % 8);
    writeFile(packed(), damaged);
    ASSERT_EQ(states(), expected) << "round " << round;
    ASSERT_EQ(contents(packed()), whole) << "round " << round;
  }
}

TEST_F(PackedWeightsTest, OfAnotherModelAreNotTaken) {
  const std::vector<float> before = states();
  const auto size = fs::file_size(model());
  TinyModelOptions other;
  other.seed = 2;
  writeTinyModel(folder_.path(), other);
  ASSERT_EQ(fs::file_size(model()), size);
  const std::vector<float> after = states();
  EXPECT_NE(after, before);
  EXPECT_EQ(states(), after);
}

TEST_F(PackedWeightsTest, AreNotNeeded) {
  fs::create_directory(packed());  // nothing can be written under this name
  const std::vector<float> first = states();
  EXPECT_EQ(states(), first);
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    EXPECT_EQ(entry.path().string().find("safetensors."), std::string::npos) << "left behind: " << entry;
}

TEST_F(PackedWeightsTest, AreNotMadeForFloat32) {
  states(Precision::Float32);
  EXPECT_FALSE(fs::exists(packed()));
}

}  // namespace
}  // namespace npuspeech::test
