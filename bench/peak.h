// SPDX-License-Identifier: LGPL-2.1-or-later
// Measures the most that this machine can compute and read, to which kernel benchmarks of the same run are
// compared.
#pragma once

namespace npuspeech {

class ThreadPool;

/// The operation that is measured.
enum class Peak {
  /// Vector multiply-adds of float32 in registers.
  MultiplyAddF32,
  /// The widest dot product of 8-bit integers that an enabled instruction set has, in registers.
  DotI8,
};

/// Returns the operations per second of all threads of the pool together, where a multiply and an add are
/// two. It measures for about 50 microseconds.
double measurePeak(ThreadPool& pool, Peak peak);

/// Returns the bytes per second at which the pool's threads together read `bytes` bytes once, with plain
/// vector loads.
double measureRead(ThreadPool& pool, const void* memory, unsigned long bytes);

}  // namespace npuspeech
