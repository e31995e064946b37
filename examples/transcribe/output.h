// SPDX-License-Identifier: LGPL-2.1-or-later
// Where transcripts go: a stream, or a file that is whole, or else as it was before.
#pragma once

#include <string>
#include <string_view>

/// Every call says whether it worked; error() then names the file and the reason.
class Output {
 public:
  /// `path`: "" stands for standard output, as its names in /dev do. What is there and is no regular file (a
  /// device, a pipe) is a stream. A link is followed, and its target written. `live`: what has come cannot be
  /// had again. Until commit() it is in "FILE.part", which stays where the program is killed, or FILE cannot
  /// be written; otherwise nothing is to be seen of it.
  Output(std::string path, bool live) : path_(std::move(path)), live_(live) {}
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool open();
  /// Whether somebody may be reading while it is written.
  bool isFollowed() const { return stream_ >= 0 || live_; }
  bool write(std::string_view text);
  /// The file becomes what was written, and keeps its mode and its owner. Where this fails, or is never
  /// called, the file stays as it was.
  bool commit();
  /// Leaves nothing behind of what was not committed. Done at the end of its life, too.
  void discard();

  const std::string& error() const { return error_; }
  /// The error is that nobody reads on.
  bool hasNoReader() const { return hasNoReader_; }

 private:
  bool fail(const char* what);
  bool isWorthKeeping() const { return live_ && !partialName_.empty() && !text_.empty(); }
  bool openFile();
  bool openPartial();
  bool openNamedPartial();
  bool keepOwnerAndMode();
  void dropPartial();
  bool replace();
  bool overwrite();

  std::string path_;
  const bool live_;
  std::string name_, error_;  // name_: for errors
  std::string text_, partialName_;
  int stream_ = -1, old_ = -1, partial_ = -1;  // descriptors
  bool canReplace_ = false, hasNoReader_ = false;
};
