// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV that is damaged in the middle: a tag of the size of the damage, which demuxers skip.
#pragma once

#include <string>
#include <vector>

#include "patches.h"

/// FLV has no index by which one could go on: each tag says where the next one is. With these patches, the
/// last good tag before damage is followed by the first good one behind it. None for other formats.
std::vector<Patch> overFlvDamage(const std::string& path);
