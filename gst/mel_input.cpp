// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/mel_input.h"

#include <gst/audio/audio.h>

#include <algorithm>
#include <utility>

#include "gst/boundary.h"
#include "gst/queries.h"
#include "gst/running_time.h"

GST_DEBUG_CATEGORY_EXTERN(npumel_debug);
#define GST_CAT_DEFAULT npumel_debug

namespace npuspeech::gst {
namespace {

constexpr int kRate = LogMel::kSampleRate;
/// A live source that is silent for so long beyond its time has stalled: what was said comes out. Shorter
/// than what text may take by default, and longer than a network hesitates.
constexpr GstClockTime kStall = 2 * GST_SECOND;
/// And one that is silent for so long more will hardly go on in the middle of a word.
constexpr GstClockTime kGone = 10 * GST_SECOND;
/// Behind so much silence a quarter of what comes can be left out: too little to hide that speech begins.
constexpr GstClockTimeDiff kQuietEnough = 200 * GST_MSECOND;
constexpr size_t kSpare = 4;
/// Of the voice activity detector, in samples.
constexpr size_t kFrame = 512;

/// The duration is that of the samples, whatever it says, and a time too large to compute with is none.
Held<GstBuffer> withSaneTimes(Held<GstBuffer> buffer) {
  const bool hasTime = AudioRun::isTime(GST_BUFFER_PTS(buffer.get()));
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
      watch_(element, [this] { endStalled(); }) {}

void MelInput::start(std::shared_ptr<const SileroWeights> vad) {
  vad_ = std::move(vad);
  hasWarned_ = false;
  flush();
}

void MelInput::stop() {
  watch_.stop();
  output_.reset();
  windower_.reset();
  run_.stop();
  kept_.clear();
  vad_.reset();
}

void MelInput::flush() {
  run_.stop();
  run_.moveTo(0);
  kept_.clear();
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  feedback_.reset();
  output_.forgetSound();
  watch_.expect(GST_CLOCK_TIME_NONE);
}

void MelInput::end() {
  drain();
  output_.tellSound();
}

// Windows and gaps

/// Pushes what the windower has ready.
GstFlowReturn MelInput::pushReady() {
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK) {
    const auto next = windower_->next();
    if (!next) break;
    if (const auto* gap = std::get_if<AudioGap>(&*next)) {
      flow = output_.pushGap(jump_.timeOf(static_cast<GstClockTime>(gap->startNs)),
                             static_cast<GstClockTime>(gap->durationNs));
    } else {
      const auto& window = std::get<AudioWindow>(*next);
      GST_LOG_OBJECT(element_,
                     "utterance %" G_GUINT64_FORMAT " window %u: %d frames at %" GST_TIME_FORMAT "%s",
                     window.utterance, window.number, window.frames, GST_TIME_ARGS(window.startNs),
                     window.isFinal ? ", final" : "");
      if (!window.isFinal) feedback_.pushed(*windower_);
      flow = output_.pushWindow(*windower_, window, jump_);
    }
  }
  run_.shift(windower_->takeStretched());
  return flow;
}

GstFlowReturn MelInput::drain() {
  if (!run_.isOn()) return GST_FLOW_OK;
  watch_.expect(GST_CLOCK_TIME_NONE);
  if (const GstFlowReturn flow = settle(); flow != GST_FLOW_OK) return flow;
  run_.stop();
  windower_->drain();
  return pushReady();
}

/// A second at a time, so that a long buffer does not pile its windows up.
GstFlowReturn MelInput::pushAudio(std::span<const float> samples) {
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && !samples.empty()) {
    const auto part = samples.first(std::min<size_t>(samples.size(), kRate));
    samples = samples.subspan(part.size());
    feedback_.apply(segment_, *windower_);
    windower_->push(part);
    run_.add(part.size());
    flow = pushReady();
  }
  return flow;
}

/// A frame at a time where pauses are looked for, as they may be short.
GstFlowReturn MelInput::pushHeard(std::span<const float> samples) {
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && !samples.empty()) {
    const size_t most = isLive_ && run_.lasting() > 0 ? kFrame : samples.size();
    const auto part = samples.first(std::min(samples.size(), most));
    samples = samples.subspan(part.size());
    flow = pushAudio(part);
    if (flow == GST_FLOW_OK) flow = mend();
  }
  return flow;
}

/// At most AudioRun::kLongestSilence.
GstFlowReturn MelInput::pushSilence(GstClockTime duration) {
  const auto count = std::min<size_t>(gst_util_uint64_scale(duration, kRate, GST_SECOND), silence_.size());
  return pushAudio({silence_.data(), count});
}

GstFlowReturn MelInput::pushKept() {
  keptFrom_ = run_.end();
  GstFlowReturn flow = mend();
  std::span<const float> rest = kept_;
  for (const AudioRun::Kept& kept : run_.kept()) {
    if (flow == GST_FLOW_OK && kept.silence > 0) flow = pushSilence(static_cast<GstClockTime>(kept.silence));
    if (flow == GST_FLOW_OK) flow = pushHeard(rest.first(kept.samples));
    rest = rest.subspan(kept.samples);
  }
  kept_.clear();
  return flow;
}

/// What was kept back comes now.
GstFlowReturn MelInput::settle() {
  if (!run_.isKeeping()) return GST_FLOW_OK;
  const GstFlowReturn flow = place(run_.settle());
  return flow == GST_FLOW_OK ? pushKept() : flow;
}

void MelInput::startRun(GstClockTime at) {
  if (!windower_) {
    auto options = settings_().windows;
    options.melBins = output_.format().columns;
    options.live = isLive_ = upstreamIsLive(sink_);
    options.firstUtterance = firstUtterance_;
    GST_INFO_OBJECT(element_, "%s, %d mel bins", options.live ? "live" : "not live", options.melBins);
    windower_ = std::make_unique<Windower>(options, vad_);
  }
  run_.start(at, isLive_);
  jump_ = {};
  keptFrom_ = GST_CLOCK_TIME_NONE;
  output_.markDiscont();
  feedback_.reset();
  windower_->reset(static_cast<int64_t>(run_.end()));
}

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
    if (windower_) firstUtterance_ = windower_->nextUtterance();
    windower_.reset();
  }
  return output_.configure(*format);
}

void MelInput::startStream() {
  drain();
  output_.startStream();
}

// Where the audio stands

/// Before sound of the run: fills what is missing, or starts a new run.
GstFlowReturn MelInput::place(const AudioRun::Next& next) {
  if (!next.isBreak) return next.silence > 0 ? pushSilence(next.silence) : GST_FLOW_OK;
  GstClockTime end = run_.end();
  GST_DEBUG_OBJECT(element_, "a new run at %" GST_TIME_FORMAT " instead of %" GST_TIME_FORMAT,
                   GST_TIME_ARGS(next.start), GST_TIME_ARGS(end));
  GstFlowReturn flow = drain();
  end = jump_.timeOf(end);
  if (flow == GST_FLOW_OK && next.start > end) flow = output_.pushGap(end, next.start - end);
  if (flow == GST_FLOW_OK) startRun(next.start);
  return flow;
}

GstFlowReturn MelInput::take(Held<GstBuffer> buffer) {
  if (segment_.format != GST_FORMAT_TIME) return GST_FLOW_ERROR;
  if (!negotiate()) return GST_PAD_IS_FLUSHING(src_) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
  buffer = withSaneTimes(std::move(buffer));
  buffer.reset(gst_audio_buffer_clip(buffer.release(), &segment_, kRate, sizeof(float)));
  if (!buffer) return GST_FLOW_OK;
  const Mapped map(buffer.get(), GST_MAP_READ);
  if (!map) {
    postError(element_, {ErrorCode::OutOfMemory, "A buffer of audio cannot be mapped."});
    return GST_FLOW_ERROR;
  }
  const std::span samples(map.as<const float>(), map.size() / sizeof(float));
  const AudioRun::Sound sound{GST_BUFFER_PTS(buffer.get()), samples.size(),
                              GST_BUFFER_IS_DISCONT(buffer.get())};
  GstFlowReturn flow = GST_FLOW_OK;
  if (!run_.isOn()) startRun(AudioRun::isTime(sound.at) ? sound.at : run_.end());
  output_.heard(samples, isLive_);
  for (bool isPlaced = false; flow == GST_FLOW_OK && !isPlaced;) {
    const AudioRun::Next next = run_.next(sound);
    if (next.isKept) {
      kept_.insert(kept_.end(), samples.begin(), samples.end());
      return GST_FLOW_OK;
    }
    flow = place(next);
    if (flow == GST_FLOW_OK && next.isKnown) flow = pushKept();
    isPlaced = !next.isKnown;
  }
  if (flow == GST_FLOW_OK) flow = pushHeard(samples.subspan(spare(samples.size())));
  warnOfClicks();
  expectMore();
  return flow;
}

/// Where it began stays: text of it may be out.
ClockJump MelInput::jumpBy(GstClockTime lasting) const {
  if (jump_.by > 0) return {jump_.at, lasting};
  return {std::min(keptFrom_, run_.end()), lasting};
}

/// Timestamps deviate for good, by clocks that drift or sound that went missing unseen: time follows them
/// where nobody speaks. A source that froze and goes on with its clock's time looks as if much were missing,
/// but may have lost nothing, and a cut at once would be in the middle of a word: where nobody pauses, a lull
/// has to do.
GstFlowReturn MelInput::mend() {
  const GstClockTimeDiff lasting = run_.lasting();
  const bool isLong = lasting > AudioRun::kLongestSilence;
  windower_->stretchPauses(0);
  if (isLive_) jump_ = isLong ? jumpBy(static_cast<GstClockTime>(lasting)) : ClockJump{};
  if (lasting == 0) return GST_FLOW_OK;
  if (lasting > 0 && isLive_) {
    if (windower_->quietNs() == 0 && !(isLong && windower_->isLull())) return GST_FLOW_OK;
    if (isLong) return place({.isBreak = true, .start = run_.end() + static_cast<GstClockTime>(lasting)});
    run_.mended(lasting);
    return pushSilence(static_cast<GstClockTime>(lasting));
  }
  if (lasting < -AudioRun::kLongestSilence && isLive_) {
    if (!windower_->isBetweenUtterances()) return GST_FLOW_OK;
    return place({.isBreak = true, .start = run_.end() + static_cast<GstClockTime>(lasting)});
  }
  windower_->stretchPauses(lasting);
  return GST_FLOW_OK;
}

/// Live, who hardly pauses has too little to shorten between utterances: within one, some of what comes can
/// be left out where nobody has spoken for a while. Returns how much.
size_t MelInput::spare(size_t samples) {
  const GstClockTimeDiff lasting = run_.lasting();
  if (!isLive_ || lasting >= 0 || windower_->quietNs() < kQuietEnough) return 0;
  const auto count = std::min<size_t>(
      gst_util_uint64_scale(static_cast<guint64>(-lasting), kRate, GST_SECOND), samples / kSpare);
  run_.mended(-static_cast<GstClockTimeDiff>(gst_util_uint64_scale(count, GST_SECOND, kRate)));
  return count;
}

bool MelInput::takeGap(GstEvent* event) {
  GstClockTime start = 0, duration = 0;
  gst_event_parse_gap(event, &start, &duration);
  if (settle() != GST_FLOW_OK) return false;
  if (const auto silence = run_.silenceOf(start, duration)) {
    expectMore();
    return pushSilence(*silence) == GST_FLOW_OK;
  }
  const bool pushed = drain() == GST_FLOW_OK && gst_pad_push_event(src_, gst_event_ref(event));
  if (AudioRun::isTime(start) && AudioRun::isTime(duration)) run_.moveTo(start + duration);
  return pushed;
}

bool MelInput::setSegment(GstEvent* event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  if (segment->format != GST_FORMAT_TIME || segment->rate <= 0) {
    postError(element_,
              {ErrorCode::Unsupported, "Speech is only understood forwards, in a segment in time."});
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
    return false;
  }
  if (!run_.isOn() || !continues(*segment)) {
    drain();
    run_.moveTo(segment->start);
  }
  gst_segment_copy_into(segment, &segment_);
  return true;
}

/// Whether times mean in `next` what they do now, as where somebody only tells the duration.
bool MelInput::continues(const GstSegment& next) const {
  const GstClockTime end = run_.end();
  return next.format == segment_.format && next.rate == segment_.rate && next.flags == segment_.flags &&
         next.applied_rate == segment_.applied_rate && next.start <= segment_.start &&
         gst_segment_to_running_time(&next, GST_FORMAT_TIME, end) ==
             gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, end) &&
         gst_segment_to_stream_time(&next, GST_FORMAT_TIME, end) ==
             gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, end);
}

// Sources that stall

void MelInput::expectMore() {
  if (!isLive_ || !run_.isOn()) return;
  const GstClockTime now = runningTime(element_);
  if (!GST_CLOCK_TIME_IS_VALID(now)) return;
  const GstClockTime until = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, run_.end());
  hasStalled_ = false;
  watch_.expect(kStall + (GST_CLOCK_TIME_IS_VALID(until) ? std::max(now, until) : now));
}

/// On the watch's thread: what was said comes out, as the source may never go on, but for a word that may
/// have been cut: who froze goes on with the rest of it. Captions that are not full come with the GAP, which
/// ends nowhere, for nobody knows.
void MelInput::endStalled() {
  GST_PAD_STREAM_LOCK(sink_);
  guardedVoid(element_, [&] {
    if (!watch_.isOverdue() || !run_.isOn()) return;
    GST_DEBUG_OBJECT(element_, "the source has stalled at %" GST_TIME_FORMAT, GST_TIME_ARGS(run_.end()));
    const bool isGone = std::exchange(hasStalled_, true);
    GstFlowReturn flow = isGone ? drain() : settle();
    if (flow == GST_FLOW_OK && !isGone) {
      windower_->stall();
      flow = pushReady();
      watch_.expect(runningTime(element_) + kGone);
    }
    if (flow == GST_FLOW_OK) output_.pushGap(jump_.timeOf(run_.end()), GST_CLOCK_TIME_NONE);
  });
  GST_PAD_STREAM_UNLOCK(sink_);
}

void MelInput::warnOfClicks() {
  if (hasWarned_ || windower_->clicks() == 0) return;
  hasWarned_ = true;
  postWarning(element_, {ErrorCode::BadValue,
                         "Samples of the audio are no numbers, or far beyond full scale: each is taken for a "
                         "click. What makes the audio is broken."});
}

}  // namespace npuspeech::gst
