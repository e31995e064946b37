// SPDX-License-Identifier: LGPL-2.1-or-later
#include "webvtt.h"

#include <algorithm>
#include <cstdio>

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
/// Where mpegtsmux puts running time 0: one hour, in ticks of 90 kHz. They have 33 bits.
constexpr int64_t kMpegTsOrigin = 324'000'000, kTicksPerMs = 90, kMpegTsRange = int64_t{1} << 33;

std::string timestamp(int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%02lld:%02d:%02d.%03d", static_cast<long long>(ms / 3'600'000),
                static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60),
                static_cast<int>(ms % 1000));
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

}  // namespace

std::string WebVttSegmenter::cut(int64_t startNs, int64_t endNs) {
  const int64_t startMs = startNs / kNsPerMs;
  // Mapped anew in each segment: the ticks start again at 0 after 26 hours.
  std::string file = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:" + timestamp(startMs) +
                     ",MPEGTS:" + std::to_string((kMpegTsOrigin + startMs * kTicksPerMs) % kMpegTsRange) +
                     "\n\n";
  for (const Cue& cue : cues_) {
    if (cue.startNs >= endNs) break;
    file += timestamp(cue.startNs / kNsPerMs) + " --> " + timestamp(cue.endNs / kNsPerMs) + '\n' +
            escaped(cue.text) + "\n\n";
  }
  std::erase_if(cues_, [&](const Cue& cue) { return cue.endNs <= endNs; });
  return file;
}
