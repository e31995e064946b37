// SPDX-License-Identifier: LGPL-2.1-or-later
// The task of a source pad, which runs while the pad is active.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace npuspeech::gst {

/// Runs iterate() again and again on the task of one pad. What is over it says when.
class PadTask {
 public:
  explicit PadTask(GstElement* element) : element_(element) {}
  PadTask(const PadTask&) = delete;
  PadTask& operator=(const PadTask&) = delete;

  /// Takes over the pad's activation and its events. Once, before the pad is used. owner: what this object
  /// lives in, where that may go before the pad does; the pad's calls keep it meanwhile.
  void attach(GstPad* src, const std::shared_ptr<void>& owner = nullptr);

 protected:
  ~PadTask() = default;

  /// On the pad's thread, with its stream lock held.
  virtual void iterate() = 0;
  /// The pad becomes active; or it is linked anew. False where the task cannot run: the error is on the bus.
  virtual bool start() = 0;
  virtual void resume() = 0;
  /// The pad becomes inactive: iterate() has to return soon.
  virtual void shutDown() = 0;

  GstPad* src() const { return src_; }
  GstElement* element() const { return element_; }
  /// False where no thread can be had.
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
