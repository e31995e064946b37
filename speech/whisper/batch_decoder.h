// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes the windows of all streams together: one pass over the weights per step serves up to sixteen
// sequences.
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

/// Owns the decoding thread; the destructor stops it. Streams are gone by then: each keeps its owner.
class BatchDecoder {
 public:
  /// Encodes a window again at full context; null when that fails. Called on the decoding thread.
  using EncodeFull = std::function<std::shared_ptr<const CrossAttentionCache>(const EncodedWindow&)>;

  /// `info` and `decoder` outlive this object. Throws std::system_error where no thread can be started.
  BatchDecoder(const ModelInfo& info, std::shared_ptr<const Vocabulary> vocabulary, Decoder& decoder,
               EncodeFull encodeFull);
  ~BatchDecoder();

  /// owner: of this decoder; the stream holds it.
  std::unique_ptr<DecodeStream> openStream(StreamContext context, std::shared_ptr<const void> owner);

  /// While this lives, an encoder works on a window, and windows of streams that are not live wait for
  /// company: a step costs nearly the same for one sequence as for eight. Thread-safe.
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
  bool startsNow();                         // under mutex_
  void admit();                             // under mutex_
  bool isSuperseded(const Job& job) const;  // under mutex_
  void prepare(Job& job);
  void step();
  void stepTogether(std::span<const std::shared_ptr<Job>> jobs);
  void deliver(std::unique_lock<std::mutex>& lock);
  bool isFirstOfStream(const Job& job) const;  // under mutex_

  const ModelInfo& info_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const EncodeFull encodeFull_;
  Decoder& decoder_;  // these three are the decoding thread's
  std::vector<Decoder::Input> inputs_;
  std::vector<std::shared_ptr<Job>> active_;  // that are being decoded

  std::mutex mutex_;
  std::condition_variable changed_;       // a job or an encoder came or went, or stopping
  std::condition_variable delivered_;     // a callback has returned
  std::list<std::shared_ptr<Job>> jobs_;  // in order of submission, until delivered; under mutex_
  int encoding_ = 0;                      // under mutex_
  Clock::time_point encodedAt_;           // when it became 0; under mutex_
  bool stopping_ = false;                 // under mutex_
  std::thread thread_;
};

}  // namespace npuspeech
