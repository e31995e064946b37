// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcribes files with the installed nputranscriber: what tools/transcribe runs.
#include <fcntl.h>
#include <gst/gst.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "options.h"
#include "output.h"
#include "safeguard.h"
#include "session.h"
#include "signals.h"

namespace {

int complain(const std::string& line, int status) {
  std::fprintf(stderr, "transcribe: %s\n", line.c_str());
  return status;
}

/// A file that is opened must not become a standard stream that the caller has closed.
void holdStandardStreams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0)
      (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

}  // namespace

int main(int argc, char** argv) {
  const Clock::time_point programStart = Clock::now();
  holdStandardStreams();
  const auto parsed = parseOptions(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const Options& options = std::get<Options>(parsed);
  if (const std::string conflict = conflictOf(options); !conflict.empty()) return complain(conflict, 2);

  Signals signals;
  Output output(options.output, options.live);
  if (!output.open()) return complain(output.error(), 1);
  gst_init(nullptr, nullptr);
  Session session(options, output, signals, programStart);
  int status = session.run();
  if (output.error().empty() && session.hasTranscript() && !output.commit())
    status = complain(output.error(), 1);
  // Who has sent a signal waits for no engine that has to come to the end of its sentence.
  output.discard();
  if (status > 128) std::_Exit(status);
  return status;
}
