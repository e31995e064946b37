// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface of Whisper's encoder on any device.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "npu/device.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// Computes the states of a window from its log-mel. Thread-safe: one window is computed at a time, and
/// others wait.
class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /// Reads [shape.frames][melBins] float32 log-mel and writes [shape.rows()][stateWidth] float32 states: one
  /// row for each 20 ms of audio, then one for each padding block. The caller must check that the window fits
  /// the model and that the buffers are large enough. `stop` interrupts the work between layers. Errors:
  /// Cancelled; DeviceFailed. Throws std::bad_alloc.
  virtual Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape,
                              npu::BufferObject& states, const std::stop_token& stop) = 0;

 protected:
  Encoder() = default;
};

}  // namespace npuspeech
