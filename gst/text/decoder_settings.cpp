// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/decoder_settings.h"

#include "gst/core/holders.h"
#include "gst/core/properties.h"

GType gst_npu_task_get_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(npuspeech::Task::Transcribe), "Text in the language that is spoken", "transcribe"},
        {static_cast<gint>(npuspeech::Task::Translate), "Text in English", "translate"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNpuTask", values);
  }();
  return type;
}

GType gst_npu_granularity_get_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(npuspeech::Granularity::Word), "A word in each buffer", "word"},
        {static_cast<gint>(npuspeech::Granularity::Segment), "A sentence, or a part of a long one",
         "segment"},
        {static_cast<gint>(npuspeech::Granularity::Line), "A line of at most line-length columns", "line"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNpuGranularity", values);
  }();
  return type;
}

namespace npuspeech::gst {

void installDecoderProperties(GObjectClass* klass, guint id) {
  const DecoderSettings defaults;
  const auto install = [&](GParamSpec* spec) { g_object_class_install_property(klass, id++, spec); };
  install(g_param_spec_string("language", "Language", "Code of the language that is spoken, or auto",
                              defaults.stream.language.c_str(), kSetInReady));
  install(g_param_spec_enum("task", "Task", "Transcribe, or translate to English", GST_TYPE_NPU_TASK,
                            static_cast<gint>(defaults.stream.task), kSetInReady));
  install(g_param_spec_string("prompt", "Prompt", "Names and terms to expect", "", kSetInReady));
  install(g_param_spec_uint("beam-size", "Beam size", "Hypotheses that are followed; 1 is greedy", 1, 16,
                            static_cast<guint>(defaults.stream.beamSize), kSetInReady));
  install(g_param_spec_enum("granularity", "Granularity", "What one buffer of text holds",
                            GST_TYPE_NPU_GRANULARITY, static_cast<gint>(defaults.captions.granularity),
                            kSetInReady));
  install(g_param_spec_uint("line-length", "Line length",
                            "Columns of a line; a segment has at most two lines'", 8, 1000,
                            static_cast<guint>(defaults.captions.lineLength), kSetInReady));
  install(g_param_spec_uint("lines", "Lines", "Lines in each buffer where granularity is line", 1, 8,
                            static_cast<guint>(defaults.captions.linesPerCaption), kSetInReady));
  install(g_param_spec_uint(
      "latency", "Latency",
      "Time to add to a live pipeline's latency, in which segments and lines are gathered, ms", 0, 60000,
      static_cast<guint>(defaults.latency / GST_MSECOND), kSetAlways));
  install(g_param_spec_uint("translate-latency", "Translation latency",
                            "Time that translations need beyond latency, ms", 0, 60000,
                            static_cast<guint>(defaults.translateLatency / GST_MSECOND), kSetAlways));
  install(g_param_spec_uint("lateness", "Lateness", "Time that text comes after its audio, ms", 0, 60000,
                            static_cast<guint>(defaults.lateness / GST_MSECOND), kSetInReady));
}

void installMaxObservedDelayProperty(GObjectClass* klass, guint id) {
  g_object_class_install_property(
      klass, id,
      g_param_spec_uint("max-observed-delay", "Maximum observed delay",
                        "Longest time from the PTS of live text to when it was ready, ms, since PAUSED", 0,
                        G_MAXUINT, 0, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

void setDecoderProperty(DecoderSettings& settings, guint property, const GValue* value) {
  switch (property) {
    case kLanguage:
      settings.stream.language = stringOf(value);
      break;
    case kTask:
      settings.stream.task = static_cast<Task>(g_value_get_enum(value));
      break;
    case kPrompt:
      settings.stream.prompt = stringOf(value);
      break;
    case kBeamSize:
      settings.stream.beamSize = static_cast<int>(g_value_get_uint(value));
      break;
    case kGranularity:
      settings.captions.granularity = static_cast<Granularity>(g_value_get_enum(value));
      break;
    case kLineLength:
      settings.captions.lineLength = static_cast<int>(g_value_get_uint(value));
      break;
    case kLines:
      settings.captions.linesPerCaption = static_cast<int>(g_value_get_uint(value));
      break;
    case kLatency:
      settings.latency = g_value_get_uint(value) * GST_MSECOND;
      break;
    case kTranslateLatency:
      settings.translateLatency = g_value_get_uint(value) * GST_MSECOND;
      break;
    case kLateness:
      settings.lateness = g_value_get_uint(value) * GST_MSECOND;
      break;
    default:
      break;
  }
}

std::string primaryLanguage(const std::string& code) {
  const Held<char> lower(g_ascii_strdown(code.c_str(), -1));
  const std::string language = lower.get();
  return language.substr(0, language.find_first_of("-_"));
}

void getDecoderProperty(const DecoderSettings& settings, guint property, GValue* value) {
  switch (property) {
    case kLanguage:
      g_value_set_string(value, settings.stream.language.c_str());
      break;
    case kTask:
      g_value_set_enum(value, static_cast<gint>(settings.stream.task));
      break;
    case kPrompt:
      g_value_set_string(value, settings.stream.prompt.c_str());
      break;
    case kBeamSize:
      g_value_set_uint(value, static_cast<guint>(settings.stream.beamSize));
      break;
    case kGranularity:
      g_value_set_enum(value, static_cast<gint>(settings.captions.granularity));
      break;
    case kLineLength:
      g_value_set_uint(value, static_cast<guint>(settings.captions.lineLength));
      break;
    case kLines:
      g_value_set_uint(value, static_cast<guint>(settings.captions.linesPerCaption));
      break;
    case kLatency:
      g_value_set_uint(value, static_cast<guint>(settings.latency / GST_MSECOND));
      break;
    case kTranslateLatency:
      g_value_set_uint(value, static_cast<guint>(settings.translateLatency / GST_MSECOND));
      break;
    case kLateness:
      g_value_set_uint(value, static_cast<guint>(settings.lateness / GST_MSECOND));
      break;
    default:
      break;
  }
}

}  // namespace npuspeech::gst
