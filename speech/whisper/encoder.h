// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's encoder, wherever it runs.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "npu/device.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// Turns the log-mel of a window into its states. Thread-safe: windows that come together wait for each
/// other.
class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /// Reads [shape.frames][melBins] float32 log-mel and writes [shape.rows()][stateWidth] float32 states: one
  /// row for each 20 ms of audio, then one for each padding block. The caller has checked that the window
  /// fits the model, and both buffers the window. `stop` interrupts it between layers. Errors: Cancelled;
  /// DeviceFailed. Throws std::bad_alloc.
  virtual Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape,
                              npu::BufferObject& states, const std::stop_token& stop) = 0;

 protected:
  Encoder() = default;
};

}  // namespace npuspeech
