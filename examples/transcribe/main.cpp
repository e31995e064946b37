// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcribes files with the installed nputranscriber: what tools/transcribe runs.
#include <gst/gst.h>

#include <cstdio>

#include "options.h"
#include "output.h"
#include "session.h"

int main(int argc, char** argv) {
  const Clock::time_point programStart = Clock::now();
  const auto parsed = parseOptions(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const Options& options = std::get<Options>(parsed);
  gst_init(nullptr, nullptr);

  Output output(options.output);
  int status = 1;
  if (output.open()) {
    status = Session(options, output, programStart).run();
    if (status > 1 || output.commit()) return status;
  }
  std::fprintf(stderr, "transcribe: %s\n", output.error().c_str());
  return 1;
}
