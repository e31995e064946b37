// SPDX-License-Identifier: LGPL-2.1-or-later
// A folder for one test's files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace npuspeech::test {

/// Creates an empty folder under $TMPDIR. The destructor removes it with its contents.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "npuspeech-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  /// The path of `name` in the folder.
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace npuspeech::test
