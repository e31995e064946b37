// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/mel_output.h"

#include <utility>

#include "gst/core/boundary.h"
#include "gst/core/running_time.h"
#include "gst/memory/npu_buffer_pool.h"
#include "gst/memory/window_meta.h"

namespace npuspeech::gst {

std::optional<TensorFormat> MelOutput::query() const {
  const Held<GstCaps> all(gst_pad_get_pad_template_caps(src_));
  GstCaps* caps = gst_pad_peer_query_caps(src_, all.get());
  if (!caps) return {};
  if (!gst_caps_is_empty(caps)) caps = gst_caps_fixate(caps);
  const Held<GstCaps> owned(caps);
  return parseTensorCaps(caps);
}

bool MelOutput::configure(const TensorFormat& format) {
  const auto caps = tensorCaps(format);
  const bool isKnown = isConfigured() && format == format_;
  if (!isKnown && !gst_pad_push_event(src_, gst_event_new_caps(caps.get()))) return false;
  format_ = format;
  isNewStream_ = false;
  replacePool(decideTensorPool(src_, device_, caps.get(), format.bytes()));
  return isConfigured();
}

void MelOutput::reset() {
  replacePool(nullptr);
  format_ = {};
  isNewStream_ = discont_ = true;
}

void MelOutput::replacePool(Held<GstBufferPool> pool) {
  {
    const ObjectLock lock(element_);
    std::swap(pool_, pool);
  }
  if (pool) gst_buffer_pool_set_active(pool.get(), FALSE);
}

void MelOutput::setFlushing(bool flushing) {
  Held<GstBufferPool> pool;
  {
    const ObjectLock lock(element_);
    if (pool_) pool.reset(GST_BUFFER_POOL_CAST(gst_object_ref(pool_.get())));
  }
  if (pool) gst_buffer_pool_set_flushing(pool.get(), flushing);
}

GstFlowReturn MelOutput::pushWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) {
  GstBuffer* raw = nullptr;
  const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(pool_.get(), &raw, nullptr);
  if (flow == GST_FLOW_ERROR)
    postError(element_,
              {ErrorCode::OutOfMemory, "There is no memory for a buffer of log-mel: run less beside it."});
  if (flow != GST_FLOW_OK) return flow;
  Held<GstBuffer> buffer(raw);
  {
    const Mapped map(raw, GST_MAP_WRITE);
    if (!map || map.size() < format_.bytes()) {
      postError(element_,
                {ErrorCode::OutOfMemory,
                 "A buffer of log-mel cannot be mapped for writing, or is smaller than its caps say: use the "
                 "pool that npuwhisperenc offers."});
      return GST_FLOW_ERROR;
    }
    windower.logMel(map.as<float>());
  }
  GST_BUFFER_PTS(raw) = static_cast<GstClockTime>(window.startNs);
  GST_BUFFER_DURATION(raw) = static_cast<GstClockTime>(window.durationNs);
  if (discont_) GST_BUFFER_FLAG_SET(raw, GST_BUFFER_FLAG_DISCONT);
  discont_ = false;
  addWindowMeta(raw, {{window.frames, format_.rows / 2, {}},
                      window.utterance,
                      window.number,
                      window.isFinal,
                      window.isStalled,
                      jump,
                      runningTime(element_)});
  ++stats_.windows;
  sound_.speechWindows += window.number == 0;
  return gst_pad_push(src_, buffer.release());
}

GstFlowReturn MelOutput::pushGap(GstClockTime start, GstClockTime duration) {
  if (duration == 0 || gst_pad_push_event(src_, gst_event_new_gap(start, duration))) return GST_FLOW_OK;
  const GstFlowReturn last = gst_pad_get_last_flow_return(src_);
  return GST_PAD_IS_FLUSHING(src_) ? GST_FLOW_FLUSHING : last < GST_FLOW_OK ? last : GST_FLOW_OK;
}

void MelOutput::heard(std::span<const float> audio, bool isLive) {
  sound_.add(audio);
  if (isLive && static_cast<GstClockTime>(sound_.durationNs()) >= kSoundNewsEvery) tellSound(false);
}

void MelOutput::tellSound(bool isLast) {
  gst_pad_push_event(src_, newSoundEvent({std::exchange(sound_, {}), isLast}));
}

}  // namespace npuspeech::gst
