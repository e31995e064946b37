// SPDX-License-Identifier: LGPL-2.1-or-later
// Fourier transform of real frames. The library behind it is chosen at build time (meson option `fft`).
#pragma once

#include <memory>

namespace npuspeech {

/// A transform of one size. It owns its buffers, so that running it neither allocates nor locks. Objects may
/// be made on any thread, also at the same time. One object is of one thread at a time.
class RealFft {
 public:
  /// `size`: how many samples a frame has; even, and at least 2.
  explicit RealFft(int size);
  ~RealFft();

  /// Where the caller writes the `size` samples of the frame before run(). What is there after run() is
  /// undefined.
  float* input();
  /// Transforms input(). Returns size / 2 + 1 pairs of a real and an imaginary part, frequency 0 first, not
  /// scaled. They are valid until the next run.
  const float* run();

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace npuspeech
