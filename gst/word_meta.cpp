// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/word_meta.h"

namespace npuspeech::gst {

void registerWordMeta() {
  if (gst_meta_get_info(kWordMeta)) return;
  static const gchar* tags[] = {nullptr};
  gst_meta_register_custom(kWordMeta, tags, nullptr, nullptr, nullptr);
}

void addWordMeta(GstBuffer* buffer, double confidence, const std::string& language) {
  GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, kWordMeta);
  if (!meta) return;
  GstStructure* fields = gst_custom_meta_get_structure(meta);
  gst_structure_set(fields, "confidence", G_TYPE_DOUBLE, confidence, nullptr);
  if (!language.empty()) gst_structure_set(fields, "language", G_TYPE_STRING, language.c_str(), nullptr);
}

}  // namespace npuspeech::gst
