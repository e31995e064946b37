// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/core/pad_task.h"

namespace npuspeech::gst {
namespace {

constexpr char kAttached[] = "npuspeech-task";

}  // namespace

/// What a pad knows of its task, until the pad goes.
struct PadTask::Attached {
  PadTask* task;
  bool mayGo;
  std::weak_ptr<void> owner;
};

void PadTask::attach(GstPad* src, const std::shared_ptr<void>& owner) {
  src_ = src;
  g_object_set_data_full(G_OBJECT(src), kAttached, new Attached{this, owner != nullptr, owner},
                         [](gpointer data) { delete static_cast<Attached*>(data); });
  gst_pad_set_activatemode_function(src, activateMode);
  gst_pad_set_event_function(src, srcEvent);
}

bool PadTask::startTask() {
  return gst_pad_start_task(
      src_, [](gpointer self) { static_cast<PadTask*>(self)->iterate(); }, this, nullptr);
}

/// Calls `use` with the pad's task, which stays there meanwhile; `otherwise` where it has gone.
template <class Use>
gboolean PadTask::withTask(GstPad* pad, gboolean otherwise, Use&& use) {
  const auto* attached = static_cast<const Attached*>(g_object_get_data(G_OBJECT(pad), kAttached));
  const std::shared_ptr<void> owner = attached->owner.lock();
  return attached->mayGo && !owner ? otherwise : use(*attached->task);
}

gboolean PadTask::srcEvent(GstPad* pad, GstObject* parent, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE)
    withTask(pad, TRUE, [](PadTask& task) {
      task.resume();
      return TRUE;
    });
  return gst_pad_event_default(pad, parent, event);
}

gboolean PadTask::activateMode(GstPad* pad, GstObject*, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  return withTask(pad, TRUE, [&](PadTask& task) -> gboolean {
    if (active) return task.start();
    task.shutDown();
    return gst_pad_stop_task(pad);
  });
}

}  // namespace npuspeech::gst
