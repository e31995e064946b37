// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/word_meta.h"

#include <algorithm>

namespace npuspeech::gst {

void registerWordMeta() {
  if (gst_meta_get_info(kWordMeta)) return;
  static const gchar* tags[] = {nullptr};
  gst_meta_register_custom(kWordMeta, tags, nullptr, nullptr, nullptr);
}

namespace {

/// Appends `word` to `array`, a GST_TYPE_ARRAY.
void appendWord(GValue* array, const Word& word) {
  GValue value = G_VALUE_INIT;
  g_value_init(&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed(
      &value, gst_structure_new("word", "text", G_TYPE_STRING, word.text.c_str(), "start", G_TYPE_UINT64,
                                static_cast<guint64>(std::max<int64_t>(word.startNs, 0)), "end",
                                G_TYPE_UINT64, static_cast<guint64>(std::max<int64_t>(word.endNs, 0)),
                                "confidence", G_TYPE_DOUBLE, static_cast<double>(word.probability), nullptr));
  gst_value_array_append_and_take_value(array, &value);
}

}  // namespace

void addWordMeta(GstBuffer* buffer, const Caption& caption, const std::string& language) {
  GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, kWordMeta);
  if (!meta) return;
  GstStructure* fields = gst_custom_meta_get_structure(meta);
  gst_structure_set(fields, "confidence", G_TYPE_DOUBLE, static_cast<double>(caption.confidence), nullptr);
  GValue words = G_VALUE_INIT;
  g_value_init(&words, GST_TYPE_ARRAY);
  for (const Word& word : caption.words) appendWord(&words, word);
  gst_structure_take_value(fields, "words", &words);
  if (!language.empty()) gst_structure_set(fields, "language", G_TYPE_STRING, language.c_str(), nullptr);
}

}  // namespace npuspeech::gst
