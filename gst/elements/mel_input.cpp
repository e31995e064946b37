// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/mel_input.h"

#include <gst/audio/audio.h>

#include <algorithm>
#include <utility>

#include "gst/core/boundary.h"
#include "gst/core/queries.h"
#include "gst/core/running_time.h"
#include "speech/audio/log_mel.h"

GST_DEBUG_CATEGORY_EXTERN(npumel_debug);
#define GST_CAT_DEFAULT npumel_debug

namespace npuspeech::gst {
namespace {

constexpr int kRate = LogMel::kSampleRate;

/// Nothing where one cannot compute with it.
std::optional<int64_t> timeOf(GstClockTime time) {
  const auto ns = static_cast<int64_t>(time);
  return AudioRun::isTime(ns) ? std::optional(ns) : std::nullopt;
}

/// The duration is that of the samples, whatever it says, and a time too large to compute with is none.
Held<GstBuffer> withSaneTimes(Held<GstBuffer> buffer) {
  const bool hasTime = timeOf(GST_BUFFER_PTS(buffer.get())).has_value();
  const GstClockTime duration =
      gst_util_uint64_scale(gst_buffer_get_size(buffer.get()) / sizeof(float), GST_SECOND, kRate);
  if (hasTime && GST_BUFFER_DURATION(buffer.get()) == duration) return buffer;
  buffer.reset(gst_buffer_make_writable(buffer.release()));
  if (!hasTime) GST_BUFFER_PTS(buffer.get()) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer.get()) = duration;
  return buffer;
}

}  // namespace

MelInput::MelInput(GstElement* element, GstPad* sink, GstPad* src, Stats& stats,
                   std::function<MelSettings()> settings)
    : element_(element),
      sink_(sink),
      src_(src),
      settings_(std::move(settings)),
      output_(element, src, stats),
      input_(*this),
      watch_(element, [this] { endStalled(); }) {}

void MelInput::start(std::shared_ptr<const SileroWeights> vad) {
  hasWarned_ = false;
  input_.start(std::move(vad));
  flush();
}

void MelInput::stop() {
  watch_.stop();
  output_.reset();
  input_.stop();
}

void MelInput::flush() {
  input_.reset();
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  output_.forgetSound();
  watch_.expect(GST_CLOCK_TIME_NONE);
}

void MelInput::drain() {
  if (input_.isOn()) watch_.expect(GST_CLOCK_TIME_NONE);
  input_.drain();
}

void MelInput::end() {
  drain();
  output_.tellSound();
}

// What the input asks and gives

Windower::Options MelInput::windowOptions() {
  Windower::Options options = settings_().windows;
  options.melBins = output_.format().columns;
  options.live = upstreamIsLive(sink_);
  GST_INFO_OBJECT(element_, "%s, %d mel bins", options.live ? "live" : "not live", options.melBins);
  return options;
}

int64_t MelInput::nowNs() {
  return g_get_monotonic_time() * 1000;
}

std::optional<int64_t> MelInput::positionOf(int64_t streamTimeNs) {
  return timeOf(gst_segment_position_from_stream_time(&segment_, GST_FORMAT_TIME,
                                                      static_cast<GstClockTime>(streamTimeNs)));
}

bool MelInput::takeWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) {
  GST_LOG_OBJECT(element_, "utterance %" G_GUINT64_FORMAT " window %u: %d frames at %" GST_TIME_FORMAT "%s",
                 window.utterance, window.number, window.frames, GST_TIME_ARGS(window.startNs),
                 window.isFinal ? ", final" : "");
  flow_ = output_.pushWindow(windower, window, jump);
  return flow_ == GST_FLOW_OK;
}

bool MelInput::takeGap(int64_t startNs, std::optional<int64_t> durationNs) {
  flow_ = output_.pushGap(static_cast<GstClockTime>(std::max<int64_t>(startNs, 0)),
                          durationNs ? static_cast<GstClockTime>(*durationNs) : GST_CLOCK_TIME_NONE);
  return flow_ == GST_FLOW_OK;
}

void MelInput::receive(const Settled& settled) {
  input_.receive({settled.utterance, static_cast<int64_t>(settled.until), nowNs()});
}

// What downstream takes

bool MelInput::negotiate() {
  if (!gst_pad_check_reconfigure(src_) && output_.isConfigured()) return true;
  if (agree()) return true;
  gst_pad_mark_reconfigure(src_);
  return false;
}

/// Drains first, where windows of another shape are pending.
bool MelInput::agree() {
  const auto format = output_.query();
  if (!format) return false;
  if (format != output_.format()) {
    drain();
    input_.forgetWindower();
  }
  return output_.configure(*format);
}

void MelInput::startStream() {
  drain();
  output_.startStream();
}

// Audio

GstFlowReturn MelInput::take(Held<GstBuffer> buffer) {
  if (segment_.format != GST_FORMAT_TIME) return GST_FLOW_ERROR;
  if (!negotiate()) return GST_PAD_IS_FLUSHING(src_) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
  buffer = withSaneTimes(std::move(buffer));
  buffer.reset(gst_audio_buffer_clip(buffer.release(), &segment_, kRate, sizeof(float)));
  if (!buffer) return GST_FLOW_OK;
  const Mapped map(buffer.get(), GST_MAP_READ);
  if (!map) {
    postError(
        element_,
        {ErrorCode::OutOfMemory,
         "A buffer of audio cannot be mapped for reading: pass audio in memory that the CPU can read."});
    return GST_FLOW_ERROR;
  }
  const std::span samples(map.as<const float>(), map.size() / sizeof(float));
  output_.heard(samples, input_.isLive());
  input_.push(samples, timeOf(GST_BUFFER_PTS(buffer.get())), GST_BUFFER_IS_DISCONT(buffer.get()));
  if (input_.isKeeping()) return flow();
  warnOfClicks();
  expectMore();
  return flow();
}

bool MelInput::takeGap(GstEvent* event) {
  GstClockTime start = 0, duration = 0;
  gst_event_parse_gap(event, &start, &duration);
  const int64_t end = input_.endNs();
  const bool isInside = input_.takeGap(timeOf(start), timeOf(duration));
  if (!input_.goesOn()) return false;
  if (isInside) {
    // Who only says that nothing comes may have stalled all the same.
    if (input_.endNs() > end) expectMore();
    return true;
  }
  watch_.expect(GST_CLOCK_TIME_NONE);
  return gst_pad_push_event(src_, gst_event_ref(event));
}

bool MelInput::setSegment(GstEvent* event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  if (segment->format != GST_FORMAT_TIME || segment->rate <= 0) {
    postError(
        element_,
        {ErrorCode::Unsupported,
         "Speech is only understood forwards and in segments of the format time: play it at a rate above "
         "0."});
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
    return false;
  }
  if (!input_.isOn() || !continues(*segment)) {
    drain();
    input_.moveTo(static_cast<int64_t>(segment->start));
  }
  gst_segment_copy_into(segment, &segment_);
  return true;
}

/// Whether times mean in `next` what they do now, as where somebody only tells the duration.
bool MelInput::continues(const GstSegment& next) const {
  const auto end = static_cast<GstClockTime>(input_.endNs());
  return next.format == segment_.format && next.rate == segment_.rate && next.flags == segment_.flags &&
         next.applied_rate == segment_.applied_rate && next.start <= segment_.start &&
         gst_segment_to_running_time(&next, GST_FORMAT_TIME, end) ==
             gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, end) &&
         gst_segment_to_stream_time(&next, GST_FORMAT_TIME, end) ==
             gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, end);
}

// Sources that stall

void MelInput::expectMore() {
  if (!input_.isLive() || !input_.isOn()) return;
  const GstClockTime now = runningTime(element_);
  if (!GST_CLOCK_TIME_IS_VALID(now)) return;
  const GstClockTime until =
      gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, static_cast<GstClockTime>(input_.endNs()));
  watch_.expect(SpeechInput::kStallNs + (GST_CLOCK_TIME_IS_VALID(until) ? std::max(now, until) : now));
}

/// On the watch's thread.
void MelInput::endStalled() {
  GST_PAD_STREAM_LOCK(sink_);
  guardedVoid(element_, [&] {
    if (!watch_.isOverdue() || !input_.isOn()) return;
    const bool isFirst = input_.stall();
    watch_.expect(isFirst && input_.goesOn() ? runningTime(element_) + SpeechInput::kGoneNs
                                             : GST_CLOCK_TIME_NONE);
  });
  GST_PAD_STREAM_UNLOCK(sink_);
}

void MelInput::warnOfClicks() {
  if (hasWarned_ || input_.clicks() == 0) return;
  hasWarned_ = true;
  postWarning(element_,
              {ErrorCode::BadValue,
               "Samples of the audio are not numbers, or far beyond full scale: each counts as a click. "
               "Check what makes the audio."});
}

}  // namespace npuspeech::gst
