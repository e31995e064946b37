// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/session/window_reader.h"

#include <new>
#include <utility>
#include <vector>

namespace npuspeech {

/// What one window is computed in, large enough for any.
struct WindowReader::Buffers {
  std::shared_ptr<npu::BufferObject> logMel, states;
};

/// Buffers that no window needs. The engine may give some back after the reader has gone.
struct WindowReader::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Buffers>> unused;  // under mutex

  void giveBack(std::unique_ptr<Buffers> buffers) noexcept {
    const std::lock_guard lock(mutex);
    try {
      unused.push_back(std::move(buffers));
    } catch (const std::bad_alloc&) {  // one less
    }
  }
};

WindowReader::WindowReader(std::shared_ptr<Engine> engine, std::unique_ptr<DecodeStream> stream)
    : engine_(std::move(engine)), pool_(std::make_shared<Pool>()), stream_(std::move(stream)) {}

WindowReader::~WindowReader() = default;

Result<std::shared_ptr<WindowReader::Buffers>> WindowReader::buffers() {
  std::unique_ptr<Buffers> buffers;
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->unused.empty()) {
      buffers = std::move(pool_->unused.back());
      pool_->unused.pop_back();
    }
  }
  if (!buffers) {
    const ModelInfo& info = engine_->info();
    const WindowShape longest{2 * info.audioContext, info.audioContext, {}};
    auto logMel = engine_->device()->allocate(info.logMelBytes(longest));
    if (!logMel) return logMel.error();
    auto states = engine_->device()->allocate(info.stateBytes(longest));
    if (!states) return states.error();
    buffers = std::make_unique<Buffers>(Buffers{std::move(*logMel), std::move(*states)});
  }
  return std::shared_ptr<Buffers>(buffers.release(), [pool = pool_](Buffers* unused) {
    pool->giveBack(std::unique_ptr<Buffers>(unused));
  });
}

std::stop_token WindowReader::stopToken() const {
  const std::lock_guard lock(mutex_);
  return stop_.get_token();
}

void WindowReader::read(Windower& windower, const AudioWindow& window, DecodeStream::Done done) {
  const auto stop = stopToken();
  auto memory = buffers();
  if (!memory) return done(memory.error());
  EncodedWindow encoded;
  encoded.startNs = window.startNs;
  encoded.utterance = window.utterance;
  encoded.isFinal = window.isFinal;
  encoded.isStalled = window.isStalled;
  encoded.shape = {window.frames, engine_->info().audioContext, {}};
  windower.logMel((*memory)->logMel->as<float>());
  const auto result = engine_->encode(*(*memory)->logMel, encoded.shape, *(*memory)->states, stop);
  if (!result) return done(result.error());
  encoded.logMel = (*memory)->logMel;
  encoded.states = (*memory)->states;
  encoded.keepAlive = std::move(*memory);
  stream_->submit(std::move(encoded), std::move(done));
  // An interruption that came in between has cancelled before there was anything to cancel.
  if (stop.stop_requested()) stream_->cancel();
}

void WindowReader::interrupt() {
  std::stop_source stop(std::nostopstate);
  {
    const std::lock_guard lock(mutex_);
    stop = stop_;
  }
  stop.request_stop();
  stream_->cancel();
}

void WindowReader::reset() {
  interrupt();
  const std::lock_guard lock(mutex_);
  stop_ = {};
}

}  // namespace npuspeech
