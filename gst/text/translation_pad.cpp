// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/translation_pad.h"

#include "gst/core/holders.h"
#include "gst/core/properties.h"

namespace {

constexpr char kEnglish[] = "en";

struct GstNpuTranslationPad {
  GstPad parent;
  gchar* language;  // under the object lock
};
struct GstNpuTranslationPadClass {
  GstPadClass parent_class;
};
struct GstNpuTranslationGhostPad {
  GstGhostPad parent;
};
struct GstNpuTranslationGhostPadClass {
  GstGhostPadClass parent_class;
};

enum { PROP_0, PROP_LANGUAGE_CODE };

void installLanguage(GObjectClass* klass) {
  g_object_class_install_property(
      klass, PROP_LANGUAGE_CODE,
      g_param_spec_string("language-code", "Language code",
                          "Language of the pad's text: en, or what is spoken; NULL for src's text", kEnglish,
                          npuspeech::gst::kSetInReady));
}

}  // namespace

G_DEFINE_TYPE(GstNpuTranslationPad, gst_npu_translation_pad, GST_TYPE_PAD)
G_DEFINE_TYPE(GstNpuTranslationGhostPad, gst_npu_translation_ghost_pad, GST_TYPE_GHOST_PAD)

static void gst_npu_translation_pad_init(GstNpuTranslationPad* pad) {
  pad->language = g_strdup(kEnglish);
}

static void gst_npu_translation_pad_class_init(GstNpuTranslationPadClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = [](GObject* pad, guint, const GValue* value, GParamSpec*) {
    const npuspeech::gst::ObjectLock lock(pad);
    gchar*& language = reinterpret_cast<GstNpuTranslationPad*>(pad)->language;
    g_free(language);
    language = g_value_dup_string(value);
  };
  object->get_property = [](GObject* pad, guint, GValue* value, GParamSpec*) {
    const npuspeech::gst::ObjectLock lock(pad);
    g_value_set_string(value, reinterpret_cast<GstNpuTranslationPad*>(pad)->language);
  };
  object->finalize = [](GObject* pad) {
    g_free(reinterpret_cast<GstNpuTranslationPad*>(pad)->language);
    G_OBJECT_CLASS(gst_npu_translation_pad_parent_class)->finalize(pad);
  };
  installLanguage(object);
}

static void gst_npu_translation_ghost_pad_init(GstNpuTranslationGhostPad*) {}

static void gst_npu_translation_ghost_pad_class_init(GstNpuTranslationGhostPadClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  using npuspeech::gst::Held;
  object->set_property = [](GObject* pad, guint, const GValue* value, GParamSpec* spec) {
    const Held<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
    if (target) g_object_set_property(G_OBJECT(target.get()), spec->name, value);
  };
  object->get_property = [](GObject* pad, guint, GValue* value, GParamSpec* spec) {
    const Held<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
    if (target) g_object_get_property(G_OBJECT(target.get()), spec->name, value);
  };
  installLanguage(object);
}

namespace npuspeech::gst {

void addTranslationTemplate(GstElementClass* klass, GType padType) {
  const Held<GstCaps> caps(gst_caps_new_simple("text/x-raw", "format", G_TYPE_STRING, "utf8", nullptr));
  gst_element_class_add_pad_template(
      klass,
      gst_pad_template_new_with_gtype(kTranslationPads, GST_PAD_SRC, GST_PAD_REQUEST, caps.get(), padType));
  gst_type_mark_as_plugin_api(padType, static_cast<GstPluginAPIFlags>(0));
}

std::string translationLanguage(GstPad* pad) {
  gchar* language = nullptr;
  g_object_get(pad, "language-code", &language, nullptr);
  const Held<char> owned(language);
  return language ? language : "";
}

GstPad* newTranslationGhost(const char* name, GstPad* target, GstPadTemplate* pattern) {
  auto* pad = GST_PAD(g_object_new(GST_TYPE_NPU_TRANSLATION_GHOST_PAD, "name", name, "direction", GST_PAD_SRC,
                                   "template", pattern, nullptr));
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad), target);
  return pad;
}

}  // namespace npuspeech::gst
