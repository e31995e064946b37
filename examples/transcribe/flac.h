// SPDX-License-Identifier: LGPL-2.1-or-later
// The headers and checksums of native FLAC.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "file_bytes.h"

/// What stands in front of the frames.
struct FlacStream {
  uint64_t rate;     // in Hz
  uint64_t samples;  // of each channel; 0 where the writer did not know
  uint64_t info;     // the offset of STREAMINFO behind its head
  uint64_t frames;   // that of the first frame

  /// How long so many samples last, up to a year; 0 where the rate is not known.
  int64_t nsOf(uint64_t count) const;
};

/// None where no stream begins at `offset`.
std::optional<FlacStream> flacStreamAt(FileBytes& file, uint64_t offset);

struct FlacFrame {
  uint64_t number;   // of the frame, or of its first sample where sizes vary
  uint64_t samples;  // of each channel
  bool isVariable;   // sizes vary

  /// The number of the frame behind this one; some writers count samples though sizes do not vary.
  bool isFollowedBy(uint64_t other) const {
    return other == number + samples || (!isVariable && other == number + 1);
  }
};

/// None where no frame begins at `offset`: its header's checksum is wrong.
std::optional<FlacFrame> flacFrameAt(FileBytes& file, uint64_t offset);

/// The checksum of frames, carried on over `bytes`; 0 over a whole frame with its own.
uint16_t flacChecksum(uint16_t checksum, std::span<const uint8_t> bytes);
