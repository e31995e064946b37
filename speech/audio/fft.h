// SPDX-License-Identifier: LGPL-2.1-or-later
// Fourier transform of real frames. The library behind it is chosen at build time (meson option `fft`).
#pragma once

#include <memory>

namespace npuspeech {

/// A transform of one size with its own buffers, so that running it neither allocates nor locks. Objects may
/// be made on any thread; one object serves one thread at a time.
class RealFft {
 public:
  /// size: even, at least 2.
  explicit RealFft(int size);
  ~RealFft();

  /// [size] samples, to be written before run(). Undefined after it.
  float* input();
  /// The transform of input(): size / 2 + 1 pairs (real, imaginary), frequency 0 first, not scaled. Valid
  /// until the next run.
  const float* run();

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace npuspeech
