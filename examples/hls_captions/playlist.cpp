// SPDX-License-Identifier: LGPL-2.1-or-later
#include "playlist.h"

#include <cstdio>

std::string Track::file(int64_t number) const {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%05lld", static_cast<long long>(number));
  return std::string(name) + digits + extension;
}

std::string Track::playlist() const {
  return std::string(name) + ".m3u8";
}

std::string mediaPlaylist(const Track& track, const std::deque<Segment>& segments, PlaylistKind kind,
                          bool isEnded) {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:3\n";
  text += "#EXT-X-TARGETDURATION:" + std::to_string(kSegmentNs / 1'000'000'000) + '\n';
  text += "#EXT-X-MEDIA-SEQUENCE:" + std::to_string(segments.front().number) + '\n';
  if (kind == PlaylistKind::Event) text += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
  for (const Segment& segment : segments) {
    char duration[40];
    std::snprintf(duration, sizeof duration, "#EXTINF:%.6f,\n",
                  static_cast<double>(segment.endNs - segment.startNs) / 1e9);
    text += duration + track.file(segment.number) + '\n';
  }
  if (isEnded) text += "#EXT-X-ENDLIST\n";
  return text;
}

std::string multivariantPlaylist(const std::string& language, int bitsPerSecond, const std::string& codecs) {
  const std::string spoken = language.empty() ? "" : ",LANGUAGE=\"" + language + '"';
  return "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n"
         "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\"" +
         spoken + ",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI=\"" + kCaptions.playlist() +
         "\"\n"
         "#EXT-X-STREAM-INF:BANDWIDTH=" +
         std::to_string(bitsPerSecond) + ",CODECS=\"" + codecs + "\",SUBTITLES=\"captions\"\n" +
         kMedia.playlist() + '\n';
}
