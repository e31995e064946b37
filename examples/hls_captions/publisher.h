// SPDX-License-Identifier: LGPL-2.1-or-later
// What players see of an HLS stream: segments whose captions are complete, and nothing else.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include "playlist.h"
#include "webvtt.h"

/// Captions come seconds after what was said. A media segment is held back until no more text can come for
/// its time; then both tracks get it, and neither file changes again. All times are running times. Every call
/// returns whether files could be written, else error() says why. Not thread-safe.
class Publisher {
 public:
  Publisher(std::filesystem::path folder, PlaylistKind kind, std::string language);

  /// Makes the folder where there is none, and removes the playlists of a stream that was there before.
  bool prepare();
  /// What multivariantPlaylist() takes; before the first segment opens.
  void describe(int bitsPerSecond, std::string codecs);

  /// A media segment begins, in a file that is renamed once it is published; the one before it has been
  /// closed.
  bool open(std::filesystem::path file, int64_t startNs);
  /// The file of the segment that is open is whole.
  bool close(int64_t endNs);
  void add(Cue cue) { captions_.add(std::move(cue)); }
  /// No cue will come that starts before `untilNs`.
  bool textUntil(int64_t untilNs);
  /// The stream is over: the last segment goes out with all captions that are left. What has no captions yet
  /// is removed.
  bool finish();

  const std::string& error() const { return error_; }

 private:
  struct Pending {
    Segment segment;
    std::filesystem::path file;
    bool isClosed = false;
  };

  bool isComplete(const Pending& pending) const;
  bool publishReady();
  bool publish(const Pending& next, int64_t textEndNs);
  bool writePlaylists(bool isEnded);
  bool writeMultivariant();
  bool write(const std::string& name, const std::string& text);
  void remove(int64_t number);
  bool fail(const std::filesystem::path& file, const std::string& reason);

  const std::filesystem::path folder_;
  const PlaylistKind kind_;
  const std::string language_;
  std::string codecs_, error_;
  int bitsPerSecond_ = 0;
  WebVttSegmenter captions_;
  std::deque<Pending> pending_;
  std::deque<Segment> listed_;
  int64_t count_ = 0, textNs_ = 0;
};
