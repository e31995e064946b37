// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin's elements.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(npumel)
GST_ELEMENT_REGISTER_DECLARE(npuwhisperenc)
GST_ELEMENT_REGISTER_DECLARE(npuwhisperdec)
GST_ELEMENT_REGISTER_DECLARE(nputranscriber)
