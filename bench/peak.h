// SPDX-License-Identifier: LGPL-2.1-or-later
// What this machine can do at best: the yardstick of kernel benchmarks, measured beside them in the same run.
#pragma once

namespace npuspeech {

class ThreadPool;

enum class Peak {
  MultiplyAddF32,  // vector multiply-adds of float, on registers only
  DotI8,           // the widest dot product of 8-bit integers that an enabled instruction set has
};

/// Operations per second (a multiply and an add are two) of all the pool's threads together, over about 50
/// microseconds.
double measurePeak(ThreadPool& pool, Peak peak);

/// Bytes per second at which the pool's threads together read `bytes` bytes once, by plain vector loads.
double measureRead(ThreadPool& pool, const void* memory, unsigned long bytes);

}  // namespace npuspeech
