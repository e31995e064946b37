// SPDX-License-Identifier: LGPL-2.1-or-later
// A vocabulary's entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace npuspeech {

/// A vocabulary's entries, in the order of their tokens; one string holds all.
class EntryList {
 public:
  void add(std::string_view entry) {
    text_ += entry;
    ends_.push_back(static_cast<uint32_t>(text_.size()));
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const uint32_t begin = i ? ends_[i - 1] : 0;
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string text_;
  std::vector<uint32_t> ends_;
};

}  // namespace npuspeech
