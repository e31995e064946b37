// SPDX-License-Identifier: LGPL-2.1-or-later
// UTF-8 that arrives in pieces: tokens may end inside of a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace npuspeech {

/// What `bytes` begin with.
struct Utf8Step {
  enum Kind : uint8_t {
    Character,   // a whole character of `length` bytes
    Invalid,     // `length` bytes that no character begins with; they count as one U+FFFD
    Incomplete,  // all `length` bytes begin a character that goes on
  };
  Kind kind = Invalid;
  uint8_t length = 0;
  char32_t character = 0xfffd;
};

/// `bytes` must not be empty. Surrogates, overlong forms and values above U+10FFFF are invalid; an invalid
/// sequence ends before the first byte that cannot go on (Unicode 15, 3.9, "maximal subparts").
Utf8Step utf8Step(std::string_view bytes);

/// Joins bytes to whole characters. What is invalid becomes U+FFFD, as Python's
/// bytes.decode(errors="replace") does.
class Utf8Joiner {
 public:
  /// The characters that `bytes` complete, in order; an unfinished one at the end waits for the next call.
  std::string add(std::string_view bytes);
  /// U+FFFD where a character was unfinished, else nothing. The joiner is as new afterwards.
  std::string finish();
  /// Bytes that wait for the rest of their character: 0 to 3.
  size_t pending() const { return pending_.size(); }

 private:
  std::string pending_;
};

}  // namespace npuspeech
