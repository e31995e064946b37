// SPDX-License-Identifier: LGPL-2.1-or-later
// The pads translate_src_%u of npuwhisperdec, and the second decode stream that serves them.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gst/text/text_branch.h"
#include "speech/stream/translation_pacer.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Whisper writes either what is spoken or an English translation, and `src` carries one of the two. A
/// translation pad that asks for the same one gets a copy of that text. For the other one, a second stream
/// decodes the same encoder states. In a live stream, the second one decodes final windows and some partial
/// ones (TranslationPacer). Calls are for the sink pad's thread, unless they name another.
class Translations {
 public:
  explicit Translations(GstElement* element) : element_(element) {}

  /// Adds a pad to the element, which owns it, active where the element's pad `like` is. Without a `name`,
  /// the pad takes the next free number. Null where the name is taken. Any thread.
  GstPad* add(GstPadTemplate* pattern, const gchar* name, GstPad* like, TextBranch::Hooks hooks);
  /// Removes a pad and returns at once, even where a sink holds up the pad's text. Any thread.
  void remove(GstPad* pad);
  /// The branches of all pads. Any thread.
  TextBranches branches() const;
  /// Whether any pad is linked and has taken all text so far. Any thread.
  bool anyRead() const;

  /// Starts a stream with the `options` of the one for `src`. Errors: BadValue where a pad asks for a
  /// language that is not possible.
  Result<void> begin(std::shared_ptr<Engine> engine, const StreamOptions& options);
  /// Who gets the text of a window, and from where.
  struct Plan {
    /// The pads that get a copy of the text of `src`.
    TextBranches same;
    /// The pads that get the text of the second stream; none where that one skips the window.
    TextBranches other;
    /// The second stream; null where no pad asks for it.
    std::shared_ptr<DecodeStream> stream;
    /// True: some pad asks for the second stream.
    bool isNeeded = false;
  };
  /// Decides for one window, and opens the second stream where it is needed. Errors: those of begin(), and of
  /// opening the stream.
  Result<Plan> plan(const EncodedWindow& window);
  /// The task of the second stream.
  Task otherTask() const { return options_.task == Task::Translate ? Task::Transcribe : Task::Translate; }

  /// The stream time before which the second stream needs no audio. Any thread.
  int64_t neededFromNs() const { return pacer_.neededFromNs(); }
  /// Notes that the second stream is done with a window, or will not decode it. Any thread.
  void answered(uint64_t utterance, int64_t neededFromNs) { pacer_.answered(utterance, neededFromNs); }
  /// Forgets the utterances, after a jump in time. Any thread.
  void reset() { pacer_.reset(); }
  /// Cancels what the second stream decodes. Any thread.
  void cancel();
  /// Closes the second stream and lets go of the engine. Also for the thread that changes states.
  void close();

 private:
  /// Reserves a pad's name, or the next free one where `name` is null. Empty where the name is taken.
  std::string reserve(const gchar* name);
  /// Removes and returns a pad's branch; null where there is none.
  std::shared_ptr<TextBranch> take(GstPad* pad);
  Result<bool> wantsOther(GstPad* pad) const;
  Result<std::shared_ptr<DecodeStream>> openedStream();

  GstElement* const element_;
  Stats stats_;
  TranslationPacer pacer_;

  // For the sink pad's thread.
  std::shared_ptr<Engine> engine_;
  StreamOptions options_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::set<std::string> names_;
  TextBranches branches_;
  /// The second stream. close() waits for its callbacks.
  std::shared_ptr<DecodeStream> stream_;
  /// The number that the next pad without a name tries first.
  unsigned count_ = 0;
};

}  // namespace npuspeech::gst
