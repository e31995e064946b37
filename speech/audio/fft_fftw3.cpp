// SPDX-License-Identifier: LGPL-2.1-or-later
// RealFft by FFTW3, single precision.
#include <fftw3.h>

#include <mutex>
#include <new>

#include "speech/audio/fft.h"

namespace npuspeech {
namespace {

// FFTW runs plans on any thread, but makes and destroys them on one at a time only.
std::mutex plannerMutex;

struct Free {
  void operator()(void* memory) const { fftwf_free(memory); }
};

}  // namespace

struct RealFft::Plan {
  explicit Plan(int size)
      : input(fftwf_alloc_real(static_cast<size_t>(size))),
        output(fftwf_alloc_complex(static_cast<size_t>(size) / 2 + 1)) {
    if (!input || !output) throw std::bad_alloc();
    std::lock_guard lock(plannerMutex);
    plan = fftwf_plan_dft_r2c_1d(size, input.get(), output.get(), FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
    if (!plan) throw std::bad_alloc();
  }
  ~Plan() {
    std::lock_guard lock(plannerMutex);
    fftwf_destroy_plan(plan);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  std::unique_ptr<float, Free> input;
  std::unique_ptr<fftwf_complex, Free> output;
  fftwf_plan plan = nullptr;
};

RealFft::RealFft(int size) : plan_(std::make_unique<Plan>(size)) {}
RealFft::~RealFft() = default;

float* RealFft::input() {
  return plan_->input.get();
}

const float* RealFft::run() {
  fftwf_execute(plan_->plan);
  return *plan_->output.get();
}

}  // namespace npuspeech
