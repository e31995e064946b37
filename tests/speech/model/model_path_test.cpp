// SPDX-License-Identifier: LGPL-2.1-or-later
// Models by path and by name: where they are looked for, and what is said where there is none.
#include "speech/model/model_path.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/temp_folder.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

class ModelPath : public ::testing::Test {
 protected:
  ModelPath() {
    ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
    for (const char* name : {"whisper-small", "mine", "whisper-mine", "owner/name", "owner/name@v1"})
      fs::create_directories(cache_ / name);
  }
  ~ModelPath() override { ::unsetenv("XDG_CACHE_HOME"); }

  void expectFound(const std::string& model, const fs::path& path) {
    const auto found = findModel(model);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, path.string()) << model;
  }

  /// The message.
  static std::string refusal(const std::string& model) {
    const auto found = findModel(model);
    EXPECT_FALSE(found) << model;
    return found ? std::string{} : found.error().message;
  }

  test::TempFolder folder_;
  const fs::path cache_ = fs::path(folder_.path()) / "npuspeech" / "models";
};

TEST_F(ModelPath, namesAreFoundInTheCache) {
  expectFound("whisper-small", cache_ / "whisper-small");
  expectFound("small", cache_ / "whisper-small");
  expectFound("mine", cache_ / "mine");
  expectFound("owner/name", cache_ / "owner/name");
  expectFound("owner/name@v1", cache_ / "owner/name@v1");
}

TEST_F(ModelPath, pathsComeFirst) {
  const std::string path = (cache_ / "mine").string();
  expectFound(path, path);
  expectFound(path + "/../mine", path + "/../mine");
}

TEST_F(ModelPath, theErrorSaysHowToGetTheModel) {
  for (const std::string name :
       {"medium", "small.en", "openai/whisper-small", "openai/whisper-small@main", "a/b/ggml-base.bin"}) {
    const std::string message = refusal(name);
    EXPECT_NE(message.find("\"" + name + "\""), std::string::npos) << message;
    EXPECT_NE(message.find("tools/fetch-model " + name + " "), std::string::npos) << message;
    EXPECT_NE(message.find(cache_.string()), std::string::npos) << message;
  }
}

TEST_F(ModelPath, nothingIsFetchedByAPath) {
  fs::create_directories(fs::path(folder_.path()) / "npuspeech" / "other");
  for (const std::string path :
       {"/no/such/folder", "../other", "./none", "owner/../../other", "a/b/c/d", "none/", "a;b", "with space",
        "quote\"", "--list", ".hidden", "a//b", "line\n"}) {
    const std::string message = refusal(path);
    EXPECT_NE(message.find(path), std::string::npos) << message;
    EXPECT_EQ(message.find("fetch-model"), std::string::npos) << message;
  }
  EXPECT_NE(refusal("").find("whisper-base"), std::string::npos);
}

}  // namespace
}  // namespace npuspeech
