// SPDX-License-Identifier: LGPL-2.1-or-later
// The request pads translate_src_%u, whose text is in the language of their property `language-code`.
#pragma once

#include <gst/gst.h>

#include <string>

#define GST_TYPE_NPU_TRANSLATION_PAD (gst_npu_translation_pad_get_type())
GType gst_npu_translation_pad_get_type();
#define GST_TYPE_NPU_TRANSLATION_GHOST_PAD (gst_npu_translation_ghost_pad_get_type())
GType gst_npu_translation_ghost_pad_get_type();

namespace npuspeech::gst {

inline constexpr char kTranslationPads[] = "translate_src_%u";

/// Adds the pad template to an element class. `padType` is the type of the pads: translation pads in
/// npuwhisperdec, translation ghost pads in a bin around it.
void addTranslationTemplate(GstElementClass* klass, GType padType);
/// Returns the pad's property `language-code`. Any thread.
std::string translationLanguage(GstPad* pad);
/// Creates a bin's ghost pad for `target`, a translation pad of npuwhisperdec. The reference is floating.
GstPad* newTranslationGhost(const char* name, GstPad* target, GstPadTemplate* pattern);

}  // namespace npuspeech::gst
