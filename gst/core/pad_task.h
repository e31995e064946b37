// SPDX-License-Identifier: LGPL-2.1-or-later
// A source pad's task, which runs while the pad is active.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace npuspeech::gst {

/// Calls iterate() again and again on the task of one pad. The derived class says what to do, and starts and
/// stops it.
class PadTask {
 public:
  explicit PadTask(GstElement* element) : element_(element) {}
  PadTask(const PadTask&) = delete;
  PadTask& operator=(const PadTask&) = delete;

  /// Takes over the pad's activation and events. Call it once, before the pad is used. `owner` is the object
  /// that contains this one, where that may be destroyed before the pad is: calls of the pad keep it alive
  /// while they run.
  void attach(GstPad* src, const std::shared_ptr<void>& owner = nullptr);

 protected:
  ~PadTask() = default;

  /// Does one piece of work. Called on the pad's task, with the pad's stream lock held.
  virtual void iterate() = 0;
  /// Called when the pad becomes active. False where the task cannot run; the error is posted.
  virtual bool start() = 0;
  /// Called when the pad is linked.
  virtual void resume() = 0;
  /// Called when the pad becomes inactive. A running iterate() has to return soon.
  virtual void shutDown() = 0;

  GstPad* src() const { return src_; }
  GstElement* element() const { return element_; }
  /// Starts the pad's task. False where no thread can be started.
  bool startTask();

 private:
  struct Attached;
  template <class Use>
  static gboolean withTask(GstPad* pad, gboolean otherwise, Use&& use);
  static gboolean srcEvent(GstPad* pad, GstObject* parent, GstEvent* event);
  static gboolean activateMode(GstPad* pad, GstObject*, GstPadMode mode, gboolean active);

  GstElement* const element_;
  GstPad* src_ = nullptr;
};

}  // namespace npuspeech::gst
