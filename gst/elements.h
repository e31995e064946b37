// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin's elements, and the properties that nputranscriber takes over from them.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(npumel)
GST_ELEMENT_REGISTER_DECLARE(npuwhisperenc)
GST_ELEMENT_REGISTER_DECLARE(npuwhisperdec)
GST_ELEMENT_REGISTER_DECLARE(nputranscriber)

namespace npuspeech::gst {

/// Install the properties that say how audio is cut, or how text comes out, with ids from `firstId` on.
/// Return the next free id.
guint installMelProperties(GObjectClass* klass, guint firstId);
guint installDecoderProperties(GObjectClass* klass, guint firstId);

}  // namespace npuspeech::gst
