// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/fake_engine.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace npuspeech::test {
namespace {

constexpr int64_t kFrameNs = 10'000'000;

}  // namespace

/// The CPU's memory, as far as the script lets it be had.
class FakeEngines::FakeDevice : public npu::Device {
 public:
  explicit FakeDevice(std::shared_ptr<FakeEngines> engines) : engines_(std::move(engines)) {}

  std::string_view name() const override { return "fake"; }
  Result<std::shared_ptr<npu::BufferObject>> allocate(size_t size) override {
    if (auto error = engines_->ask(FakeCalled::Allocate, {})) return *error;
    return memory_->allocate(size);
  }
  Result<std::shared_ptr<npu::BufferObject>> import(int fd, size_t size) override {
    return memory_->import(fd, size);
  }

 private:
  const std::shared_ptr<FakeEngines> engines_;
  const std::shared_ptr<npu::Device> memory_ = npu::openCpuDevice();
};

/// Answers its windows one after the other, on a thread of its own.
class FakeEngines::FakeStream : public DecodeStream {
 public:
  FakeStream(std::shared_ptr<FakeEngines> engines, std::shared_ptr<Engine> engine,
             const StreamOptions& options)
      : engines_(std::move(engines)), engine_(std::move(engine)), options_(options) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~FakeStream() override {
    cancel();
    thread_.request_stop();
    thread_.join();
  }

  void submit(EncodedWindow window, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back({std::move(window), std::move(done), {}});
    }
    changed_.notify_all();
  }
  void cancel() override {
    std::vector<std::stop_source> waiting;  // what they wake may take the lock
    {
      const std::lock_guard lock(mutex_);
      for (const Job& job : jobs_) waiting.push_back(job.stop);
    }
    for (std::stop_source& stop : waiting) stop.request_stop();
  }

 private:
  struct Job {
    EncodedWindow window;
    Done done;
    std::stop_source stop;
  };

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, stop, [&] { return !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job& job = jobs_.front();  // stays where it is while others are added
      lock.unlock();
      job.done(decode(job));
      job.done = nullptr;
      lock.lock();
      jobs_.pop_front();
    }
  }
  Result<DecodedWindow> decode(const Job& job) {
    const auto cancelled = [&] { return job.stop.stop_requested(); };
    if (!cancelled()) {
      if (auto error = engines_->ask(FakeCalled::Decode, job.stop.get_token(), options_.task, &job.window))
        return *error;
    }
    if (cancelled()) return Error{ErrorCode::Cancelled, "Decoding was cancelled."};
    return engines_->answer(job.window, options_.live);
  }

  const std::shared_ptr<FakeEngines> engines_;
  const std::shared_ptr<Engine> engine_;
  const StreamOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;  // under mutex_
  std::jthread thread_;
};

class FakeEngines::FakeEngine : public Engine, public std::enable_shared_from_this<FakeEngine> {
 public:
  explicit FakeEngine(std::shared_ptr<FakeEngines> engines)
      : engines_(std::move(engines)), device_(std::make_shared<FakeDevice>(engines_)) {
    info_.name = "fake";
    info_.melBins = 80;
    info_.audioContext = 1500;
    info_.stateWidth = 64;
    info_.multilingual = true;
    info_.languages = {"en", "de"};
  }

  const ModelInfo& info() const override { return info_; }
  const std::shared_ptr<npu::Device>& device() override { return device_; }
  const std::string& deviceReason() const override { return reason_; }
  Result<void> encode(const npu::BufferObject&, const WindowShape&, npu::BufferObject&,
                      std::stop_token stop) override {
    if (auto error = engines_->ask(FakeCalled::Encode, stop)) return *error;
    if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "Encoding was cancelled."};
    return {};
  }
  Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) override {
    if (auto error = engines_->ask(FakeCalled::OpenStream, {}, options.task)) return *error;
    return std::unique_ptr<DecodeStream>(std::make_unique<FakeStream>(engines_, shared_from_this(), options));
  }

 private:
  const std::shared_ptr<FakeEngines> engines_;
  ModelInfo info_;
  const std::shared_ptr<npu::Device> device_;
  const std::string reason_ = "A test wants it.";
};

Result<void> FakeEngines::check(const EngineOptions&, const StreamOptions&) {
  if (auto error = ask(FakeCalled::Check, {})) return *error;
  return {};
}

Result<std::shared_ptr<Engine>> FakeEngines::open(const EngineOptions&, const Engine::Progress& progress,
                                                  std::stop_token stop) {
  if (progress) progress(0.5);
  if (auto error = ask(FakeCalled::Open, stop)) return *error;
  return std::shared_ptr<Engine>(std::make_shared<FakeEngine>(shared_from_this()));
}

std::optional<Error> FakeEngines::ask(FakeCalled called, std::stop_token stop, Task task,
                                      const EncodedWindow* window) {
  const int number = counts_[static_cast<size_t>(called)]++;
  if (!script_) return {};
  return script_({called, number, task, window, std::move(stop)});
}

DecodedWindow FakeEngines::answer(const EncodedWindow& window, bool isLive) const {
  DecodedWindow decoded;
  decoded.language = "en";
  decoded.neededFromNs = window.startNs;
  std::vector<Word>& words = isLive && !window.isFinal ? decoded.interim : decoded.words;
  const int64_t step =
      window.shape.frames * kFrameNs / static_cast<int64_t>(std::max<size_t>(says_.size(), 1));
  for (size_t i = 0; i < says_.size(); ++i) {
    const auto start = static_cast<int64_t>(i) * step;
    words.push_back({start, start + step, says_[i], 0.9f, true});
  }
  return decoded;
}

}  // namespace npuspeech::test
