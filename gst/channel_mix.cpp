// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/channel_mix.h"

#include <gst/audio/audio.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "gst/boundary.h"
#include "gst/events.h"
#include "gst/holders.h"
#include "speech/audio/phase_watch.h"

namespace npuspeech::gst {
namespace {

/// One row of `channels` equal parts, the last of them negative where it is to be; none where there are no
/// channels, which leaves audioconvert alone.
void setMatrix(GstElement* convert, int channels, bool isLastNegative) {
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, part = G_VALUE_INIT;
  gst_value_array_init(&matrix, 1);
  if (channels > 0) {
    gst_value_array_init(&row, static_cast<guint>(channels));
    g_value_init(&part, G_TYPE_FLOAT);
    for (int i = 0; i < channels; ++i) {
      const bool isNegative = isLastNegative && i == channels - 1;
      g_value_set_float(&part, (isNegative ? -1.0f : 1.0f) / static_cast<float>(channels));
      gst_value_array_append_value(&row, &part);
    }
    gst_value_array_append_and_take_value(&matrix, &row);
  }
  g_object_set_property(G_OBJECT(convert), "mix-matrix", &matrix);
  g_value_unset(&matrix);
}

/// What every version of GStreamer's mixer takes: 1.22 crashes from 64 on, and 1.26 refuses 33.
constexpr int kMostChannels = 32;

/// Whether an empty matrix leaves audioconvert alone. Since 1.24 it stands for the first channel alone.
bool emptyMatrixIsNone() {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  return major == 1 && minor < 24;
}

/// Caps of several channels of which GStreamer can't tell where they are, as they are to be mixed, and how
/// many are mixed then; null for others. Of more than the mixer takes, the parts of a frame count as frames
/// of a higher rate: resampling makes them one again.
Held<GstCaps> unplaced(GstCaps* caps, int* channels) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  int rate = 0, parts = 1;
  if (!gst_structure_get_int(s, "channels", channels) || !gst_structure_get_int(s, "rate", &rate) ||
      *channels < 2)
    return nullptr;
  guint64 places = 0;
  const bool isTold = gst_structure_get(s, "channel-mask", GST_TYPE_BITMASK, &places, nullptr);
  if (isTold ? std::popcount(places) == *channels : *channels == 2) return nullptr;
  while (*channels / parts > kMostChannels || *channels % parts != 0) ++parts;
  if (rate < 1 || parts > G_MAXINT / rate) return nullptr;
  *channels /= parts;
  Held<GstCaps> mixed(gst_caps_copy(caps));
  gst_caps_set_simple(mixed.get(), "channel-mask", GST_TYPE_BITMASK, guint64{0}, "channels", G_TYPE_INT,
                      *channels, "rate", G_TYPE_INT, rate * parts, nullptr);
  return mixed;
}

/// What the two probes of a sink pad share; of its streaming thread.
class ChannelMix {
 public:
  explicit ChannelMix(GstElement* convert) : convert_(convert) {}
  GstElement* convert() const { return convert_; }

  void startStream() { isNew_ = true; }
  /// The caps that audioconvert is to see, after its matrix is set for them.
  Held<GstCaps> apply(GstCaps* caps) {
    // The same come again where a matrix is set.
    if (std::exchange(isNew_, false) || !gst_caps_is_equal(caps, told_.get())) {
      told_.reset(gst_caps_ref(caps));
      isOpposite_ = false;
    }
    auto mix = mixed();
    if (info_.channels != 2)
      watch_.reset();
    else if (!isOpposite_)
      watch_.emplace(info_.rate);
    return mix;
  }
  /// Before the buffer: other caps, where it is to be mixed in another way than the one before.
  Held<GstCaps> listen(GstBuffer* buffer) {
    if (!watch_ || GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) return nullptr;
    const GstAudioMeta* meta = gst_buffer_get_audio_meta(buffer);
    const GstAudioInfo& info = meta ? meta->info : info_;
    GstAudioBuffer map;
    if (info.channels != 2 || !gst_audio_buffer_map(&map, &info, buffer, GST_MAP_READ)) return nullptr;
    const bool isOpposite = isOppositeIn(map);
    gst_audio_buffer_unmap(&map);
    if (std::exchange(isOpposite_, isOpposite) == isOpposite) return nullptr;
    GST_INFO_OBJECT(convert_, "channels in %s phase", isOpposite ? "opposite" : "one");
    return mixed();
  }
  /// The buffer as audioconvert wants it: where it says itself what its channels are, as the caps do.
  Held<GstBuffer> renamed(Held<GstBuffer> buffer) const {
    const GstAudioMeta* meta = isRenamed_ ? gst_buffer_get_audio_meta(buffer.get()) : nullptr;
    if (!meta || meta->info.channels != info_.channels) return buffer;
    buffer.reset(gst_buffer_make_writable(buffer.release()));
    GstAudioInfo& info = gst_buffer_get_audio_meta(buffer.get())->info;
    info.flags = info_.flags;
    std::copy_n(info_.position, info_.channels, info.position);
    return buffer;
  }

 private:
  bool isOppositeIn(const GstAudioBuffer& map) {
    const GstAudioFormatInfo* format = info_.finfo;
    const size_t frames = map.n_samples, planes = static_cast<size_t>(map.n_planes);
    samples_.resize(std::max(samples_.size(), 2 * frames));
    for (size_t plane = 0; plane < planes; ++plane)
      format->unpack_func(format, GST_AUDIO_PACK_FLAG_NONE, samples_.data() + plane * frames,
                          map.planes[plane], static_cast<gint>(frames * 2 / planes));
    const auto push = [&](const auto* left, const auto* right) {
      return watch_->push(left, planes == 1 ? left + 1 : right, 2 / planes, frames);
    };
    const double *left = samples_.data(), *right = left + frames;
    if (format->unpack_format == GST_AUDIO_FORMAT_F64) return push(left, right);
    return push(reinterpret_cast<const int32_t*>(left), reinterpret_cast<const int32_t*>(right));
  }

  Held<GstCaps> mixed() {
    int channels = 0;
    auto caps = unplaced(told_.get(), &channels);
    if (isOpposite_) {
      // audioconvert looks at its matrix where caps change: these do.
      const guint64 places = caps ? 3 : 0;
      channels = 2;
      caps.reset(gst_caps_copy(told_.get()));
      gst_caps_set_simple(caps.get(), "channel-mask", GST_TYPE_BITMASK, places, nullptr);
    }
    isRenamed_ = caps != nullptr;
    // Who has never had a matrix is left without one.
    if (isRenamed_)
      setMatrix(convert_, channels, isOpposite_);
    else if (hasMatrix_)
      setMatrix(convert_, emptyMatrixIsNone() ? 0 : toldChannels(), false);
    hasMatrix_ |= isRenamed_;
    if (!caps) caps.reset(gst_caps_ref(told_.get()));
    if (!gst_audio_info_from_caps(&info_, caps.get())) gst_audio_info_init(&info_);
    return caps;
  }

  int toldChannels() const {
    int channels = 1;
    gst_structure_get_int(gst_caps_get_structure(told_.get(), 0), "channels", &channels);
    return channels;
  }

  GstElement* const convert_;
  bool hasMatrix_ = false;
  bool isNew_ = true;  // the stream
  Held<GstCaps> told_;
  GstAudioInfo info_{};              // as audioconvert is told
  bool isRenamed_ = false;           // which is not as the stream says
  std::optional<PhaseWatch> watch_;  // of two channels
  bool isOpposite_ = false;
  std::vector<double> samples_;
};

GstPadProbeReturn hearEvent(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* mix = static_cast<ChannelMix*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) mix->startStream();
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  return guarded(mix->convert(), GST_PAD_PROBE_OK, [&] {
    const auto caps = mix->apply(capsIn(event));
    GstEvent* replaced = gst_event_new_caps(caps.get());
    gst_event_set_seqnum(replaced, gst_event_get_seqnum(event));
    GST_PAD_PROBE_INFO_DATA(info) = replaced;
    gst_event_unref(event);
    return GST_PAD_PROBE_OK;
  });
}

GstPadProbeReturn hearSound(GstPad* sink, GstPadProbeInfo* info, gpointer self) {
  auto* mix = static_cast<ChannelMix*>(self);
  return guarded(mix->convert(), GST_PAD_PROBE_OK, [&] {
    if (const auto caps = mix->listen(GST_PAD_PROBE_INFO_BUFFER(info))) {
      const Held<GstPad> inner(GST_PAD_CAST(gst_proxy_pad_get_internal(GST_PROXY_PAD(sink))));
      gst_pad_push_event(inner.get(), gst_event_new_caps(caps.get()));
    }
    Held<GstBuffer> buffer(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = mix->renamed(std::move(buffer)).release();
    return GST_PAD_PROBE_OK;
  });
}

/// What audioconvert takes once it knows the channels: by itself it would refuse those that it can't place,
/// or that the last matrix was not for.
Held<GstCaps> takenBy(GstPad* sink) {
  const Held<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(sink)));
  GstCaps* caps = target ? gst_pad_query_caps(target.get(), nullptr) : gst_caps_new_empty();
  caps = gst_caps_make_writable(caps);
  for (guint i = 0; i < gst_caps_get_size(caps); ++i)
    gst_structure_remove_fields(gst_caps_get_structure(caps, i), "channels", "channel-mask", nullptr);
  return Held<GstCaps>(caps);
}

gboolean answer(GstPad* sink, GstObject* parent, GstQuery* query) {
  GstCaps* asked = nullptr;
  if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
    Held<GstCaps> taken = takenBy(sink);
    gst_query_parse_caps(query, &asked);
    if (asked) taken.reset(gst_caps_intersect_full(asked, taken.get(), GST_CAPS_INTERSECT_FIRST));
    gst_query_set_caps_result(query, taken.get());
    return TRUE;
  }
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_parse_accept_caps(query, &asked);
    gst_query_set_accept_caps_result(query, gst_caps_can_intersect(asked, takenBy(sink).get()));
    return TRUE;
  }
  return gst_pad_query_default(sink, parent, query);
}

}  // namespace

void mixChannelsOf(GstPad* sink, GstElement* convert) {
  auto* mix = new ChannelMix(convert);
  gst_pad_set_query_function(sink, GST_DEBUG_FUNCPTR(answer));
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hearEvent, mix, nullptr);
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, hearSound, mix,
                    [](gpointer self) { delete static_cast<ChannelMix*>(self); });
}

}  // namespace npuspeech::gst
