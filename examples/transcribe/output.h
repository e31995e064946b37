// SPDX-License-Identifier: LGPL-2.1-or-later
// Where transcripts go: standard output, or a file that appears whole or not at all.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

/// Every call says whether it worked; error() then names the file and the reason.
class Output {
 public:
  /// `path`: empty for standard output. A regular file is written beside its final place and renamed by
  /// commit(); what is there already, and is not a regular file (a device, a pipe), is written to directly.
  explicit Output(std::string path) : path_(std::move(path)) {}
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool open();
  /// Text leaves at once, for readers that follow it.
  bool write(std::string_view text);
  bool commit();
  const std::string& error() const { return error_; }

 private:
  bool fail(const char* what);

  std::string path_, partial_, error_;
  std::FILE* file_ = nullptr;
};
