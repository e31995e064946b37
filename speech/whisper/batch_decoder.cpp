// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/batch_decoder.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "speech/whisper/decode_job.h"

namespace npuspeech {
namespace {

constexpr size_t kMaxWindows = 16;  // decoded together
constexpr size_t kGoodBatch = 4;    // waiting windows that are worth starting with while encoders still work
constexpr std::chrono::milliseconds kEncoderPause{
    5};  // an encoder that starts its next window within this is at work
constexpr int64_t kFrameNs = 10'000'000;

}  // namespace

struct BatchDecoder::Job : DecodeJob {
  Stream* stream = nullptr;
};

class BatchDecoder::Stream : public DecodeStream {
 public:
  Stream(BatchDecoder& decoder, StreamContext context, std::shared_ptr<const void> owner)
      : owner_(std::move(owner)), decoder_(decoder), context_(std::move(context)) {}

  ~Stream() override {
    cancel();
    std::unique_lock lock(decoder_.mutex_);
    decoder_.delivered_.wait(lock, [this] { return submitted_ == returned_; });
  }

  void submit(EncodedWindow window, Done done) override {
    auto job = std::make_shared<Job>();
    job->stream = this;
    job->window = std::move(window);
    job->rows = job->window.shape.rows();
    job->done = std::move(done);
    {
      const std::lock_guard lock(decoder_.mutex_);
      job->order = submitted_;
      decoder_.jobs_.push_back(std::move(job));
      ++submitted_;
    }
    decoder_.changed_.notify_one();
  }

  void cancel() override {
    {
      const std::lock_guard lock(decoder_.mutex_);
      for (const auto& job : decoder_.jobs_)
        if (job->stream == this) job->cancelled = true;
      startsAnew_ = true;
    }
    decoder_.changed_.notify_one();
  }

  StreamContext& context() { return context_; }
  bool startsAnew_ = false;  // what was said before a cancellation is no context; under the decoder's mutex_
  uint64_t submitted_ = 0, returned_ = 0;  // callbacks; under the decoder's mutex_

 private:
  const std::shared_ptr<const void> owner_;  // first: the decoder goes after everything here
  BatchDecoder& decoder_;
  StreamContext context_;  // the decoding thread's
};

BatchDecoder::BatchDecoder(const ModelInfo& info, std::shared_ptr<const Vocabulary> vocabulary,
                           Decoder& decoder, EncodeFull encodeFull)
    : info_(info),
      vocabulary_(std::move(vocabulary)),
      encodeFull_(std::move(encodeFull)),
      decoder_(decoder),
      cacheSizes_(decoder.cacheSizes()) {
  active_.reserve(kMaxWindows);
  thread_ = std::thread([this] { run(); });
}

BatchDecoder::~BatchDecoder() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::unique_ptr<DecodeStream> BatchDecoder::openStream(StreamContext context,
                                                       std::shared_ptr<const void> owner) {
  return std::make_unique<Stream>(*this, std::move(context), std::move(owner));
}

void BatchDecoder::encoderActive(int change) {
  {
    std::lock_guard lock(mutex_);
    encoding_ += change;
    encodedAt_ = Clock::now();
  }
  changed_.notify_one();
}

bool BatchDecoder::startsNow() {
  size_t waiting = 0;
  for (const auto& job : jobs_) {
    if (job->state != Job::State::Waiting || job->cancelled || job->stream->context().options.live)
      return true;
    ++waiting;
  }
  return waiting >= kGoodBatch ||
         (waiting > 0 && encoding_ == 0 && Clock::now() >= encodedAt_ + kEncoderPause);
}

void BatchDecoder::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!startsNow()) {
      decoder_.rest();
      if (!jobs_.empty() && encoding_ == 0)
        changed_.wait_until(lock, encodedAt_ + kEncoderPause);
      else
        changed_.wait(lock);
      continue;
    }
    admit();
    lock.unlock();
    step();
    lock.lock();
    for (const auto& job : active_)
      if (job->cancelled || job->isThrough()) job->state = Job::State::Finished;
    active_.clear();
    deliver(lock);
  }
  decoder_.rest();
}

// Where texts grow beyond the budget, the newest give way: samples wait for their turn, then windows start
// over later. The oldest window keeps one text, and so does what somebody waits for.
void BatchDecoder::makeRoom() {
  size_t used = 0;
  for (const auto& job : active_) used += job->bytes(cacheSizes_);
  for (size_t i = active_.size(); i-- > 0 && used > cacheSizes_.budget;) {
    Job& job = *active_[i];
    if (!job.decoding) continue;
    const size_t others = used - job.bytes(cacheSizes_);
    while (others + job.bytes(cacheSizes_) > cacheSizes_.budget && job.decoding->giveWay()) {
    }
    used = others + job.bytes(cacheSizes_);
    if (used <= cacheSizes_.budget || i == 0 || job.stream->context().options.live) continue;
    used = others;
    job.decoding.reset();
    job.state = Job::State::Waiting;
    active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// Windows whose language is not known yet wait for the first one of their stream, which finds it.
void BatchDecoder::admit() {
  for (const auto& job : jobs_)
    if (job->state == Job::State::Active) active_.push_back(job);
  makeRoom();
  size_t used = 0;
  for (const auto& job : active_) used += std::max(job->bytes(cacheSizes_), job->likelyBytes(cacheSizes_));
  for (const auto& job : jobs_) {
    if (job->state != Job::State::Waiting) continue;
    if (job->cancelled) {
      job->state = Job::State::Finished;
      continue;
    }
    const size_t bytes = job->likelyBytes(cacheSizes_);
    if (active_.size() >= kMaxWindows || (!active_.empty() && used + bytes > cacheSizes_.budget)) break;
    const StreamContext& context = job->stream->context();
    if (context.options.live && isSuperseded(*job)) {
      job->superseded = true;
      job->state = Job::State::Finished;
      continue;
    }
    if ((!context.language || context.options.live) && !isFirstOfStream(*job)) continue;
    if (std::exchange(job->stream->startsAnew_, false)) job->stream->context().text.reset();
    job->state = Job::State::Active;
    active_.push_back(job);
    used += bytes;
  }
}

bool BatchDecoder::isFirstOfStream(const Job& job) const {
  for (const auto& other : jobs_)
    if (other->stream == job.stream && other->state != Job::State::Finished) return other.get() == &job;
  return true;
}

bool BatchDecoder::isSuperseded(const Job& job) const {
  return !job.window.isFinal && std::any_of(jobs_.rbegin(), jobs_.rend(), [&](const auto& other) {
    return other.get() != &job && other->stream == job.stream && other->state == Job::State::Waiting &&
           other->window.utterance == job.window.utterance && other->order > job.order;
  });
}

void BatchDecoder::prepare(Job& job) {
  const EncodedWindow& window = job.window;
  const WindowShape& shape = window.shape;
  if (!info_.fits(shape) || !window.states || window.states->size() < info_.stateBytes(shape)) {
    job.error =
        Error{ErrorCode::BadValue, "A window of " + std::to_string(shape.frames) +
                                       " log-mel frames does not fit the model " + info_.name +
                                       " or its buffer of states: use the same model in all elements."};
    return;
  }
  WindowDecoding::FullContext full;
  if (window.logMel && shape.padding != kFullContext)
    full = [this, &window] {
      auto cross = encodeFull_(window);
      return cross ? cross : decoder_.prepare(*window.states, window.shape);
    };
  job.decoding.emplace(
      decoder_, *vocabulary_, job.stream->context(), decoder_.prepare(*window.states, shape),
      LiveWindow{window.startNs, shape.frames * kFrameNs, window.utterance, window.isFinal, window.isStalled},
      std::move(full));
}

// What fails together is done again one by one, so that only those fail that cannot go on.
void BatchDecoder::step() {
  try {
    stepTogether(active_);
  } catch (const std::exception&) {
    for (const auto& job : active_) {
      try {
        stepTogether({&job, 1});
      } catch (const std::exception& reason) {
        job->fail(reason);
      }
    }
  }
}

// Throws where nothing has changed but for preparations.
void BatchDecoder::stepTogether(std::span<const std::shared_ptr<Job>> jobs) {
  inputs_.clear();
  size_t logits = 0;
  for (const auto& job : jobs) {
    const size_t before = inputs_.size();
    try {
      if (!job->decoding && !job->error) prepare(*job);
      if (!job->isThrough()) job->decoding->addInputs(inputs_);
    } catch (const std::exception& reason) {
      inputs_.resize(before);
      job->fail(reason);
    }
    job->firstLogits = logits;
    for (size_t i = before; i < inputs_.size(); ++i) logits += inputs_[i].wantLogits;
  }
  if (inputs_.empty()) return;
  decoder_.step(inputs_);
  for (const auto& job : jobs) {
    if (job->isThrough()) continue;
    try {
      job->decoding->consume(job->firstLogits);
    } catch (const std::exception& reason) {
      job->fail(reason);
    }
  }
}

// Calls back in each stream's order, without the lock.
void BatchDecoder::deliver(std::unique_lock<std::mutex>& lock) {
  for (bool again = true; again;) {
    again = false;
    for (auto it = jobs_.begin(); it != jobs_.end(); ++it) {
      const std::shared_ptr<Job> job = *it;
      if (job->state != Job::State::Finished) continue;
      const auto earlier =
          std::find_if(jobs_.begin(), it, [&](const auto& other) { return other->stream == job->stream; });
      if (earlier != it) continue;
      jobs_.erase(it);
      lock.unlock();
      job->done(job->result());
      job->done = nullptr;
      job->decoding.reset();
      job->window = {};
      lock.lock();
      ++job->stream->returned_;
      delivered_.notify_all();
      again = true;
      break;
    }
  }
}

}  // namespace npuspeech
