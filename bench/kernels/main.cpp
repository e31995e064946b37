// SPDX-License-Identifier: LGPL-2.1-or-later
// Every body of every kernel that this processor can run, on the shapes that Whisper gives it, against the
// peak of this machine and against oneDNN; bench.h says what the counters are. Threads: environment variable
// THREADS, by default all. --benchmark_filter=REGEX chooses: all take some minutes.
#include <string>

#include "bench/kernels/bench.h"
#include "bench/onednn.h"

int main(int argc, char** argv) {
  using namespace npuspeech;
  const bool sameThreads = setOnednnThreads(benchThreads());
  benchmark::AddCustomContext("threads", std::to_string(benchThreads()));
  benchmark::AddCustomContext("compared with",
                              std::string(onednnVersion()) + (sameThreads ? "" : ", on threads of its own"));
  addMatmulF32();
  addMatmulI8();
  addAttention();
  addDecodeAttention();
  addLstm();
  addRowKernels();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
