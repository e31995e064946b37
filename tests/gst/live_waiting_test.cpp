// SPDX-License-Identifier: LGPL-2.1-or-later
// Live text that waits for nobody: neither for words that do not come, nor for upstream.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gst/core/events.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

/// Takes no committed-event until it is opened.
class SlowUpstream {
 public:
  explicit SlowUpstream(GstPad* pad) {
    gst_pad_set_element_private(pad, this);
    gst_pad_set_event_function(pad, [](GstPad* at, GstObject*, GstEvent* event) -> gboolean {
      auto* const self = static_cast<SlowUpstream*>(gst_pad_get_element_private(at));
      if (gst::parseCommittedEvent(event)) self->wait();
      gst_event_unref(event);
      return TRUE;
    });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    isOpen_ = true;
    changed_.notify_all();
  }
  bool isAsked() {
    const std::lock_guard lock(mutex_);
    return isAsked_;
  }

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    isAsked_ = true;
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return isOpen_; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool isOpen_ = false, isAsked_ = false;  // under mutex_
};

TEST(LiveWaiting, ASlowUpstreamHoldsUpNoText) {
  const TinyModel model({.says = kSays});
  const std::string launch = "npuwhisperdec threads=1 language=en model=" + model.path();
  Harness h(launch);
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(statesCaps().c_str());
  SlowUpstream upstream(h.get()->srcpad);
  Harness other(launch);  // the same engine
  other.setCaps(statesCaps().c_str());
  h.push(states(300, 0, 0, true));
  for (int i = 0; i < 10000 && !upstream.isAsked(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(upstream.isAsked());
  other.push(states(300, 0, 0, true));
  const auto append = [](std::string& text, const Output& more) {
    for (const Text& word : more.texts()) text.append(text.empty() ? "" : " ").append(word.text);
  };
  std::string own, others;
  for (int i = 0; i < 10000 && (own != kSaid || others != kSaid); ++i) {
    append(own, h.take());
    append(others, other.take());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(own, kSaid);
  EXPECT_EQ(others, kSaid);
  upstream.open();
}

TEST(LiveWaiting, LinesLeaveInTimeWhileNothingFollows) {
  const TinyModel model({.says = kSays});
  Harness h("npuwhisperdec threads=1 language=en granularity=line latency=300 model=" + model.path());
  gst_harness_use_systemclock(h.get());
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(statesCaps().c_str());
  h.push(states(400, 0, 0, false));
  h.push(states(440, 0, 0, false));
  std::string text;
  for (int i = 0; i < 10000 && text.empty(); ++i) {
    text = h.take().joined();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(std::string(kSaid).find(text), 0u) << text;
}

}  // namespace
}  // namespace npuspeech::test
