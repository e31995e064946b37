// SPDX-License-Identifier: LGPL-2.1-or-later
// Caps of tensor streams: application/x-npu-tensor, with the field names of GStreamer's own tensor caps.
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <optional>

#include "gst/core/holders.h"

/// The text of the caps without `dims`, for pad templates.
#define NPUSPEECH_TENSOR_CAPS(id) \
  "application/x-npu-tensor, tensor-id=(string)" id ", type=(string)float32, dims-order=(string)row-major"
#define NPUSPEECH_LOG_MEL "whisper-log-mel"
#define NPUSPEECH_ENCODER_STATES "whisper-encoder-states"

namespace npuspeech::gst {

/// The format of a stream of float32 matrices [rows][columns]. `rows` is the capacity; the GstNpuWindowMeta
/// of a buffer says how many are used.
struct TensorFormat {
  enum class Id { LogMel, EncoderStates };
  Id id = Id::LogMel;
  int rows = 0, columns = 0;
  /// The size of a matrix.
  size_t bytes() const { return sizeof(float) * static_cast<size_t>(rows) * static_cast<size_t>(columns); }
  bool operator==(const TensorFormat&) const = default;
};

Held<GstCaps> tensorCaps(const TensorFormat& format);
/// Empty where the caps are not fixed, or not those of a tensor of ours with 1 to 2^20 rows and columns.
std::optional<TensorFormat> parseTensorCaps(const GstCaps* caps);

}  // namespace npuspeech::gst
