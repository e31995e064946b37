// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are damaged in the middle: demuxers end their streams there as at the file's end.
#include "recovery.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include "clusters.h"
#include "completeness.h"
#include "flv_damage.h"
#include "wave_header.h"

namespace {

// Writers round durations, and leave the last frame out or count it twice.
constexpr int64_t kShortNs = 700'000'000;
// Frames of one stream are closer to each other.
constexpr int64_t kNearNs = 10'000'000'000;
// Streams that are stored together are not so far from each other.
constexpr int64_t kAheadNs = 10'000'000'000;
// What decoders and parsers may leave out.
constexpr int64_t kUndecodedNs = 2'000'000'000;
// Timestamps jitter by less.
constexpr int64_t kGapNs = 100'000'000;
constexpr int64_t kStepNs = 500'000'000;
constexpr guint kCheckMs = 20;
constexpr int kMaxChecks = 250, kMaxTries = 100;

/// The kind of element that a pad belongs to; empty once it belongs to none.
std::string kindOf(GstPad* pad) {
  GstElement* element = gst_pad_get_parent_element(pad);
  if (!element) return {};
  GstElementFactory* factory = gst_element_get_factory(element);
  const std::string kind = factory ? GST_OBJECT_NAME(factory) : "";
  gst_object_unref(element);
  return kind;
}

/// Containers that say how long they are; elsewhere a duration is an estimate.
bool saysDuration(GstPad* demuxed) {
  constexpr std::string_view kNames[] = {"matroskademux", "flvdemux", "avidemux", "asfdemux", "qtdemux"};
  return std::find(std::begin(kNames), std::end(kNames), kindOf(demuxed)) != std::end(kNames);
}

/// Stream time; the timestamp itself where that is later: some writers count what is in front of the first
/// frame into the duration. Negative for a position that is none.
int64_t timeOf(const GstSegment& segment, GstClockTime position) {
  if (segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(position)) return -1;
  guint64 time = 0;
  return gst_segment_to_stream_time_full(&segment, GST_FORMAT_TIME, position, &time) == 1
             ? static_cast<int64_t>(std::max(time, position))
             : -1;
}

int64_t endOf(GstBuffer* buffer, int64_t startNs) {
  return GST_BUFFER_DURATION_IS_VALID(buffer) ? startNs + static_cast<int64_t>(GST_BUFFER_DURATION(buffer))
                                              : -1;
}

bool isSubtitle(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (!caps) return false;
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  const bool isOne = !g_str_has_prefix(kind, "audio/") && !g_str_has_prefix(kind, "video/");
  gst_caps_unref(caps);
  return isOne;
}

std::string streamId(GstPad* pad) {
  gchar* id = gst_pad_get_stream_id(pad);
  std::string result = id ? id : "";
  g_free(id);
  return result;
}

}  // namespace

void Reach::add(int64_t startNs, int64_t endNs) {
  const int64_t lastNs = std::exchange(lastNs_, startNs);
  if (endNs < 0) endNs = startNs + std::clamp<int64_t>(startNs - lastNs, 0, kNearNs);
  if (startNs > endNs_ + kNearNs && std::abs(startNs - lastNs) >= kNearNs) return;
  if (endNs_ > 0 && startNs > endNs_ + kGapNs) gapsNs_ += startNs - endNs_;
  endNs_ = std::max(endNs_, endNs);
}

Recovery::Recovery(Pipeline& pipeline, std::string path, bool mayRead)
    : pipeline_(pipeline), path_(std::move(path)), mayRead_(mayRead) {
  gst_segment_init(&first_, GST_FORMAT_UNDEFINED);
  gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
  constexpr int kTypes =
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH;
  gst_pad_add_probe(pipeline.entry, static_cast<GstPadProbeType>(kTypes), onSound, this, nullptr);
  g_signal_connect(pipeline.source, "source-setup", G_CALLBACK(onReader), this);
}

void Recovery::onReader(GstElement*, GstElement* reader, gpointer self) {
  auto& recovery = *static_cast<Recovery*>(self);
  recovery.reads_.attach(reader);
  recovery.reads_.add(waveHeaderPatches(recovery.path_));
}

Recovery::~Recovery() {
  if (check_) g_source_remove(check_);
  for (const Stream& stream : streams_) gst_object_unref(stream.pad);
}

void Recovery::addStream(GstPad* demuxed) {
  if (!saysDuration(demuxed)) return;
  std::unique_lock lock(mutex_);
  streams_.push_back({this, GST_PAD(gst_object_ref(demuxed)), isSubtitle(demuxed), {}, false});
  Stream* stream = &streams_.back();
  lock.unlock();
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(demuxed, static_cast<GstPadProbeType>(kTypes), onStream, stream, nullptr);
}

GstPadProbeReturn Recovery::onStream(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& stream = *static_cast<Stream*>(data);
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    const std::lock_guard lock(stream.owner->mutex_);
    stream.hasEnded |= GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_EOS;
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (!event) return GST_PAD_PROBE_OK;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  const int64_t startNs = timeOf(*segment, GST_BUFFER_PTS(buffer));
  gst_event_unref(event);
  if (startNs < 0) return GST_PAD_PROBE_OK;
  const std::lock_guard lock(stream.owner->mutex_);
  if (stream.isSparse) stream.reach.add(startNs, startNs);
  stream.reach.add(startNs, endOf(buffer, startNs));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Recovery::onSound(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& recovery = *static_cast<Recovery*>(self);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) return recovery.onBuffer(gst_pad_probe_info_get_buffer(info));
  switch (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info))) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return GST_PAD_PROBE_DROP;  // what was heard is kept
    case GST_EVENT_SEGMENT:
      return recovery.onSegment(info);
    case GST_EVENT_EOS: {
      if (!recovery.askDuration()) return GST_PAD_PROBE_OK;
      std::unique_lock lock(recovery.mutex_);
      if (recovery.isOver_ || !(recovery.isLost() || recovery.isShort(recovery.sound_.endNs())))
        return GST_PAD_PROBE_OK;
      recovery.isHeld_ = true;
      lock.unlock();
      GstElement* top = recovery.pipeline_.top;
      gst_element_post_message(top,
                               gst_message_new_application(GST_OBJECT(top), gst_structure_new_empty(kNews)));
      return GST_PAD_PROBE_DROP;
    }
    default:
      return GST_PAD_PROBE_OK;
  }
}

// Behind a seek that flushes, running time begins again; here it goes on with the file's times.
GstPadProbeReturn Recovery::onSegment(GstPadProbeInfo* info) {
  GstEvent* event = gst_pad_probe_info_get_event(info);
  gst_event_copy_segment(event, &segment_);
  std::unique_lock lock(mutex_);
  resumes_ = hasSought_;
  lock.unlock();
  if (!resumes_) {
    if (first_.format == GST_FORMAT_UNDEFINED) first_ = segment_;
    return GST_PAD_PROBE_OK;
  }
  segment_.base = first_.base + (segment_.time > first_.time ? segment_.time - first_.time : 0);
  GstEvent* replacement = gst_event_new_segment(&segment_);
  gst_event_set_seqnum(replacement, gst_event_get_seqnum(event));
  gst_event_unref(event);
  GST_PAD_PROBE_INFO_DATA(info) = replacement;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Recovery::onBuffer(GstBuffer* buffer) {
  const int64_t startNs = timeOf(segment_, GST_BUFFER_PTS(buffer));
  if (startNs < 0) return GST_PAD_PROBE_OK;
  if (!std::exchange(hasBegun_, true)) askDuration();
  const int64_t endNs = std::max(endOf(buffer, startNs), startNs);
  const std::lock_guard lock(mutex_);
  // Demuxers go back to where they can begin.
  if (resumes_ && endNs <= sound_.endNs()) return GST_PAD_PROBE_DROP;
  hasReadOn_ |= std::exchange(resumes_, false);
  sound_.add(startNs, endNs);
  return GST_PAD_PROBE_OK;
}

/// Of the container; false where it has none.
bool Recovery::askDuration() {
  std::unique_lock lock(mutex_);
  if (streams_.empty()) return false;
  GstPad* pad = streams_.front().pad;
  lock.unlock();
  gint64 durationNs = 0;
  if (const auto promised = promisedByAvi(path_))
    durationNs = *promised;  // what GStreamer tells is what it has found
  else
    gst_pad_query_duration(pad, GST_FORMAT_TIME, &durationNs);
  const std::string id = streamId(pipeline_.entry);
  lock.lock();
  // That of fragments grows as they are found; elsewhere damaged timestamps would count.
  const bool grows = kindOf(pad) == "qtdemux";
  if (durationNs_ == 0 || grows) durationNs_ = std::max<int64_t>(durationNs_, durationNs);
  soundId_ = id;
  return durationNs_ > 0;
}

bool Recovery::isShort(int64_t reachedNs) const {
  return durationNs_ > 0 && reachedNs + kShortNs < durationNs_;
}

int64_t Recovery::reachedNs() const {
  int64_t reachedNs = sound_.endNs();
  for (const Stream& stream : streams_) reachedNs = std::max(reachedNs, stream.reach.endNs());
  return reachedNs;
}

/// The demuxer has given sound of which nothing could be made.
bool Recovery::isLost() const {
  return std::any_of(streams_.begin(), streams_.end(), [this](const Stream& stream) {
    return streamId(stream.pad) == soundId_ &&
           stream.reach.endNs() - stream.reach.gapsNs() > sound_.endNs() - sound_.gapsNs() + kUndecodedNs;
  });
}

void Recovery::attend() {
  if (check_) return;
  checks_ = 0;
  check_ = g_timeout_add(
      kCheckMs,
      [](gpointer self) -> gboolean {
        auto& recovery = *static_cast<Recovery*>(self);
        if (!recovery.isSettled()) return G_SOURCE_CONTINUE;
        recovery.check_ = 0;
        if (!recovery.seekOn()) recovery.pipeline_.endSound();
        return G_SOURCE_REMOVE;
      },
      this);
}

/// Nothing more comes, or nothing that matters: a picture goes on where the sound has ended.
bool Recovery::isSettled() {
  const std::lock_guard lock(mutex_);
  const auto hasEnded = [](const Stream& stream) { return stream.hasEnded; };
  if (isHeld_ && std::all_of(streams_.begin(), streams_.end(), hasEnded)) return true;
  if (isHeld_ && (!isShort(reachedNs()) || reachedNs() > sound_.endNs() + kAheadNs)) return true;
  // Behind an error the end need not come.
  const int64_t progressNs = reachedNs() + sound_.endNs();
  if (std::exchange(progressNs_, progressNs) != progressNs) checks_ = 0;
  return ++checks_ == kMaxChecks;
}

/// False where the sound is to end.
bool Recovery::seekOn() {
  std::unique_lock lock(mutex_);
  const int64_t reached = isLost() ? sound_.endNs() : reachedNs();
  const bool goesOn = reached > sound_.endNs() + kAheadNs;
  isOver_ = true;
  if (!isLost() && (!isShort(reached) || goesOn)) return false;
  isDamaged_ = true;
  stepNs_ = reached > fromNs_ ? kStepNs : 2 * stepNs_;
  fromNs_ = std::max(fromNs_, reached);
  isOver_ = false;
  isHeld_ = false;
  const bool isFirst = !std::exchange(hasSought_, true);
  for (Stream& stream : streams_) stream.hasEnded = false;
  lock.unlock();
  if (mayRead_ && isFirst) reads_.add(overFlvDamage(path_));
  while (mayRead_ && tries_++ < kMaxTries && fromNs_ + stepNs_ < durationNs_) {
    constexpr int kFlags = GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT;
    GstEvent* seek = gst_event_new_seek(1, GST_FORMAT_TIME, static_cast<GstSeekFlags>(kFlags),
                                        GST_SEEK_TYPE_SET, fromNs_ + stepNs_, GST_SEEK_TYPE_NONE, -1);
    if (gst_pad_push_event(pipeline_.entry, seek)) return true;
    stepNs_ *= 2;
  }
  lock.lock();
  isOver_ = true;
  return false;
}

bool Recovery::takesError() {
  if (isCutShort(path_) || !askDuration()) return false;
  std::unique_lock lock(mutex_);
  if (isOver_ || sound_.endNs() == 0) return false;
  if (!isShort(reachedNs())) return false;
  lock.unlock();
  attend();
  return true;
}

std::string Recovery::loss() {
  const std::lock_guard lock(mutex_);
  // Of Matroska, damage need not end a stream.
  if (!isDamaged_ && (sound_.gapsNs() < kShortNs || !hasBrokenClusters(path_))) return {};
  int64_t endNs = isShort(reachedNs()) ? durationNs_ : sound_.endNs();
  for (const Stream& stream : streams_)
    if (streamId(stream.pad) == soundId_) endNs = std::max(endNs, stream.reach.endNs());
  const int64_t behindNs = endNs - sound_.endNs();
  if (sound_.gapsNs() + behindNs < kGapNs) return {};
  const auto seconds = [](int64_t ns) { return static_cast<double>(ns) / 1e9; };
  char text[120];
  if (sound_.gapsNs() == 0)
    std::snprintf(text, sizeof text, "is damaged: nothing could be read behind %.1f of %.1f s",
                  seconds(sound_.endNs()), seconds(durationNs_));
  else
    std::snprintf(text, sizeof text, "is damaged: %.1f of %.1f s could not be read",
                  seconds(sound_.gapsNs() + behindNs), seconds(durationNs_));
  return text;
}

bool Recovery::hasReadOn() {
  const std::lock_guard lock(mutex_);
  return hasReadOn_;
}
