// SPDX-License-Identifier: LGPL-2.1-or-later
// Request pads translate_src_%u: text in the language of their property `language-code`.
#pragma once

#include <gst/gst.h>

#include <string>

#define GST_TYPE_NPU_TRANSLATION_PAD (gst_npu_translation_pad_get_type())
GType gst_npu_translation_pad_get_type();
#define GST_TYPE_NPU_TRANSLATION_GHOST_PAD (gst_npu_translation_ghost_pad_get_type())
GType gst_npu_translation_ghost_pad_get_type();

namespace npuspeech::gst {

inline constexpr char kTranslationPads[] = "translate_src_%u";

/// npuwhisperdec's template, and the one of a bin whose pads stand for those of its npuwhisperdec.
void addTranslationTemplate(GstElementClass* klass, GType padType);
/// What the pad's property says; any thread.
std::string translationLanguage(GstPad* pad);
/// A bin's pad that stands for `target`, one of npuwhisperdec's; floating.
GstPad* newTranslationGhost(const char* name, GstPad* target, GstPadTemplate* pattern);

}  // namespace npuspeech::gst
