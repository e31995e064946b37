// SPDX-License-Identifier: LGPL-2.1-or-later
// What a tensor buffer says about its window: which rows hold audio, which stand for padding, and its
// utterance.
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "speech/stream/clock_jump.h"
#include "speech/whisper/window.h"

/// On log-mel and encoder-state buffers. A log-mel buffer's first `frames` rows are valid; an encoder-state
/// buffer's first `audio_rows` + `padding_rows`.
struct GstNpuWindowMeta {
  GstMeta meta;
  gint frames;          // log-mel frames that hold audio, 10 ms each
  gint context;         // encoder positions of a full window
  gint audio_rows;      // encoder rows that hold audio
  gint padding_rows;    // encoder rows behind them, each for a block of padding
  gint padding_growth;  // npuspeech::PaddingPolicy, percent
  gint padding_max;     // npuspeech::PaddingPolicy, rows
  guint64 utterance;
  guint number;                   // of the window within its utterance, from 0
  gboolean final;                 // no more audio will come for this utterance
  gboolean stalled;               // or nobody knows when
  GstClockTime jump_at, jump_by;  // npuspeech::ClockJump; no time: no jump
  GstClockTime heard;             // live: the running time at which its audio was there
  GstBuffer* log_mel;             // on encoder states: what they were encoded from, or NULL. Owned
};

GType gst_npu_window_meta_api_get_type();
const GstMetaInfo* gst_npu_window_meta_get_info();

namespace npuspeech::gst {

struct Window {
  WindowShape shape;
  uint64_t utterance = 0;
  uint32_t number = 0;
  bool isFinal = true, isStalled = false;
  ClockJump jump;
  GstClockTime heardAt = GST_CLOCK_TIME_NONE;  // live: the running time at which its audio was there
};

/// `logMel`: what the states in `buffer` were encoded from, or null; the meta holds a reference.
void addWindowMeta(GstBuffer* buffer, const Window& window, GstBuffer* logMel = nullptr);
/// The buffer's window. False where there is no meta, or it contradicts `context` or itself.
bool readWindowMeta(GstBuffer* buffer, int context, Window* window);
/// The same with an Error in words: BadValue.
Result<Window> windowOf(GstBuffer* buffer, int context);
/// The meta as it passes between processes of one machine (unixfdsink, from GStreamer 1.24 on), without the
/// log-mel, and without the running time, which is another there.
using PackedWindowMeta = std::array<guint8, 9 * sizeof(gint32) + 3 * sizeof(guint64)>;
PackedWindowMeta packed(const GstNpuWindowMeta& meta);
/// False where that is no packed meta; its values are not checked.
bool unpack(std::span<const guint8> bytes, GstNpuWindowMeta* meta);
/// What the states in `buffer` were encoded from; null where nobody kept it. Borrowed from the buffer.
GstBuffer* logMelOf(GstBuffer* buffer);

}  // namespace npuspeech::gst
