// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/batch_decoder.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace npuspeech {
namespace {

constexpr size_t kMaxWindows = 16;  // decoded together
constexpr size_t kGoodBatch = 4;    // waiting windows that are worth starting with while encoders still work
constexpr int kMaxCrossRows = 3 * 1500;  // of all these windows: 29 MB with whisper-base in int8
constexpr std::chrono::milliseconds kEncoderPause{
    5};  // an encoder that starts its next window within this is at work
constexpr int64_t kFrameNs = 10'000'000;

}  // namespace

struct BatchDecoder::Job {
  enum class State { Waiting, Active, Finished };
  Stream* stream = nullptr;
  EncodedWindow window;
  DecodeStream::Done done;
  State state = State::Waiting;  // under mutex_
  uint64_t order = 0;            // of submission to its stream
  bool superseded = false;       // under mutex_
  std::atomic<bool> cancelled{false};
  std::optional<WindowDecoding> decoding;  // the decoding thread's
  std::optional<Error> error;              // the decoding thread's until Finished
};

class BatchDecoder::Stream : public DecodeStream {
 public:
  Stream(BatchDecoder& owner, StreamContext context) : owner_(owner), context_(std::move(context)) {}

  ~Stream() override {
    cancel();
    std::unique_lock lock(owner_.mutex_);
    owner_.delivered_.wait(lock, [this] { return submitted_ == returned_; });
  }

  void submit(EncodedWindow window, Done done) override {
    auto job = std::make_shared<Job>();
    job->stream = this;
    job->window = std::move(window);
    job->done = std::move(done);
    {
      std::lock_guard lock(owner_.mutex_);
      job->order = submitted_++;
      owner_.jobs_.push_back(std::move(job));
    }
    owner_.changed_.notify_one();
  }

  void cancel() override {
    {
      std::lock_guard lock(owner_.mutex_);
      for (const auto& job : owner_.jobs_)
        if (job->stream == this) job->cancelled = true;
      startsAnew_ = true;
    }
    owner_.changed_.notify_one();
  }

  StreamContext& context() { return context_; }
  bool startsAnew_ = false;  // what was said before a cancellation is no context; under the owner's mutex_
  uint64_t submitted_ = 0, returned_ = 0;  // callbacks; under the owner's mutex_

 private:
  BatchDecoder& owner_;
  StreamContext context_;  // the decoding thread's
};

std::vector<Vocabulary::Head> alignmentHeads(const WhisperWeights& weights) {
  const int layers = static_cast<int>(weights.decoder.size());
  std::vector<Vocabulary::Head> heads;
  for (const Vocabulary::Head& head : weights.vocabulary->alignmentHeads())
    if (head.layer >= 0 && head.layer < layers && head.head >= 0 && head.head < weights.heads)
      heads.push_back(head);
  if (heads.empty())
    for (int layer = layers / 2; layer < layers; ++layer)
      for (int head = 0; head < weights.heads; ++head) heads.push_back({layer, head});
  return heads;
}

BatchDecoder::BatchDecoder(std::shared_ptr<const WhisperWeights> weights, ThreadPool& pool,
                           EncodeFull encodeFull)
    : weights_(std::move(weights)),
      pool_(pool),
      encodeFull_(std::move(encodeFull)),
      heads_(alignmentHeads(*weights_)),
      decoder_(weights_, heads_),
      thread_([this] { run(); }) {}

BatchDecoder::~BatchDecoder() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::unique_ptr<DecodeStream> BatchDecoder::openStream(StreamContext context) {
  return std::make_unique<Stream>(*this, std::move(context));
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
  std::optional<ThreadPool::Turn> turn;  // as long as there is work
  while (!stopping_) {
    if (!startsNow()) {
      turn.reset();
      if (!jobs_.empty() && encoding_ == 0)
        changed_.wait_until(lock, encodedAt_ + kEncoderPause);
      else
        changed_.wait(lock);
      continue;
    }
    const std::vector<std::shared_ptr<Job>> active = admit();
    lock.unlock();
    if (turn)
      turn->yield();
    else
      turn.emplace(pool_);
    step(active);
    lock.lock();
    for (const auto& job : active)
      if (job->cancelled || job->error || job->decoding->done()) job->state = Job::State::Finished;
    deliver(lock);
  }
}

// Windows whose language is not known yet wait for the first one of their stream, which finds it.
std::vector<std::shared_ptr<BatchDecoder::Job>> BatchDecoder::admit() {
  std::vector<std::shared_ptr<Job>> active;
  int rows = 0;
  for (const auto& job : jobs_)
    if (job->state == Job::State::Active) {
      active.push_back(job);
      rows += job->window.shape.rows();
    }
  for (const auto& job : jobs_) {
    if (job->state != Job::State::Waiting) continue;
    if (job->cancelled) {
      job->state = Job::State::Finished;
      continue;
    }
    const int jobRows = job->window.shape.rows();
    if (active.size() >= kMaxWindows || (!active.empty() && rows + jobRows > kMaxCrossRows)) break;
    const StreamContext& context = job->stream->context();
    if (context.options.live && isSuperseded(*job)) {
      job->superseded = true;
      job->state = Job::State::Finished;
      continue;
    }
    if ((!context.language || context.options.live) && !isFirstOfStream(*job)) continue;
    if (std::exchange(job->stream->startsAnew_, false)) job->stream->context().text.reset();
    job->state = Job::State::Active;
    active.push_back(job);
    rows += jobRows;
  }
  return active;
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
  WindowDecoding::FullContext full;
  if (window.logMel && window.shape.padding != kFullContext)
    full = [this, &window] { return encodeFull_(decoder_, window); };
  job.decoding.emplace(
      decoder_, *weights_->vocabulary, job.stream->context(),
      decoder_.prepare(pool_, window.states->as<float>(), window.shape),
      LiveWindow{window.startNs, window.shape.frames * kFrameNs, window.utterance, window.isFinal},
      heads_.size(), std::move(full));
}

DecodedWindow BatchDecoder::superseded(const Job& job) {
  DecodedWindow window;
  window.isSuperseded = true;
  window.neededFromNs = job.window.startNs;
  return window;
}

// A job that cannot go on (no memory) ends with an error; the others go on with the next step.
void BatchDecoder::step(const std::vector<std::shared_ptr<Job>>& active) {
  try {
    inputs_.clear();
    for (const auto& job : active) {
      if (!job->decoding) prepare(*job);
      job->decoding->addInputs(inputs_);
    }
    if (inputs_.empty()) return;
    decoder_.step(pool_, inputs_);
    size_t logits = 0;
    for (const auto& job : active) logits = job->decoding->consume(logits);
  } catch (const std::exception& failure) {
    for (const auto& job : active)
      job->error = Error{ErrorCode::OutOfMemory, std::string("decoding a window failed: ") + failure.what()};
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
      if (job->cancelled)
        job->done(Error{ErrorCode::Cancelled, "decoding was cancelled"});
      else if (job->superseded)
        job->done(superseded(*job));
      else if (job->error)
        job->done(*job->error);
      else
        job->done(std::move(job->decoding->result()));
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
