// SPDX-License-Identifier: LGPL-2.1-or-later
// nputranscriber: any raw audio in, timed text out.
/**
 * SECTION:element-nputranscriber
 * @title: nputranscriber
 *
 * #npumel, #npuwhisperenc and #npuwhisperdec in one bin, with conversion of the audio in front. Fits
 * `transcriberbin` and `translationbin` of gst-plugins-rs as their `transcriber`.
 *
 * |[
 * gst-launch-1.0 filesrc location=talk.mp4 ! decodebin !
 *   nputranscriber model=whisper-base granularity=segment ! webvttenc ! filesink location=talk.vtt
 * ]|
 *
 * Since: 0.1
 */
#include <string>

#include "gst/core/boundary.h"
#include "gst/core/pads.h"
#include "gst/core/stats.h"
#include "gst/elements/channel_mix.h"
#include "gst/elements/elements.h"
#include "gst/elements/engine_properties.h"
#include "gst/elements/mel_settings.h"
#include "gst/text/decoder_settings.h"
#include "gst/text/interim_output.h"
#include "gst/text/translation_pad.h"

namespace {

using namespace npuspeech;
using namespace npuspeech::gst;

GstStaticPadTemplate sinkTemplate =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-raw"));
GstStaticPadTemplate srcTemplate = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("text/x-raw, format=(string)utf8"));

constexpr const char* kParts[] = {"audioconvert", "audioresample", "npumel", "npuwhisperenc",
                                  "npuwhisperdec"};

struct GstNpuTranscriber {
  GstBin parent;
  const char* missing;  // the part that is not installed, or NULL
};
struct GstNpuTranscriberClass {
  GstBinClass parent_class;
};

GType gst_npu_transcriber_get_type();
G_DEFINE_TYPE(GstNpuTranscriber, gst_npu_transcriber, GST_TYPE_BIN)

// Properties are those of the parts, by name; `model` and its like go to two of them.

const char* nameInParts(const GParamSpec* spec) {
  return g_str_equal(spec->name, "language-code") ? "language" : spec->name;
}

template <class Use>
void forPartsWith(GObject* object, const char* property, Use&& use) {
  for (const char* part : kParts) {
    const Held<GstElement> element(gst_bin_get_by_name(GST_BIN(object), part));
    if (element && g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), property) &&
        use(element.get()))
      return;
  }
}

void setProperty(GObject* object, guint, const GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    const char* name = nameInParts(spec);
    forPartsWith(object, name, [&](GstElement* part) {
      g_object_set_property(G_OBJECT(part), name, value);
      return false;
    });
  });
}

void getProperty(GObject* object, guint, GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    const char* name = nameInParts(spec);
    forPartsWith(object, name, [&](GstElement* part) {
      g_object_get_property(G_OBJECT(part), name, value);
      return true;
    });
  });
}

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  return guarded(element, GST_STATE_CHANGE_FAILURE, [&] {
    const auto* self = reinterpret_cast<GstNpuTranscriber*>(element);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && self->missing) {
      postError(element,
                {ErrorCode::NotFound, "Element " + std::string(self->missing) +
                                          " is missing: install gst-plugins-base and the whole plugin."});
      return GST_STATE_CHANGE_FAILURE;
    }
    return GST_ELEMENT_CLASS(gst_npu_transcriber_parent_class)->change_state(element, transition);
  });
}

// Translations

GstPad* requestNewPad(GstElement* element, GstPadTemplate* pattern, const gchar* name, const GstCaps*) {
  return guarded(element, static_cast<GstPad*>(nullptr), [&]() -> GstPad* {
    const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(element), "npuwhisperdec"));
    if (!decoder) return nullptr;
    GstPadTemplate* inner = gst_element_get_pad_template(decoder.get(), kTranslationPads);
    const Held<GstPad> target(gst_element_request_pad(decoder.get(), inner, name, nullptr));
    if (!target) return nullptr;
    GstPad* const ghost =
        GST_PAD(gst_object_ref_sink(newTranslationGhost(GST_PAD_NAME(target.get()), target.get(), pattern)));
    const Held<GstPad> owned(ghost);
    if (addPadActiveAs(target.get(), element, ghost)) return ghost;
    gst_element_release_request_pad(decoder.get(), target.get());
    return nullptr;
  });
}

void releasePad(GstElement* element, GstPad* ghost) {
  guardedVoid(element, [&] {
    const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(element), "npuwhisperdec"));
    const Held<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(ghost)));
    const Held<GstPad> kept(GST_PAD(gst_object_ref(ghost)));
    gst_element_remove_pad(element, ghost);
    if (decoder && target) gst_element_release_request_pad(decoder.get(), target.get());
    deactivateRemoved(element, ghost, [] {});
  });
}

void gst_npu_transcriber_class_init(GstNpuTranscriberClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = setProperty;
  object->get_property = getProperty;
  guint id = 1;  // ids are not used: a property is found by its name
  installEngineProperties(object, id);
  installMelProperties(object, id += kEngineProperties);
  installDecoderProperties(object, id += kMelProperties);
  installActiveDeviceProperty(object, id += kDecoderProperties);
  installMaxObservedDelayProperty(object, id + 1);
  g_object_class_install_property(
      object, id + 2,
      g_param_spec_string("language-code", "Language code", "The same as language", "auto", kSetInReady));

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = GST_DEBUG_FUNCPTR(changeState);
  element->request_new_pad = GST_DEBUG_FUNCPTR(requestNewPad);
  element->release_pad = GST_DEBUG_FUNCPTR(releasePad);
  addTranslationTemplate(element, GST_TYPE_NPU_TRANSLATION_GHOST_PAD);
  gst_element_class_add_static_pad_template(element, &sinkTemplate);
  gst_element_class_add_static_pad_template(element, &srcTemplate);
  gst_element_class_add_static_pad_template(element, &interimTemplate);
  gst_element_class_set_static_metadata(element, "Speech to text", "Text/Audio/Filter",
                                        "Transcribes speech with Whisper into timed text",
                                        "npuspeech authors");
}

void addGhost(GstNpuTranscriber* self, GstElement* part, const char* name, GstStaticPadTemplate* pattern) {
  const Held<GstPad> pad(gst_element_get_static_pad(part, name));
  if (!pad) return;  // the part has no memory for any, and will say so
  const Held<GstPadTemplate> shared(gst_static_pad_template_get(pattern));
  gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new_from_template(name, pad.get(), shared.get()));
}

void notifyDelay(GObject*, GParamSpec*, gpointer self) {
  g_object_notify(G_OBJECT(self), "max-observed-delay");
}

void gst_npu_transcriber_init(GstNpuTranscriber* self) {
  GstElement *first = nullptr, *last = nullptr;
  for (const char* name : kParts) {
    GstElement* part = gst_element_factory_make(name, name);
    if (!part) {
      self->missing = name;
      continue;
    }
    gst_bin_add(GST_BIN(self), part);
    if (last) gst_element_link(last, part);
    if (!first) first = part;
    last = part;
  }
  if (self->missing) return;
  addGhost(self, first, "sink", &sinkTemplate);
  const Held<GstPad> sink(gst_element_get_static_pad(GST_ELEMENT(self), "sink"));
  guardedVoid(GST_ELEMENT(self), [&] { mixChannelsOf(sink.get(), first); });
  addGhost(self, last, "src", &srcTemplate);
  addGhost(self, last, "unsynced_src", &interimTemplate);
  g_signal_connect(last, "notify::max-observed-delay", G_CALLBACK(notifyDelay), self);
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(nputranscriber, "nputranscriber", GST_RANK_NONE, gst_npu_transcriber_get_type())
