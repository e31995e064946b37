// SPDX-License-Identifier: LGPL-2.1-or-later
// What a player finds in the folder of examples/hls_captions after each step of a long stream.
#include "examples/hls_captions/publisher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int64_t kSecond = 1'000'000'000;
// RFC 8216: a live playlist has three target durations at least (6.2.2), this one six segments.
constexpr size_t kListed = 6;

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Listed {
  int64_t first = 0;
  std::vector<std::string> files;
  bool isEnded = false;
};

/// Reads the subset of RFC 8216 that the playlists use, and fails where a line is none of it.
Listed parse(const fs::path& playlist) {
  Listed listed;
  std::istringstream lines(contents(playlist));
  std::string line, previous;
  std::getline(lines, line);
  EXPECT_EQ(line, "#EXTM3U");
  std::smatch match;
  while (std::getline(lines, line)) {
    EXPECT_FALSE(listed.isEnded) << "ENDLIST is last";
    if (std::regex_match(line, match, std::regex("#EXT-X-MEDIA-SEQUENCE:(\\d+)")))
      listed.first = std::stoll(match[1]);
    else if (std::regex_match(line, match, std::regex("#EXTINF:(\\d+\\.\\d+),")))
      EXPECT_LE(std::stod(match[1]), 4.5) << "rounds to more than TARGETDURATION";
    else if (line == "#EXT-X-ENDLIST")
      listed.isEnded = true;
    else if (line[0] != '#') {
      EXPECT_TRUE(previous.starts_with("#EXTINF:"));
      listed.files.push_back(line);
    } else {
      EXPECT_TRUE(line == "#EXT-X-VERSION:3" || line == "#EXT-X-TARGETDURATION:4" ||
                  line == "#EXT-X-PLAYLIST-TYPE:EVENT")
          << line;
    }
    previous = line;
  }
  return listed;
}

class HlsPublisher : public testing::Test {
 protected:
  HlsPublisher() {
    std::string name = (fs::temp_directory_path() / "hls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~HlsPublisher() override { fs::remove_all(folder_); }

  fs::path unpublished(int64_t number) const { return folder_ / ("unpublished" + std::to_string(number)); }

  /// One segment begins; that before it ends.
  void begin(Publisher& publisher, int64_t number) {
    if (number > 0) {
      ASSERT_TRUE(publisher.close(number * 4 * kSecond)) << publisher.error();
    }
    std::ofstream(unpublished(number)) << "media " << number;
    ASSERT_TRUE(publisher.open(unpublished(number), number * 4 * kSecond)) << publisher.error();
  }

  /// The playlists agree, what they list is there, and has not changed since it was first listed.
  Listed look() {
    const Listed media = parse(folder_ / "media.m3u8"), captions = parse(folder_ / "captions.m3u8");
    EXPECT_EQ(media.first, captions.first);
    EXPECT_EQ(media.files.size(), captions.files.size());
    EXPECT_EQ(media.isEnded, captions.isEnded);
    EXPECT_GE(media.first, firstBefore_);
    EXPECT_GE(media.first + static_cast<int64_t>(media.files.size()), endBefore_);
    firstBefore_ = media.first;
    endBefore_ = media.first + static_cast<int64_t>(media.files.size());
    for (size_t i = 0; i < media.files.size(); i++) {
      EXPECT_EQ(contents(folder_ / media.files[i]), "media " + std::to_string(media.first + i));
      const std::string text = contents(folder_ / captions.files[i]);
      EXPECT_TRUE(text.starts_with("WEBVTT\nX-TIMESTAMP-MAP=")) << captions.files[i];
      EXPECT_EQ(seen_.emplace(captions.files[i], text).first->second, text);
    }
    return media;
  }

  fs::path folder_;
  std::map<std::string, std::string> seen_;  // captions, as they were first listed
  int64_t firstBefore_ = 0, endBefore_ = 0;
};

TEST_F(HlsPublisher, HoldsMediaBackUntilItsTextIsComplete) {
  Publisher publisher(folder_, PlaylistKind::Live, "en");
  ASSERT_TRUE(publisher.prepare());
  for (int64_t number = 0; number < 3; number++) begin(publisher, number);
  ASSERT_TRUE(publisher.textUntil(4 * kSecond - 1));
  EXPECT_FALSE(fs::exists(folder_ / "media.m3u8"));
  publisher.add({3 * kSecond, 5 * kSecond, "one"});
  ASSERT_TRUE(publisher.textUntil(5 * kSecond));
  EXPECT_EQ(look().files, (std::vector<std::string>{"media00000.ts"}));
  // Behind the end of all text, the segment that is open still has to be closed.
  ASSERT_TRUE(publisher.textUntil(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(look().files.size(), 2u);
  ASSERT_TRUE(publisher.close(9 * kSecond));
  EXPECT_EQ(look().files.size(), 2u) << "more text may belong to it, if it is the last";
  ASSERT_TRUE(publisher.finish());
  EXPECT_EQ(look().files.size(), 3u);
  EXPECT_TRUE(look().isEnded);
}

TEST_F(HlsPublisher, PlayersOpenItOnceTheyCanStart) {
  const std::string expected =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\",LANGUAGE=\"en\",DEFAULT=YES,"
      "AUTOSELECT=YES,FORCED=NO,URI=\"captions.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=250000,CODECS=\"mp4a.40.2\",SUBTITLES=\"captions\"\nmedia.m3u8\n";
  for (const bool isShort : {false, true}) {
    Publisher publisher(folder_, PlaylistKind::Live, "en");
    ASSERT_TRUE(publisher.prepare());
    publisher.describe(250000, "mp4a.40.2");
    for (int64_t number = 0; number < 3; number++) {
      begin(publisher, number);
      ASSERT_TRUE(publisher.textUntil(number * 4 * kSecond));
      EXPECT_FALSE(fs::exists(folder_ / "stream.m3u8"));
    }
    if (isShort) {
      ASSERT_TRUE(publisher.finish());
    } else {
      begin(publisher, 3);
      ASSERT_TRUE(publisher.textUntil(12 * kSecond));
    }
    EXPECT_EQ(contents(folder_ / "stream.m3u8"), expected);
    EXPECT_EQ(look().files.size(), isShort ? 2u : 3u);
    firstBefore_ = endBefore_ = 0;
    seen_.clear();
  }
}

TEST_F(HlsPublisher, CueOverABoundaryIsInBothSegments) {
  Publisher publisher(folder_, PlaylistKind::Live, "");
  ASSERT_TRUE(publisher.prepare());
  begin(publisher, 0);
  publisher.add({kSecond / 2, 2 * kSecond, "R&B <loud>"});
  publisher.add({3 * kSecond, 9 * kSecond, "long\ntext"});
  publisher.add({9 * kSecond, 12 * kSecond, "until the very end"});
  publisher.add({12 * kSecond, 13 * kSecond, "after it"});
  for (int64_t number = 1; number < 3; number++) begin(publisher, number);
  ASSERT_TRUE(publisher.close(11 * kSecond));
  ASSERT_TRUE(publisher.textUntil(std::numeric_limits<int64_t>::max()));
  ASSERT_TRUE(publisher.finish());
  const std::string longText = "00:00:03.000 --> 00:00:09.000\nlong\ntext\n\n";
  const std::string begins = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:";
  EXPECT_EQ(contents(folder_ / "captions00000.vtt"),
            begins +
                "00:00:00.000,MPEGTS:324000000\n\n00:00:00.500 --> 00:00:02.000\n"
                "R&amp;B &lt;loud&gt;\n\n" +
                longText);
  EXPECT_EQ(contents(folder_ / "captions00001.vtt"), begins + "00:00:04.000,MPEGTS:324360000\n\n" + longText);
  EXPECT_EQ(contents(folder_ / "captions00002.vtt"),
            begins + "00:00:08.000,MPEGTS:324720000\n\n" + longText +
                "00:00:09.000 --> 00:00:12.000\nuntil the very end\n\n"
                "00:00:12.000 --> 00:00:13.000\nafter it\n\n");
}

TEST_F(HlsPublisher, WindowSlidesAndOldFilesGo) {
  Publisher publisher(folder_, PlaylistKind::Live, "en");
  ASSERT_TRUE(publisher.prepare());
  std::map<std::string, int64_t> lastListed;
  for (int64_t number = 0; number < 40; number++) {
    begin(publisher, number);
    publisher.add({number * 4 * kSecond + 1, number * 4 * kSecond + kSecond, std::to_string(number)});
    ASSERT_TRUE(publisher.textUntil(number * 4 * kSecond + kSecond));
    if (number == 0) continue;
    const Listed listed = look();
    EXPECT_EQ(listed.files.size(), std::min<size_t>(number, kListed));
    for (const std::string& file : listed.files) lastListed[file] = number;
    for (const auto& [file, when] : lastListed) {
      // RFC 8216, 6.2.2: for as long as itself and the longest playlist that had it.
      const bool mustStay = number - when <= static_cast<int64_t>(kListed) + 1;
      if (mustStay) {
        EXPECT_TRUE(fs::exists(folder_ / file)) << file << " at " << number;
      }
    }
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) files += entry.is_regular_file();
    EXPECT_LE(files, 2 * (2 * kListed + 1) + 3 + 1);
  }
  // The program is interrupted: what has no text yet is not shown, and nothing is left of it.
  ASSERT_TRUE(publisher.finish());
  EXPECT_TRUE(look().isEnded);
  EXPECT_EQ(look().files.back(), "media00038.ts");
  EXPECT_FALSE(fs::exists(unpublished(39)));
}

TEST_F(HlsPublisher, KeepsAllWhereAskedTo) {
  Publisher publisher(folder_, PlaylistKind::Event, "en");
  ASSERT_TRUE(publisher.prepare());
  for (int64_t number = 0; number < 40; number++) {
    begin(publisher, number);
    ASSERT_TRUE(publisher.textUntil(number * 4 * kSecond));
  }
  ASSERT_TRUE(publisher.finish());
  EXPECT_EQ(look().first, 0);
  EXPECT_EQ(look().files.size(), 39u);
  EXPECT_NE(contents(folder_ / "media.m3u8").find("#EXT-X-PLAYLIST-TYPE:EVENT\n"), std::string::npos);
}

TEST_F(HlsPublisher, TicksStartAgainAfterTheir33Bits) {
  Publisher publisher(folder_, PlaylistKind::Live, "en");
  ASSERT_TRUE(publisher.prepare());
  const int64_t start = 30 * 3600 * kSecond;
  std::ofstream(unpublished(0)) << "media 0";
  ASSERT_TRUE(publisher.open(unpublished(0), start));
  ASSERT_TRUE(publisher.close(start + 4 * kSecond));
  publisher.add({start + kSecond, start + 2 * kSecond, "late"});
  ASSERT_TRUE(publisher.textUntil(std::numeric_limits<int64_t>::max()));
  ASSERT_TRUE(publisher.finish());
  // (30 + 1) h * 90000/s - 2^33
  EXPECT_EQ(contents(folder_ / "captions00000.vtt"),
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:30:00:00.000,MPEGTS:1454065408\n\n"
            "30:00:01.000 --> 30:00:02.000\nlate\n\n");
}

TEST_F(HlsPublisher, PlaylistsOfAnEarlierStreamGo) {
  for (const char* name : {"stream.m3u8", "media.m3u8", "captions.m3u8", "notes.txt"})
    std::ofstream(folder_ / name) << "old";
  Publisher publisher(folder_, PlaylistKind::Live, "en");
  ASSERT_TRUE(publisher.prepare());
  size_t left = 0;
  for (const auto& entry : fs::directory_iterator(folder_))
    left += entry.path().filename() == "notes.txt" ? 1 : 10;
  EXPECT_EQ(left, 1u);
  ASSERT_TRUE(publisher.finish()) << "of a stream that never began";
  EXPECT_FALSE(fs::exists(folder_ / "media.m3u8"));
}

TEST_F(HlsPublisher, SaysWhatCannotBeWritten) {
  std::ofstream(folder_ / "file") << "in the way";
  Publisher none(folder_ / "file" / "folder", PlaylistKind::Live, "en");
  EXPECT_FALSE(none.prepare());
  EXPECT_NE(none.error().find("file/folder"), std::string::npos) << none.error();

  Publisher publisher(folder_ / "gone", PlaylistKind::Live, "en");
  ASSERT_TRUE(publisher.prepare());
  begin(publisher, 0);
  ASSERT_TRUE(publisher.close(4 * kSecond));
  fs::remove_all(folder_ / "gone");
  ASSERT_TRUE(publisher.textUntil(5 * kSecond));
  EXPECT_FALSE(publisher.open(unpublished(1), 4 * kSecond));
  EXPECT_NE(publisher.error().find("media00000.ts"), std::string::npos) << publisher.error();
}

}  // namespace
