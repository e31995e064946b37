// SPDX-License-Identifier: LGPL-2.1-or-later
// What is in a file, and beside it, when examples/transcribe cannot write as it would like to.
#include "examples/transcribe/output.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

const std::string kOld = "what was said before\n";
const std::string kNew(1000, 'n');
constexpr uid_t kSomebody = 12345, kSomebodyElse = 23456;

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// A file that is there already, in a folder of somebody who is not root.
class OutputFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "npuspeech-output-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    file_ = folder_ / "talk.txt";
    std::ofstream(file_) << kOld;
    fs::permissions(file_, fs::perms(0644));
    before_ = stat();
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(folder_.c_str(), kSomebody, kSomebody), 0);
    ASSERT_EQ(::chown(file_.c_str(), kSomebody, kSomebody), 0);
    before_ = stat();
  }
  void TearDown() override {
    if (::getuid() == 0) (void)!(::seteuid(0) == 0 && ::setegid(0) == 0);
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  /// Root may do everything: the test goes on as somebody else.
  static void stepDown() {
    if (::geteuid() == 0) {
      ASSERT_EQ(::setegid(kSomebody), 0);
      ASSERT_EQ(::seteuid(kSomebody), 0);
    }
  }
  struct stat stat() const {
    struct stat there {};
    EXPECT_EQ(::stat(file_.c_str(), &there), 0);
    return there;
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.insert(entry.path().filename().string());
    return found;
  }
  /// Whether all worked. Files may become `limit` bytes long.
  bool write(bool live, rlim_t limit = RLIM_INFINITY) {
    rlimit usual{};
    ::getrlimit(RLIMIT_FSIZE, &usual);
    std::signal(SIGXFSZ, SIG_IGN);
    Output output(file_, live);
    if (!output.open()) return error_ = output.error(), false;
    const rlimit small{std::min(limit, usual.rlim_max), usual.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const bool isDone = output.write(kNew) && output.commit();
    ::setrlimit(RLIMIT_FSIZE, &usual);
    error_ = output.error();
    return isDone;
  }

  fs::path folder_, file_;
  struct stat before_ {};
  std::string error_;
};

TEST_F(OutputFile, ThatFitsIsReplaced) {
  stepDown();
  for (const bool live : {false, true}) {
    EXPECT_TRUE(write(live)) << error_;
    EXPECT_EQ(contents(file_), kNew);
    EXPECT_EQ(names(), std::set<std::string>{"talk.txt"});
    EXPECT_EQ(stat().st_mode, before_.st_mode);
  }
}

TEST_F(OutputFile, ThatDoesNotFitStaysAsItWas) {
  stepDown();
  EXPECT_FALSE(write(false, 100));
  EXPECT_NE(error_.find("talk.txt"), std::string::npos) << error_;
  EXPECT_EQ(contents(file_), kOld);
  EXPECT_EQ(names(), std::set<std::string>{"talk.txt"});
}

TEST_F(OutputFile, ThatDoesNotFitKeepsWhatCannotBeHadAgain) {
  stepDown();
  EXPECT_FALSE(write(true, 100));
  EXPECT_NE(error_.find("talk.txt.part"), std::string::npos) << error_;
  EXPECT_EQ(contents(file_), kOld);
  EXPECT_EQ(contents(folder_ / "talk.txt.part"), kNew.substr(0, 100));
  EXPECT_TRUE(write(true)) << error_;
  EXPECT_EQ(contents(file_), kNew);
  EXPECT_EQ(contents(folder_ / "talk.txt.part"), kNew.substr(0, 100)) << "it may be all that somebody has";
}

TEST_F(OutputFile, ThatIsNotCommittedStaysAsItWas) {
  stepDown();
  for (const bool live : {false, true}) {
    Output output(file_, live);
    EXPECT_TRUE(output.open());
  }
  {
    Output output(file_, false);
    EXPECT_TRUE(output.open() && output.write(kNew));
  }
  EXPECT_EQ(contents(file_), kOld);
  EXPECT_EQ(names(), std::set<std::string>{"talk.txt"});
}

TEST_F(OutputFile, InAFolderThatTakesNoOtherIsChangedInPlace) {
  fs::permissions(folder_, fs::perms(0555));
  stepDown();
  for (const bool live : {false, true}) {
    EXPECT_FALSE(write(live, 100));
    EXPECT_EQ(contents(file_), kOld);
  }
  for (const bool live : {false, true}) {
    EXPECT_TRUE(write(live)) << error_;
    EXPECT_EQ(contents(file_), kNew);
    EXPECT_EQ(stat().st_ino, before_.st_ino);
  }
  file_ = folder_ / "new.txt";
  EXPECT_FALSE(write(false));
  EXPECT_NE(error_.find("Permission denied"), std::string::npos) << error_;
}

TEST_F(OutputFile, OfSomebodyElseStaysTheirs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  ASSERT_EQ(::chown(file_.c_str(), kSomebodyElse, kSomebodyElse), 0);
  fs::permissions(file_, fs::perms(0666));
  stepDown();
  for (const bool live : {false, true}) {
    EXPECT_TRUE(write(live)) << error_;
    EXPECT_EQ(contents(file_), kNew);
    EXPECT_EQ(names(), std::set<std::string>{"talk.txt"});
  }
  EXPECT_EQ(stat().st_uid, kSomebodyElse);
  EXPECT_EQ(stat().st_ino, before_.st_ino);
}

TEST_F(OutputFile, ThatIsProtectedIsNotReplaced) {
  fs::permissions(file_, fs::perms(0444));
  stepDown();
  EXPECT_FALSE(write(false));
  EXPECT_NE(error_.find("Permission denied"), std::string::npos) << error_;
  EXPECT_EQ(contents(file_), kOld);
}

}  // namespace
