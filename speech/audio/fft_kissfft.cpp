// SPDX-License-Identifier: LGPL-2.1-or-later
// RealFft by KISS FFT.
#include <kiss_fftr.h>

#include <new>
#include <vector>

#include "speech/audio/fft.h"

namespace npuspeech {
namespace {

struct Free {
  void operator()(kiss_fftr_cfg config) const { kiss_fftr_free(config); }
};

}  // namespace

struct RealFft::Plan {
  explicit Plan(int size)
      : config(kiss_fftr_alloc(size, 0, nullptr, nullptr)),
        input(static_cast<size_t>(size)),
        output(static_cast<size_t>(size) / 2 + 1) {
    if (!config) throw std::bad_alloc();
  }

  std::unique_ptr<kiss_fftr_state, Free> config;
  std::vector<float> input;
  std::vector<kiss_fft_cpx> output;
};

RealFft::RealFft(int size) : plan_(std::make_unique<Plan>(size)) {}
RealFft::~RealFft() = default;

float* RealFft::input() {
  return plan_->input.data();
}

const float* RealFft::run() {
  kiss_fftr(plan_->config.get(), plan_->input.data(), plan_->output.data());
  return &plan_->output.data()->r;
}

}  // namespace npuspeech
