// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/channel_mix.h"

#include <gst/audio/audio.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/holders.h"
#include "speech/audio/clicks.h"
#include "speech/audio/phase_watch.h"

namespace npuspeech::gst {
namespace {

/// GStreamer's mixer crashes with more.
constexpr int kMostChannels = 63;

struct FreeConverter {
  void operator()(GstAudioConverter* p) const { gst_audio_converter_free(p); }
};
using Converter = std::unique_ptr<GstAudioConverter, FreeConverter>;

/// Every output channel gets the same: equal parts of the input's, the last one negative where it is to be.
Converter newConverter(const GstAudioInfo& in, const GstAudioInfo& out, bool isLastNegative) {
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, part = G_VALUE_INIT;
  gst_value_array_init(&matrix, static_cast<guint>(out.channels));
  gst_value_array_init(&row, static_cast<guint>(in.channels));
  g_value_init(&part, G_TYPE_FLOAT);
  for (int i = 0; i < in.channels; ++i) {
    const bool isNegative = isLastNegative && i == in.channels - 1;
    g_value_set_float(&part, (isNegative ? -1.0f : 1.0f) / static_cast<float>(in.channels));
    gst_value_array_append_value(&row, &part);
  }
  for (int i = 0; i < out.channels; ++i) gst_value_array_append_value(&matrix, &row);
  g_value_unset(&row);
  GstStructure* config = gst_structure_new_empty("mix");
  gst_structure_take_value(config, GST_AUDIO_CONVERTER_OPT_MIX_MATRIX, &matrix);
  GstAudioInfo from = in, to = out;  // not const there
  return Converter(gst_audio_converter_new(GST_AUDIO_CONVERTER_FLAG_NONE, &from, &to, config));
}

/// Whether GStreamer cannot tell where several channels are.
bool isUnplaced(const GstStructure* s, int channels) {
  guint64 places = 0;
  const bool isTold = gst_structure_get(s, "channel-mask", GST_TYPE_BITMASK, &places, nullptr);
  return channels > 1 && (isTold ? std::popcount(places) != channels : channels != 2);
}

/// Caps as their channels are counted to be mixed. Of more than the mixer takes, the parts of a frame count
/// as frames of a higher rate: resampling makes them one again. False where that cannot be.
bool countUnplaced(GstCaps* caps, GstAudioInfo* info) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  int channels = 0, rate = 0, parts = 1;
  if (!gst_structure_get_int(s, "channels", &channels) || !gst_structure_get_int(s, "rate", &rate) ||
      rate < 1 || !isUnplaced(s, channels))
    return false;
  while (channels / parts > kMostChannels || channels % parts != 0) ++parts;
  if (parts > G_MAXINT / rate) return false;
  const Held<GstCaps> counted(gst_caps_copy(caps));
  gst_caps_set_simple(counted.get(), "channel-mask", GST_TYPE_BITMASK, guint64{0}, "channels", G_TYPE_INT,
                      channels / parts, "rate", G_TYPE_INT, rate * parts, nullptr);
  return gst_audio_info_from_caps(info, counted.get());
}

/// What the two probes of a sink pad share; of its streaming thread.
class ChannelMix {
 public:
  explicit ChannelMix(GstElement* convert) : convert_(convert) {}
  GstElement* convert() const { return convert_; }

  void startStream() {
    told_.reset();
    hasWarned_ = false;
  }
  /// The caps of what mixed() gives for sound of these caps.
  Held<GstCaps> begin(GstCaps* caps) {
    if (told_ && gst_caps_is_equal(caps, told_.get())) return outCaps();
    told_.reset(gst_caps_ref(caps));
    watch_.reset();
    converter_.reset();
    isOpposite_ = false;
    isUnplaced_ = countUnplaced(caps, &in_);
    if (isUnplaced_) {
      gst_audio_info_set_format(&out_, GST_AUDIO_FORMAT_F32, in_.rate, 1, nullptr);
      converter_ = newConverter(in_, out_, false);
      isUnplaced_ = converter_ != nullptr;
    } else if (gst_audio_info_from_caps(&in_, caps)) {
      out_ = in_;
    } else {
      gst_audio_info_init(&in_);
    }
    if (in_.channels == 2) watch_.emplace(in_.rate);
    return outCaps();
  }

  /// The buffer, or what its channels are mixed to; null where it is none of its caps.
  Held<GstBuffer> mixed(Held<GstBuffer> buffer) {
    buffer = repaired(std::move(buffer));
    if (!watch_ && !converter_) return buffer;
    const GstAudioMeta* meta = gst_buffer_get_audio_meta(buffer.get());
    const GstAudioInfo& info = meta ? meta->info : in_;  // who names the channels anew need not be believed
    GstAudioBuffer map;
    if (info.channels != in_.channels || !gst_audio_buffer_map(&map, &info, buffer.get(), GST_MAP_READ))
      return isUnplaced_ ? nullptr : std::move(buffer);
    if (watch_ && !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_GAP)) listen(map);
    Held<GstBuffer> mixed = converter_ ? convert(map, buffer.get()) : nullptr;
    gst_audio_buffer_unmap(&map);
    return converter_ ? std::move(mixed) : std::move(buffer);
  }

 private:
  Held<GstCaps> outCaps() const {
    return Held<GstCaps>(isUnplaced_ ? gst_audio_info_to_caps(&out_) : gst_caps_ref(told_.get()));
  }

  /// Interleaved sound in floats, whose channels would spoil each other in the mix.
  Held<GstBuffer> repaired(Held<GstBuffer> buffer) {
    const bool isFloat = in_.finfo && GST_AUDIO_INFO_IS_FLOAT(&in_) && in_.channels > 1 &&
                         GST_AUDIO_INFO_ENDIANNESS(&in_) == G_BYTE_ORDER &&
                         in_.layout == GST_AUDIO_LAYOUT_INTERLEAVED;
    if (!isFloat) return buffer;
    return GST_AUDIO_INFO_WIDTH(&in_) == 64 ? repairedAs<double>(std::move(buffer))
                                            : repairedAs<float>(std::move(buffer));
  }

  template <class Sample>
  Held<GstBuffer> repairedAs(Held<GstBuffer> buffer) {
    {
      const Mapped map(buffer.get(), GST_MAP_READ);
      const auto* samples = map ? map.as<const Sample>() : nullptr;
      const auto isFinite = [](Sample sample) { return std::isfinite(sample); };
      if (!map || std::all_of(samples, samples + map.size() / sizeof(Sample), isFinite)) return buffer;
    }
    buffer.reset(gst_buffer_make_writable(buffer.release()));
    const Mapped map(buffer.get(), GST_MAP_READWRITE);
    if (!map) return buffer;
    const auto channels = static_cast<size_t>(in_.channels);
    const size_t bad = muteBadChannels(map.as<Sample>(), channels, map.size() / sizeof(Sample) / channels);
    if (bad > 0 && !std::exchange(hasWarned_, true))
      postWarning(convert_,
                  {ErrorCode::BadValue,
                   "A channel of the audio has samples that are not numbers: they count as silence. "
                   "Check what makes the audio."});
    return buffer;
  }

  void listen(const GstAudioBuffer& map) {
    const bool isOpposite = isOppositeIn(map);
    if (std::exchange(isOpposite_, isOpposite) == isOpposite) return;
    GST_INFO_OBJECT(convert_, "channels in %s phase", isOpposite ? "opposite" : "one");
    converter_ = isOpposite || isUnplaced_ ? newConverter(in_, out_, isOpposite) : nullptr;
  }

  bool isOppositeIn(const GstAudioBuffer& map) {
    const GstAudioFormatInfo* format = in_.finfo;
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

  Held<GstBuffer> convert(GstAudioBuffer& in, GstBuffer* from) {
    const size_t frames = in.n_samples;
    Held<GstBuffer> to(gst_buffer_new_allocate(nullptr, frames * static_cast<size_t>(out_.bpf), nullptr));
    if (!to) return nullptr;
    constexpr int kKept = GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS;
    gst_buffer_copy_into(to.get(), from, static_cast<GstBufferCopyFlags>(kKept), 0, static_cast<gsize>(-1));
    if (out_.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
      gst_buffer_add_audio_meta(to.get(), &out_, frames, nullptr);
    GstAudioBuffer out;
    if (!gst_audio_buffer_map(&out, &out_, to.get(), GST_MAP_WRITE)) return nullptr;
    const bool isDone = gst_audio_converter_samples(converter_.get(), GST_AUDIO_CONVERTER_FLAG_NONE,
                                                    in.planes, frames, out.planes, frames);
    gst_audio_buffer_unmap(&out);
    return isDone ? std::move(to) : nullptr;
  }

  GstElement* const convert_;
  Held<GstCaps> told_;  // of the stream; null before any
  GstAudioInfo in_{}, out_{};
  bool hasWarned_ = false;           // of samples that are no numbers
  bool isUnplaced_ = false;          // what comes out is mono
  std::optional<PhaseWatch> watch_;  // of two channels
  bool isOpposite_ = false;
  Converter converter_;  // null where audioconvert mixes
  std::vector<double> samples_;
};

GstPadProbeReturn hearEvent(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* mix = static_cast<ChannelMix*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) mix->startStream();
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  return guarded(mix->convert(), GST_PAD_PROBE_OK, [&] {
    const auto caps = mix->begin(capsIn(event));
    GstEvent* replaced = gst_event_new_caps(caps.get());
    gst_event_set_seqnum(replaced, gst_event_get_seqnum(event));
    GST_PAD_PROBE_INFO_DATA(info) = replaced;
    gst_event_unref(event);
    return GST_PAD_PROBE_OK;
  });
}

GstPadProbeReturn hearSound(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* mix = static_cast<ChannelMix*>(self);
  return guarded(mix->convert(), GST_PAD_PROBE_OK, [&] {
    auto mixed = mix->mixed(Held<GstBuffer>(gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info))));
    if (!mixed) {
      postError(mix->convert(),
                {ErrorCode::BadValue,
                 "A buffer of audio does not have the channels of its caps, or there is no memory to mix "
                 "them: check what makes the audio."});
      return GST_PAD_PROBE_DROP;
    }
    gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = mixed.release();
    return GST_PAD_PROBE_OK;
  });
}

/// What audioconvert takes, of any channels: by itself it would refuse those that it cannot place.
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
