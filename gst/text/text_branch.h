// SPDX-License-Identifier: LGPL-2.1-or-later
// One text pad of npuwhisperdec: `src`, or a translation pad.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gst/core/pads.h"
#include "gst/core/stage.h"
#include "gst/text/decoder_output.h"

namespace npuspeech::gst {

/// A window that waits for its text, or an event between two of them.
struct TextItem {
  /// Null for a window.
  Held<GstEvent> event;
  /// The window's place in the stream; of an event, only the time at which it came (decodedAt).
  PlacedWindow place;
  /// The window's text. Guarded by the stage's lock until the item is ready.
  std::optional<Result<DecodedWindow>> decoded;

  bool ready() const { return event || decoded; }
};

/// The queue and the task of a text pad. The pad belongs to the element, and the branch holds a reference.
/// Calls are for the sink pad's thread, unless they name another.
class TextBranch {
 public:
  /// Calls back to the element.
  struct Hooks {
    /// Returns a copy of the current settings. Any thread.
    std::function<DecoderSettings()> settings;
    /// Whether other pads are read, so that the stream goes on where this one is not linked.
    std::function<bool()> mayBeUnlinked;
    /// The `interrupt` of the Stage.
    std::function<void()> interrupt;
  };
  /// Creates a branch and attaches it to pad `src`. `sink` and `interim` are null for a translation pad.
  /// Callbacks of the pad keep the branch alive while they run, also where the pad is removed meanwhile.
  static std::shared_ptr<TextBranch> make(GstElement* element, GstPad* sink, GstPad* src, size_t capacity,
                                          Stats& stats, InterimOutput* interim, Hooks hooks);
  /// For make() only.
  TextBranch(GstElement* element, GstPad* sink, GstPad* src, size_t capacity, Stats& stats,
             InterimOutput* interim, Hooks hooks);

  GstPad* pad() const { return src_.get(); }
  Stage<TextItem>& stage() { return stage_; }
  DecoderOutput& output() { return output_; }
  /// Prepares a run, before the pads are activated.
  void start();
  /// Whether the pad is linked to another element, through all ghost pads. Any thread.
  bool isLinked() const { return reachesPeer(src_.get()); }
  /// Whether the pad is linked and every push to it has succeeded so far. Any thread.
  bool isRead() { return isLinked() && stage_.goesOn(); }

  /// Queues a serialized event of the sink pad. A pad that was added late first gets the events that it
  /// missed, in GStreamer's order: STREAM_START, CAPS, SEGMENT.
  bool pushEvent(GstPad* sink, GstEvent* event);
  /// Queues a window in the same way. On OK, `item` is the queued item, which waits for its text.
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
  /// Whether the pad has had STREAM_START, CAPS and SEGMENT. For the sink pad's thread.
  bool hasStart_ = false, hasCaps_ = false, hasSegment_ = false;
  Stage<TextItem> stage_;
};

using TextBranches = std::vector<std::shared_ptr<TextBranch>>;

/// The branches that wait for a window's text, with the items that wait.
using Readers = std::vector<std::pair<std::shared_ptr<TextBranch>, std::shared_ptr<TextItem>>>;
/// Queues a window for `branches`, and appends each one's flow to `flows`. For the thread of `sink`.
Readers queueFor(GstPad* sink, const TextBranches& branches, const PlacedWindow& place,
                 std::vector<GstFlowReturn>& flows);
/// Gives a window's text to all that wait for it. Any thread.
void deliver(GstElement* element, const Readers& readers, const Result<DecodedWindow>& decoded) noexcept;

/// Combines the flows of a window's pads. The first one is that of `src`, and decides. Where it is NOT_LINKED
/// or EOS, the result is OK as long as any pad is OK.
GstFlowReturn combinedFlow(const std::vector<GstFlowReturn>& flows);

}  // namespace npuspeech::gst
