// SPDX-License-Identifier: LGPL-2.1-or-later
// One text pad of npuwhisperdec: `src`, or a translation.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gst/decoder_output.h"
#include "gst/pads.h"
#include "gst/stage.h"

namespace npuspeech::gst {

/// A window that waits for its text, or an event between two of them.
struct TextItem {
  Held<GstEvent> event;
  PlacedWindow place;
  std::optional<Result<DecodedWindow>> decoded;  // under the stage's lock until ready
  bool ready() const { return event || decoded; }
};

/// The pad's queue and task. Its source pad belongs to the element; the branch holds a reference.
class TextBranch {
 public:
  struct Hooks {
    std::function<DecoderSettings()> settings;
    std::function<bool()> mayBeUnlinked;  // others go on without this pad
    std::function<void()> interrupt;      // as Stage's
  };
  /// sink, interim: null for a translation. A pad's callbacks keep its branch, wherever they stand when it
  /// goes.
  static std::shared_ptr<TextBranch> make(GstElement* element, GstPad* sink, GstPad* src, size_t capacity,
                                          Stats& stats, InterimOutput* interim, Hooks hooks);
  TextBranch(GstElement* element, GstPad* sink, GstPad* src, size_t capacity, Stats& stats,
             InterimOutput* interim, Hooks hooks);

  GstPad* pad() const { return src_.get(); }
  Stage<TextItem>& stage() { return stage_; }
  DecoderOutput& output() { return output_; }
  /// A new run of states, before the pads are activated.
  void start();
  /// Whether somebody would get the text, behind all ghost pads.
  bool isLinked() const { return reachesPeer(src_.get()); }
  /// The same, and what it got so far it took.
  bool isRead() { return isLinked() && stage_.goesOn(); }

  /// A serialized event of the sink pad, from its thread. A pad that came late first gets what it missed, in
  /// GStreamer's order: STREAM_START, CAPS, SEGMENT.
  bool pushEvent(GstPad* sink, GstEvent* event);
  /// The same of a window; the item, or why there is none.
  GstFlowReturn pushWindow(GstPad* sink, const PlacedWindow& place, std::shared_ptr<TextItem>* item);

 private:
  void catchUp(GstPad* sink, GstEventType next);
  bool queue(GstEvent* event);
  GstFlowReturn process(TextItem& item);
  GstFlowReturn releaseInTime();

  GstElement* const element_;
  const Held<GstPad> src_;
  const Hooks hooks_;
  DecoderOutput output_;
  /// What the pad has had; of the sink pad's thread.
  bool hasStart_ = false, hasCaps_ = false, hasSegment_ = false;
  Stage<TextItem> stage_;
};

using TextBranches = std::vector<std::shared_ptr<TextBranch>>;

/// Who waits for a window's text.
using Readers = std::vector<std::pair<std::shared_ptr<TextBranch>, std::shared_ptr<TextItem>>>;
/// Queues a window for `branches`, from the thread of `sink`; what each pad says goes to `flows`.
Readers queueFor(GstPad* sink, const TextBranches& branches, const PlacedWindow& place,
                 std::vector<GstFlowReturn>& flows);
/// Gives them its text. Any thread.
void deliver(GstElement* element, const Readers& readers, const Result<DecodedWindow>& decoded) noexcept;

/// What a window's flow is where some pads fail: the first one's, which is `src`. Where that is merely not
/// linked, or has ended, the others decide: OK while one goes on.
GstFlowReturn combinedFlow(const std::vector<GstFlowReturn>& flows);

}  // namespace npuspeech::gst
