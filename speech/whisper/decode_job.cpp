// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/decode_job.h"

#include <new>
#include <string>
#include <utility>

namespace npuspeech {

size_t DecodeJob::likelyBytes(const CacheSizes& sizes) const {
  constexpr int kRowsPerToken = 16;  // people seldom say more than three tokens a second
  return sizes.window(rows, rows, static_cast<size_t>(rows / kRowsPerToken + 1));
}

size_t DecodeJob::bytes(const CacheSizes& sizes) const {
  if (isThrough()) return 0;
  return decoding ? decoding->bytes(sizes) : likelyBytes(sizes);
}

void DecodeJob::fail(const std::exception& reason) {
  if (dynamic_cast<const std::bad_alloc*>(&reason))
    error = Error{ErrorCode::OutOfMemory, "There is no memory to decode a window."};
  else if (dynamic_cast<const DeviceFailure*>(&reason))
    error = Error{ErrorCode::DeviceFailed, reason.what()};
  else
    error = Error{ErrorCode::Internal, std::string("Decoding a window failed: ") + reason.what()};
}

Result<DecodedWindow> DecodeJob::result() noexcept {
  try {
    if (cancelled) return Error{ErrorCode::Cancelled, "Decoding was cancelled."};
    if (error) return std::move(*error);
    if (!superseded) return decoding->takeResult();
    DecodedWindow answer;
    answer.isSuperseded = true;
    answer.neededFromNs = window.startNs;
    return answer;
  } catch (const std::exception&) {
    return Error{ErrorCode::OutOfMemory, "No memory."};  // short: needs none
  }
}

}  // namespace npuspeech
