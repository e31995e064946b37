// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are damaged in the middle: demuxers end their streams there as at the file's end.
#include "damage_watch.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "clusters.h"
#include "joined.h"
#include "promise.h"
#include "stream_pads.h"

namespace {

// Writers round durations, and leave the last frame out or count it twice.
constexpr int64_t kShortNs = 700'000'000;
// Streams that are stored together are not so far from each other.
constexpr int64_t kAheadNs = 10'000'000'000;
// What decoders and parsers may leave out.
constexpr int64_t kUndecodedNs = 2'000'000'000;
constexpr guint kCheckMs = 20;
constexpr int kMaxChecks = 250;

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

}  // namespace

DamageWatch::DamageWatch(Pipeline& pipeline, std::string path, bool isFirstReader,
                         std::function<void()> onEnd)
    : pipeline_(pipeline), path_(std::move(path)), isFirstReader_(isFirstReader), onEnd_(std::move(onEnd)) {
  gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
  constexpr int kTypes =
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH;
  probe_ = gst_pad_add_probe(pipeline.entry, static_cast<GstPadProbeType>(kTypes), onSound, this, nullptr);
}

DamageWatch::~DamageWatch() {
  if (check_) g_source_remove(check_);
  gst_pad_remove_probe(pipeline_.entry, probe_);
  for (const Stream& stream : streams_) gst_object_unref(stream.pad);
}

void DamageWatch::addStream(GstPad* demuxed) {
  if (!saysDuration(demuxed)) return;
  std::unique_lock lock(mutex_);
  streams_.push_back({this, GST_PAD(gst_object_ref(demuxed)), isSubtitle(demuxed), {}, false, 0});
  Stream* stream = &streams_.back();
  lock.unlock();
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(demuxed, static_cast<GstPadProbeType>(kTypes), onStream, stream, nullptr);
}

GstPadProbeReturn DamageWatch::onStream(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& stream = *static_cast<Stream*>(data);
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    const std::lock_guard lock(stream.owner->mutex_);
    stream.hasEnded |= GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_EOS;
    return GST_PAD_PROBE_OK;
  }
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  {
    const std::lock_guard lock(stream.owner->mutex_);
    stream.bytes += gst_buffer_get_size(buffer);
  }
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (!event) return GST_PAD_PROBE_OK;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const int64_t startNs = timeOf(*segment, GST_BUFFER_PTS(buffer));
  gst_event_unref(event);
  if (startNs < 0) return GST_PAD_PROBE_OK;
  const std::lock_guard lock(stream.owner->mutex_);
  if (stream.isSparse) stream.reach.add(startNs, startNs);
  stream.reach.add(startNs, endOf(buffer, startNs));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn DamageWatch::onSound(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& watch = *static_cast<DamageWatch*>(self);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) return watch.onBuffer(gst_pad_probe_info_get_buffer(info));
  GstEvent* event = gst_pad_probe_info_get_event(info);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return GST_PAD_PROBE_DROP;  // what was heard is kept
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &watch.segment_);
      return GST_PAD_PROBE_OK;
    case GST_EVENT_EOS:
      return watch.onSoundEnd();
    default:
      return GST_PAD_PROBE_OK;
  }
}

GstPadProbeReturn DamageWatch::onSoundEnd() {
  const bool wantsReader = isFirstReader_ && (!hasBegun_ || isJoined(path_));
  if (!wantsReader && !askDuration()) return GST_PAD_PROBE_OK;
  {
    const std::lock_guard lock(mutex_);
    if (isOver_ || !(wantsReader || isLost() || isShort(sound_.endNs()))) return GST_PAD_PROBE_OK;
    isHeld_ = true;
  }
  holdEnd();
  return GST_PAD_PROBE_DROP;
}

void DamageWatch::holdEnd() {
  GstStructure* news = gst_structure_new_empty(kNews);
  gst_element_post_message(pipeline_.top, gst_message_new_application(GST_OBJECT(pipeline_.top), news));
}

GstPadProbeReturn DamageWatch::onBuffer(GstBuffer* buffer) {
  const int64_t startNs = timeOf(segment_, GST_BUFFER_PTS(buffer));
  if (!std::exchange(hasBegun_, true)) askDuration();
  std::unique_lock lock(mutex_);
  if (isTorn_) return GST_PAD_PROBE_DROP;
  if (startNs < 0) return GST_PAD_PROBE_OK;
  // Some demuxers go on by themselves, behind more than was damaged.
  const bool isGap = sound_.endNs() > 0 && startNs > sound_.endNs() + kShortNs;
  if (isFirstReader_ && isGap && isBroken()) {
    isHeld_ = isTorn_ = true;
    lock.unlock();
    holdEnd();
    return GST_PAD_PROBE_DROP;
  }
  sound_.add(startNs, std::max(endOf(buffer, startNs), startNs));
  return GST_PAD_PROBE_OK;
}

/// Of the track, else of the container; false where it has none.
bool DamageWatch::askDuration() {
  std::unique_lock lock(mutex_);
  if (streams_.empty()) return durationNs_ > 0;
  GstPad* pad = streams_.front().pad;
  const std::string askedFor = isOfTrack_ ? soundId_ : "";
  const bool isKnown = durationNs_ > 0;
  lock.unlock();
  const std::string id = streamId(pipeline_.entry);
  if (!id.empty() && id == askedFor) return isKnown;  // the file says no more than before
  const auto ofTrack = promisedNs(path_, numberOf(id));
  gint64 durationNs = ofTrack.value_or(0);
  if (!ofTrack) gst_pad_query_duration(pad, GST_FORMAT_TIME, &durationNs);
  lock.lock();
  // That of fragments grows as they are found; elsewhere damaged timestamps would count.
  const bool grows = kindOf(pad) == "qtdemux" && !ofTrack;
  if (ofTrack || durationNs_ == 0) durationNs_ = durationNs;
  if (grows) durationNs_ = std::max<int64_t>(durationNs_, durationNs);
  isOfTrack_ = ofTrack.has_value();
  soundId_ = id;
  return durationNs_ > 0;
}

bool DamageWatch::isShort(int64_t reachedNs) const {
  return durationNs_ > 0 && reachedNs + kShortNs < durationNs_;
}

bool DamageWatch::isSound(const Stream& stream) const {
  return streamId(stream.pad) == soundId_;
}

/// Of what the duration counts.
int64_t DamageWatch::reachedNs() const {
  int64_t reachedNs = sound_.endNs();
  for (const Stream& stream : streams_)
    if (!isOfTrack_ || isSound(stream)) reachedNs = std::max(reachedNs, stream.reach.endNs());
  return reachedNs;
}

int64_t DamageWatch::furthestNs() const {
  int64_t furthestNs = sound_.endNs();
  for (const Stream& stream : streams_) furthestNs = std::max(furthestNs, stream.reach.endNs());
  return furthestNs;
}

/// Though the duration promises more: that of a container may be another track's, or wrong.
bool DamageWatch::isAllThere() const {
  uint64_t bytes = 0;
  for (const Stream& stream : streams_)
    if (isSound(stream)) bytes = stream.bytes;
  return !hasFailed_ && holdsNoMore(path_, numberOf(soundId_), bytes);
}

bool DamageWatch::isBroken() {
  if (!isBroken_) isBroken_ = hasBrokenClusters(path_);
  return *isBroken_;
}

/// The demuxer has given sound of which nothing could be made.
bool DamageWatch::isLost() const {
  return std::any_of(streams_.begin(), streams_.end(), [this](const Stream& stream) {
    return isSound(stream) &&
           stream.reach.endNs() - stream.reach.gapsNs() > sound_.endNs() - sound_.gapsNs() + kUndecodedNs;
  });
}

void DamageWatch::attend() {
  if (check_) return;
  checks_ = 0;
  check_ = g_timeout_add(
      kCheckMs,
      [](gpointer self) -> gboolean {
        auto& watch = *static_cast<DamageWatch*>(self);
        if (!watch.isSettled()) return G_SOURCE_CONTINUE;
        watch.check_ = 0;
        watch.decide();
        return G_SOURCE_REMOVE;
      },
      this);
}

/// Nothing more comes, or nothing that matters: a picture goes on where the sound has ended.
bool DamageWatch::isSettled() {
  const std::lock_guard lock(mutex_);
  if (isTorn_) return true;
  const auto hasEnded = [](const Stream& stream) { return stream.hasEnded; };
  if (isHeld_ && std::all_of(streams_.begin(), streams_.end(), hasEnded)) return true;
  if (isHeld_ && (isOfTrack_ || !isShort(reachedNs()) || furthestNs() > sound_.endNs() + kAheadNs))
    return true;
  // Behind an error the end need not come.
  const int64_t progressNs = furthestNs() + sound_.endNs();
  if (std::exchange(progressNs_, progressNs) != progressNs) checks_ = 0;
  return ++checks_ == kMaxChecks;
}

void DamageWatch::decide() {
  {
    const std::lock_guard lock(mutex_);
    const bool pictureGoesOn = !isOfTrack_ && reachedNs() > sound_.endNs() + kAheadNs;
    isOver_ = true;
    isDamaged_ = isTorn_ || isLost() || (isShort(reachedNs()) && !pictureGoesOn && !isAllThere());
  }
  const auto onEnd = onEnd_;
  onEnd();
}

bool DamageWatch::takesError() {
  if (!askDuration()) return false;
  std::unique_lock lock(mutex_);
  if (isOver_ || sound_.endNs() == 0) return false;
  if (!isShort(reachedNs())) return false;
  hasFailed_ = true;
  lock.unlock();
  attend();
  return true;
}

bool DamageWatch::hasFoundDamage() {
  const std::lock_guard lock(mutex_);
  // Of Matroska, damage need not end a stream.
  return isDamaged_ || (sound_.gapsNs() > kShortNs && isBroken());
}

int64_t DamageWatch::missingNs() {
  askDuration();
  const std::lock_guard lock(mutex_);
  int64_t endNs = isShort(reachedNs()) ? durationNs_ : sound_.endNs();
  for (const Stream& stream : streams_)
    if (isSound(stream)) endNs = std::max(endNs, stream.reach.endNs());
  return endNs - sound_.endNs();
}
