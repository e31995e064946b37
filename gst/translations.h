// SPDX-License-Identifier: LGPL-2.1-or-later
// The pads translate_src_%u of npuwhisperdec, and the second stream that decodes the same windows for them.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gst/text_branch.h"
#include "speech/stream/translation_pacer.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Whisper writes what is spoken, or English: `src` has one of the two, and a pad that wants it too has a
/// copy of the same text. The other one takes a second stream, over the same encoder states. Live, that one
/// reads final windows and some partial ones (TranslationPacer).
class Translations {
 public:
  explicit Translations(GstElement* element) : element_(element) {}

  /// A pad for the element, which owns it, active as its pad `like` is. Without a name it takes the next
  /// number that is free; null where the name is taken. Any thread.
  GstPad* add(GstPadTemplate* pattern, const gchar* name, GstPad* like, TextBranch::Hooks hooks);
  /// Removes it and returns at once, also where a sink holds up the pad's text: that is not waited for.
  void remove(GstPad* pad);
  TextBranches branches() const;
  bool anyRead() const;

  /// From here on of the sink pad's thread. The stream of `src` begins with `options`; a pad that wants what
  /// is not possible is the error.
  Result<void> begin(std::shared_ptr<Engine> engine, const StreamOptions& options);
  struct Plan {
    TextBranches same, other;              // who wants this window's text
    std::shared_ptr<DecodeStream> stream;  // that decodes for `other`
    bool isNeeded = false;                 // somebody wants the other text of the stream
  };
  Result<Plan> plan(const EncodedWindow& window);
  Task otherTask() const { return options_.task == Task::Translate ? Task::Transcribe : Task::Translate; }

  /// Any thread: before this stream time no audio is needed.
  int64_t neededFromNs() const { return pacer_.neededFromNs(); }
  void answered(uint64_t utterance, int64_t neededFromNs) { pacer_.answered(utterance, neededFromNs); }
  /// Time jumps; any thread.
  void reset() { pacer_.reset(); }
  void cancel();
  void close();

 private:
  /// The name, from now on taken; empty where it was.
  std::string reserve(const gchar* name);
  /// Takes a pad's branch out; null where there is none.
  std::shared_ptr<TextBranch> take(GstPad* pad);
  Result<bool> wantsOther(GstPad* pad) const;
  Result<std::shared_ptr<DecodeStream>> openedStream();

  GstElement* const element_;
  Stats stats_;
  TranslationPacer pacer_;
  std::shared_ptr<Engine> engine_;  // these two of the sink pad's thread
  StreamOptions options_;
  mutable std::mutex mutex_;
  std::set<std::string> names_;  // these four under mutex_
  TextBranches branches_;
  std::shared_ptr<DecodeStream> stream_;  // its callbacks end with close()
  unsigned count_ = 0;
};

}  // namespace npuspeech::gst
