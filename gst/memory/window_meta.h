// SPDX-License-Identifier: LGPL-2.1-or-later
// The meta of a tensor buffer, which describes its window: the rows of audio and of padding, and the
// utterance.
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "speech/stream/clock_jump.h"
#include "speech/whisper/window.h"

/// The meta of log-mel and encoder-state buffers. In a log-mel buffer, the first `frames` rows are valid; in
/// an encoder-state buffer, the first `audio_rows` + `padding_rows`.
struct GstNpuWindowMeta {
  GstMeta meta;
  /// The number of log-mel frames that hold audio, 10 ms each.
  gint frames;
  /// The number of encoder rows of a full window.
  gint context;
  /// The number of encoder rows that hold audio.
  gint audio_rows;
  /// The number of encoder rows after those, each for a block of padding.
  gint padding_rows;
  /// The growth of npuspeech::PaddingPolicy, in percent.
  gint padding_growth;
  /// The largest block of npuspeech::PaddingPolicy, in rows.
  gint padding_max;
  /// The number of the utterance.
  guint64 utterance;
  /// The number of the window within its utterance, from 0.
  guint number;
  /// TRUE: no more audio will come for this utterance.
  gboolean final;
  /// TRUE: the source has stopped, and it is not known whether more audio will come.
  gboolean stalled;
  /// The time of the npuspeech::ClockJump; GST_CLOCK_TIME_NONE where there is none.
  GstClockTime jump_at;
  /// The length of the npuspeech::ClockJump, in ns.
  GstClockTime jump_by;
  /// In a live stream, the running time at which the window's last sample had arrived.
  GstClockTime heard;
  /// On encoder states, the log-mel that they were encoded from, or NULL. The meta owns a reference.
  GstBuffer* log_mel;
};

GType gst_npu_window_meta_api_get_type();
const GstMetaInfo* gst_npu_window_meta_get_info();

namespace npuspeech::gst {

/// The values of a GstNpuWindowMeta, whose fields say what they mean.
struct Window {
  WindowShape shape;
  uint64_t utterance = 0;
  uint32_t number = 0;
  bool isFinal = true, isStalled = false;
  ClockJump jump;
  GstClockTime heardAt = GST_CLOCK_TIME_NONE;
};

/// Adds the meta to `buffer`. `logMel` is what the states in `buffer` were encoded from, or null; the meta
/// holds a reference.
void addWindowMeta(GstBuffer* buffer, const Window& window, GstBuffer* logMel = nullptr);
/// Reads the meta of `buffer`. False where there is none, or where it contradicts `context` or itself.
bool readWindowMeta(GstBuffer* buffer, int context, Window* window);
/// Reads the meta of `buffer` in the same way. Errors: BadValue.
Result<Window> windowOf(GstBuffer* buffer, int context);
/// The meta as it passes between processes of one machine (unixfdsink, from GStreamer 1.24 on). It leaves out
/// the log-mel, and the running time, which differs between pipelines.
using PackedWindowMeta = std::array<guint8, 9 * sizeof(gint32) + 3 * sizeof(guint64)>;
PackedWindowMeta packed(const GstNpuWindowMeta& meta);
/// False where `bytes` do not have the size of a packed meta. The values are not checked.
bool unpack(std::span<const guint8> bytes, GstNpuWindowMeta* meta);
/// Returns the log-mel that the states in `buffer` were encoded from, or null where it was not kept. It is
/// borrowed from the buffer.
GstBuffer* logMelOf(GstBuffer* buffer);

}  // namespace npuspeech::gst
