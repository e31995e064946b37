// SPDX-License-Identifier: LGPL-2.1-or-later
// The playlists of an HLS stream with captions (RFC 8216, 4).
#pragma once

#include <cstdint>
#include <deque>
#include <string>

/// Playlists promise that no segment is longer.
constexpr int64_t kSegmentNs = 4'000'000'000;

struct Segment {
  int64_t number;
  int64_t startNs, endNs;  // running time
};

/// A track is a kind of segment: its playlist's name, and how its files begin and end.
struct Track {
  const char *name, *extension;
  std::string file(int64_t number) const;  // "captions00012.vtt"
  std::string playlist() const;            // "captions.m3u8"
};
constexpr Track kMedia{"media", ".ts"}, kCaptions{"captions", ".vtt"};
constexpr char kMultivariant[] = "stream.m3u8";

enum class PlaylistKind {
  Live,   // a window that slides
  Event,  // everything since the start
};

/// Lists `segments`, which must not be empty; `isEnded`: no more will come.
std::string mediaPlaylist(const Track& track, const std::deque<Segment>& segments, PlaylistKind kind,
                          bool isEnded);

/// What players open. `language` is empty where it is not known; `codecs` are those of RFC 6381.
std::string multivariantPlaylist(const std::string& language, int bitsPerSecond, const std::string& codecs);
