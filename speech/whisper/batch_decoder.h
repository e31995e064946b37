// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes the windows of all streams together, up to sixteen at a time and as many as the decoder's budget
// of memory has room for: each step makes one pass over the weights for all of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "speech/whisper/engine.h"
#include "speech/whisper/window_decoding.h"

namespace npuspeech {

/// Owns the decoding thread, which the destructor stops. No stream is left then, because each stream keeps
/// its owner.
class BatchDecoder {
 public:
  /// Encodes a window again at full context; null when that fails. Called on the decoding thread.
  using EncodeFull = std::function<std::shared_ptr<const CrossAttentionCache>(const EncodedWindow&)>;

  /// `info` and `decoder` must outlive this object. Throws std::system_error where no thread can be started.
  BatchDecoder(const ModelInfo& info, std::shared_ptr<const Vocabulary> vocabulary, Decoder& decoder,
               EncodeFull encodeFull);
  ~BatchDecoder();

  /// Opens a stream. `owner` is the object that owns this one; the stream keeps it alive. Thread-safe.
  std::unique_ptr<DecodeStream> openStream(StreamContext context, std::shared_ptr<const void> owner);

  /// Marks an encoder as at work while this lives. Windows of streams that are not live then wait a little,
  /// so that they are decoded together: a step costs nearly the same for one sequence as for eight.
  /// Thread-safe.
  class ActiveEncoder {
   public:
    explicit ActiveEncoder(BatchDecoder& decoder) : decoder_(decoder) { decoder_.encoderActive(+1); }
    ~ActiveEncoder() { decoder_.encoderActive(-1); }
    ActiveEncoder(const ActiveEncoder&) = delete;
    ActiveEncoder& operator=(const ActiveEncoder&) = delete;

   private:
    BatchDecoder& decoder_;
  };

 private:
  class Stream;
  struct Job;
  using Clock = std::chrono::steady_clock;

  void encoderActive(int change);
  void run();
  void prepare(Job& job);
  void step();
  void stepTogether(std::span<const std::shared_ptr<Job>> jobs);

  // Called with mutex_ held.
  bool startsNow();
  void makeRoom();
  void admit();
  bool isSuperseded(const Job& job) const;
  bool isFirstOfStream(const Job& job) const;
  /// Releases `lock`, which holds mutex_, while it calls back.
  void deliver(std::unique_lock<std::mutex>& lock);

  const ModelInfo& info_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const EncodeFull encodeFull_;

  // For the decoding thread.
  Decoder& decoder_;
  const CacheSizes cacheSizes_;
  std::vector<Decoder::Input> inputs_;
  /// The jobs that are decoded in the current step.
  std::vector<std::shared_ptr<Job>> active_;

  std::mutex mutex_;
  /// Wakes the decoding thread when a job or an encoder came or went, or to stop.
  std::condition_variable changed_;
  /// Wakes streams that are being destroyed when a callback has returned.
  std::condition_variable delivered_;
  // Guarded by mutex_.
  /// All jobs in order of submission, until their callbacks are called.
  std::list<std::shared_ptr<Job>> jobs_;
  /// The number of encoders that are at work.
  int encoding_ = 0;
  /// The time at which encoding_ last changed.
  Clock::time_point encodedAt_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace npuspeech
