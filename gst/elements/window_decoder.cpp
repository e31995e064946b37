// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/window_decoder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/queries.h"
#include "gst/memory/encoded_window.h"
#include "gst/memory/window_meta.h"

namespace npuspeech::gst {
namespace {

/// Enough for the engine to batch windows, at 3 MB each for the base model.
constexpr size_t kWindowsInFlight = 8;
/// Live, text may wait for a sink that is in no hurry, while the engine works on what comes next.
constexpr size_t kLiveWindowsInFlight = 256;

/// Live, words are timed before the audio behind them is heard, and more often late than early.
constexpr int64_t kLiveLeadNs = 150'000'000;

PlacedWindow placed(GstBuffer* buffer, const Window& window, const StreamOptions& options) {
  PlacedWindow place;
  place.pts = GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : 0;
  place.duration = GST_BUFFER_DURATION_IS_VALID(buffer)
                       ? GST_BUFFER_DURATION(buffer)
                       : static_cast<GstClockTime>(window.shape.frames) * 10 * GST_MSECOND;
  place.utterance = window.utterance;
  place.jump = window.jump;
  place.heardAt = window.heardAt;
  place.discont = GST_BUFFER_IS_DISCONT(buffer);
  place.isFinal = window.isFinal;
  place.isLive = options.live;
  place.task = options.task;
  return place;
}

/// Gives the text of a window the times of its source's clock.
void applyJump(const PlacedWindow& place, DecodedWindow& window) {
  for (std::vector<Word>* words : {&window.words, &window.interim})
    place.jump.apply(static_cast<int64_t>(place.pts), *words);
}

}  // namespace

WindowDecoder::WindowDecoder(GstElement* element, GstPad* sink, GstPad* src,
                             std::function<DecoderSettings()> settings)
    : element_(element),
      sink_(sink),
      src_(src),
      settings_([this, properties = std::move(settings)] {
        DecoderSettings current = properties();
        if (isLive_) current.captions.leadNs = kLiveLeadNs;
        return current;
      }),
      loader_(element),
      reader_(element),
      sender_(sink),
      interim_(element),
      translations_(element),
      text_(TextBranch::make(element, sink, src, kWindowsInFlight, stats_, &interim_,
                             TextBranch::Hooks{settings_, [this] { return translations_.anyRead(); },
                                               [this] {
                                                 loader_.setInterrupted(true);
                                                 cancel();
                                               }})) {}

std::shared_ptr<DecodeStream> WindowDecoder::stream() {
  const std::lock_guard lock(mutex_);
  return stream_;
}

void WindowDecoder::setStream(std::shared_ptr<DecodeStream> stream) {
  const std::lock_guard lock(mutex_);
  stream_.swap(stream);
}

void WindowDecoder::cancel() {
  if (const auto current = stream()) current->cancel();
  translations_.cancel();
}

TextBranches WindowDecoder::branches() const {
  TextBranches all = translations_.branches();
  all.insert(all.begin(), text_);
  return all;
}

void WindowDecoder::waitIdle() {
  for (const auto& branch : branches()) branch->stage().waitIdle();
}

bool WindowDecoder::check() {
  const DecoderSettings settings = settings_();
  StreamOptions options = settings.stream;
  options.language = primaryLanguage(options.language);
  const auto checked = Engine::check(settings.engine, options);
  if (!checked) postError(element_, checked.error());
  return static_cast<bool>(checked);
}

void WindowDecoder::start() {
  stats_.reset();
  format_.reset();
  isRefused_ = false;
  isNewStream_ = true;
  segment_.reset();
  for (const auto& branch : branches()) branch->start();
  interim_.reset();
  loader_.setInterrupted(false);
}

void WindowDecoder::pause() {
  const Held<GstEvent> event(newPauseEvent());
  for (const auto& branch : branches()) branch->stage().pushEvent(Held<GstEvent>(gst_event_ref(event.get())));
  interim_.forward(event.get());
}

void WindowDecoder::stop() {
  setStream(nullptr);
  translations_.close();
  sender_.stop();
}

GstPad* WindowDecoder::addTranslation(GstPadTemplate* pattern, const gchar* name) {
  return translations_.add(pattern, name, src_, {settings_, [] { return true; }, [] {}});
}

bool WindowDecoder::begin(const GstCaps* states) {
  const DecoderSettings settings = settings_();
  // Only now: an encoder with the same model has loaded it, and has reported what was wrong with it.
  loader_.start(settings.engine);
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = loader_.wait(&flow);
  // What is wrong is on the bus, and the next buffer's flow ends the stream; refused caps would come again
  // with it.
  if (!engine) return flow == GST_FLOW_ERROR;
  isRefused_ = true;  // until all is well
  const ModelInfo& info = engine->info();
  const auto format = parseTensorCaps(states);
  const TensorFormat expected{TensorFormat::Id::EncoderStates, info.audioContext, info.stateWidth};
  if (!format || *format != expected) {
    format_.reset();
    const Held<char> text(gst_caps_to_string(states));
    postError(element_,
              {ErrorCode::BadValue, "Model " + info.name + " decodes " + std::to_string(info.audioContext) +
                                        " states of width " + std::to_string(info.stateWidth) +
                                        ", but the stream is " + text.get() + ": use the encoder's model."});
    return true;
  }
  StreamOptions options = settings.stream;
  options.language = primaryLanguage(options.language);
  options.live = upstreamIsLive(sink_);
  // Who only asks again would have what is being said begin anew.
  if (format_ && stream() && !isNewStream_ && options == options_) {
    isRefused_ = false;
    return true;
  }
  format_.reset();
  options_ = std::move(options);
  isLive_ = options_.live;
  if (isLive_) sender_.start();
  text_->stage().setCapacity(options_.live ? kLiveWindowsInFlight : kWindowsInFlight);
  // What is in flight finishes on the old streams.
  if (stream()) waitIdle();
  auto opened = engine->openStream(options_);
  const auto begun = translations_.begin(engine, options_);
  if (!opened || !begun) {
    postError(element_, opened ? begun.error() : opened.error());
    return true;
  }
  format_ = format;
  isRefused_ = false;
  setStream(std::move(*opened));
  const Held<GstCaps> caps(gst_pad_get_pad_template_caps(src_));
  const Held<GstEvent> event(gst_event_new_caps(caps.get()));
  const bool isPushed = pushEvent(event.get());
  isNewStream_ = !isPushed;
  return isPushed;
}

GstFlowReturn WindowDecoder::decode(GstBuffer* buffer) {
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = loader_.wait(&flow);
  if (!engine) return flow;
  const auto current = stream();
  if (isRefused_) return GST_FLOW_ERROR;
  if (!current || !format_) return GST_FLOW_NOT_NEGOTIATED;
  const auto window = windowOf(buffer, format_->rows);
  if (!window) {
    postError(element_, window.error());
    return GST_FLOW_ERROR;
  }
  // Only who is live has use for text of an utterance that goes on.
  if (!window->isFinal && !options_.live) {
    ++stats_.dropped;
    return GST_FLOW_OK;
  }
  auto encoded = encodedWindow(buffer, window->shape, *engine, reader_);
  stats_.copies = reader_.copies();
  if (!encoded) {
    postError(element_, encoded.error());
    return GST_FLOW_ERROR;
  }
  const PlacedWindow place = placed(buffer, *window, options_);
  encoded->startNs = static_cast<int64_t>(place.pts);
  encoded->utterance = window->utterance;
  encoded->isFinal = window->isFinal;
  encoded->isStalled = window->isStalled;
  return submit(std::move(*encoded), place, *current);
}

GstFlowReturn WindowDecoder::submit(EncodedWindow window, PlacedWindow place, DecodeStream& stream) {
  auto plan = translations_.plan(window);
  if (!plan) {
    postError(element_, plan.error());
    return GST_FLOW_ERROR;
  }
  std::vector<GstFlowReturn> flows;
  plan->same.insert(plan->same.begin(), text_);
  Readers same = queueFor(sink_, plan->same, place, flows);
  PlacedWindow otherPlace = place;
  otherPlace.task = translations_.otherTask();
  Readers other = queueFor(sink_, plan->other, otherPlace, flows);
  // Whoever has queued it waits for it, also where others have failed.
  const bool isRead = !same.empty(), isOtherRead = !other.empty();
  const auto stop = text_->stage().stopToken();
  const EncodedWindow again = window;
  if (isRead)
    stream.submit(std::move(window), [this, place, segment = segment_, isTranslated = plan->isNeeded, stop,
                                      readers = std::move(same)](Result<DecodedWindow> decoded) {
      if (decoded) applyJump(place, *decoded);
      guardedVoid(element_, [&] {
        if (decoded && place.isLive && segment) tellLive(*decoded, place, segment.get(), isTranslated, stop);
      });
      deliver(element_, readers, decoded);
    });
  if (isOtherRead)
    plan->stream->submit(again, [this, place, readers = std::move(other)](Result<DecodedWindow> decoded) {
      if (decoded) applyJump(place, *decoded);
      translations_.answered(place.utterance, decoded ? decoded->neededFromNs : INT64_MIN);
      deliver(element_, readers, decoded);
    });
  if (!plan->other.empty() && !isOtherRead) translations_.answered(place.utterance, INT64_MIN);
  // A flush that came in between has cancelled before there was anything to cancel.
  if (stop.stop_requested()) cancel();
  return combinedFlow(flows);
}

void WindowDecoder::tellLive(const DecodedWindow& window, const PlacedWindow& place, GstEvent* segment,
                             bool isTranslated, const std::stop_token& stale) {
  if (window.isSuperseded || stale.stop_requested()) return;
  const GstSegment* times = nullptr;
  gst_event_parse_segment(segment, &times);
  int64_t needed = window.neededFromNs;
  if (isTranslated)
    needed = std::max(std::min(needed, translations_.neededFromNs()), static_cast<int64_t>(place.pts));
  const auto until = gst_segment_to_stream_time(times, GST_FORMAT_TIME, static_cast<GstClockTime>(needed));
  if (GST_CLOCK_TIME_IS_VALID(until))
    sender_.send(Held<GstEvent>(newCommittedEvent({place.utterance, until})));
  interim_.show(window, segment, place.start(), place.end() - place.start(), place.isFinal, stale);
}

bool WindowDecoder::pushEvent(GstEvent* event) {
  isNewStream_ |= GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START;
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    segment_.reset(gst_event_ref(event), gst_event_unref);
    translations_.reset();
  }
  for (const auto& branch : translations_.branches()) branch->pushEvent(sink_, event);
  return text_->pushEvent(sink_, event);
}

void WindowDecoder::startFlush(GstEvent* event) {
  sender_.drop();
  interim_.startFlush(event);
  for (const auto& branch : branches()) branch->stage().startFlush(Held<GstEvent>(gst_event_ref(event)));
}

void WindowDecoder::stopFlush(GstEvent* event) {
  loader_.setInterrupted(false);
  interim_.stopFlush(event);
  translations_.reset();
  for (const auto& branch : branches())
    branch->stage().stopFlush(Held<GstEvent>(gst_event_ref(event)), [&] { branch->output().reset(); });
}

}  // namespace npuspeech::gst
