// SPDX-License-Identifier: LGPL-2.1-or-later
#include "safeguard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "local_file.h"

namespace {

using Stat = struct stat;

/// What is there, with links followed.
std::optional<Stat> statOf(int descriptor, const std::string& path) {
  Stat there{};
  const int failed = descriptor >= 0 ? ::fstat(descriptor, &there) : ::stat(path.c_str(), &there);
  if (failed != 0) return {};
  return there;
}

std::optional<Stat> inputStat(const std::string& input) {
  return statOf(input == "-" ? STDIN_FILENO : descriptorNamed(input), pathOf(input));
}

bool isSame(const Stat& one, const Stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// Transcripts hold no control characters but those of lines; recordings do within their first bytes. UTF-16,
/// which an editor may have made of a transcript, begins with its mark.
bool holdsText(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return true;  // opening it to write says why, where that is no better
  char block[8192];
  const ssize_t size = ::read(descriptor, block, sizeof block);
  ::close(descriptor);
  const std::string_view text(block, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return text.find(std::string_view("\0\0", 2)) == std::string_view::npos;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && (c < '\t' || c > '\r') && c != '\033' && c != '\x1a';
  });
}

std::string outputConflict(const Options& options) {
  const int descriptor = options.output.empty() ? STDOUT_FILENO : descriptorNamed(options.output);
  const std::optional<Stat> output = statOf(descriptor, options.output);
  if (!output) return {};
  const std::string name = options.output.empty() ? "standard output" : options.output;
  if (S_ISBLK(output->st_mode)) return name + " is a disk, and is not overwritten";
  if (!S_ISREG(output->st_mode) && !S_ISFIFO(output->st_mode)) return {};
  for (const std::string& input : options.inputs)
    if (const auto read = inputStat(input); read && isSame(*read, *output))
      return name + " is what " + input + " is read from, and is not overwritten";
  if (descriptor >= 0 || !S_ISREG(output->st_mode) || holdsText(options.output)) return {};
  return name + " is there and holds no text, and is not overwritten; --output takes the transcript's name";
}

std::string inputConflict(const Options& options) {
  std::vector<Stat> streams;
  for (const std::string& input : options.inputs) {
    if (options.isMicrophone() || !StreamInput::isOne(input)) continue;
    const std::optional<Stat> stream = inputStat(input);
    if (!stream) continue;
    if (input == "-" && ::isatty(STDIN_FILENO) == 1)
      return "standard input is a terminal; give a recording: - < talk.wav";
    for (const Stat& other : streams)
      if (isSame(*stream, other)) return input + ": a stream can be read only once";
    streams.push_back(*stream);
  }
  return {};
}

}  // namespace

std::string conflictOf(const Options& options) {
  const std::string conflict = outputConflict(options);
  return conflict.empty() ? inputConflict(options) : conflict;
}
