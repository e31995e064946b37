// SPDX-License-Identifier: LGPL-2.1-or-later
// What every kernel test needs: one test per row of a kernel's table, memory whose borders are watched,
// random data.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_features.h"

namespace npuspeech {

/// Runs a suite's tests once for each variant of a table, named after its instruction set; skips what the CPU
/// lacks.
template <class VariantType>
class VariantTest : public testing::TestWithParam<VariantType> {
 protected:
  void SetUp() override {
    if (!cpuSupports(this->GetParam().isa))
      GTEST_SKIP() << "this CPU has no " << isaName(this->GetParam().isa);
  }
};

struct IsaOfParam {
  template <class Info>
  std::string operator()(const Info& info) const {
    return std::string(isaName(info.param.isa));
  }
};

#define INSTANTIATE_OVER_VARIANTS(Suite, table) \
  INSTANTIATE_TEST_SUITE_P(Variants, Suite, testing::ValuesIn((table).begin(), (table).end()), IsaOfParam())

/// `count` elements between two guards, `misalignment` elements past a 64 byte boundary, every byte set to
/// kFill.
template <class T>
class Guarded {
 public:
  static constexpr unsigned char kFill = 0xa5;
  explicit Guarded(size_t count, size_t misalignment = 0)
      : count_(count), memory_(count * sizeof(T) + 3 * kGuard + misalignment * sizeof(T), kFill) {
    const auto start = reinterpret_cast<uintptr_t>(memory_.data()) + kGuard;
    first_ = (start + 63) / 64 * 64 - reinterpret_cast<uintptr_t>(memory_.data()) + misalignment * sizeof(T);
  }
  T* data() { return reinterpret_cast<T*>(memory_.data() + first_); }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return count_; }

  /// True where no byte outside of the elements was written.
  bool intact() const {
    for (size_t i = 0; i < memory_.size(); ++i)
      if ((i < first_ || i >= first_ + count_ * sizeof(T)) && memory_[i] != kFill) return false;
    return true;
  }
  /// True where element i still holds the fill.
  bool untouched(size_t i) const {
    for (size_t b = 0; b < sizeof(T); ++b)
      if (memory_[first_ + i * sizeof(T) + b] != kFill) return false;
    return true;
  }

 private:
  static constexpr size_t kGuard = 256;
  size_t count_, first_ = 0;
  std::vector<unsigned char> memory_;
};

/// Fills with a normal distribution, the same for the same seed.
template <class Container>
void fillNormal(Container& values, unsigned seed, float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  for (size_t i = 0; i < values.size(); ++i) values[i] = normal(random);
}

}  // namespace npuspeech
