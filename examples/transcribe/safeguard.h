// SPDX-License-Identifier: LGPL-2.1-or-later
// What must not be begun: a run that would destroy what is no transcript, or read twice what can be read
// once.
#pragma once

#include <string>

#include "options.h"

/// Why these inputs and this output do not go together, in a line; "" where they do. Changes nothing.
std::string conflictOf(const Options& options);
