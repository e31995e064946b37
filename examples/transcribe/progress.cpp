// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <algorithm>

namespace {
constexpr int kBar = 24;
}

void Progress::show(double fraction, const std::string& text) {
  if (!line_.isVisible()) return;
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBar);
  std::string line = '[' + std::string(filled, '=') + std::string(kBar - filled, ' ') + "] " + text;
  line.resize(std::min(line.size(), static_cast<size_t>(line_.columns())));
  line_.draw(line);
}
