// SPDX-License-Identifier: LGPL-2.1-or-later
// WAVE whose header says what cannot be.
#pragma once

#include <string>
#include <vector>

#include "patches.h"

/// GStreamer believes a header's block size and byte rate, though its sample rate, channels and bits say the
/// same, and finds no sound where the file goes on behind it for a few bytes. These patches make the header
/// agree with itself and with the file. None where it does, and for other formats.
std::vector<Patch> waveHeaderPatches(const std::string& path);
