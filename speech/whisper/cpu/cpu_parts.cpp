// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/cpu_parts.h"

#include "base/thread_pool.h"
#include "speech/whisper/cpu/cpu_decoder.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "speech/whisper/cpu/weights.h"

namespace npuspeech {

Result<EngineParts> makeCpuParts(const PartsRequest& request) {
  const auto loaded = CpuWeights::load(request.model, request.precision, request.progress, request.stop);
  if (!loaded) return loaded.error();
  const std::shared_ptr<const CpuWeights>& weights = *loaded;
  const auto pool = std::make_shared<ThreadPool>(request.threads);
  EngineParts parts;
  parts.vocabulary = weights->vocabulary;
  parts.info.name = weights->name;
  parts.info.melBins = weights->melBins;
  parts.info.audioContext = weights->audioContext;
  parts.info.stateWidth = weights->width;
  parts.info.multilingual = weights->vocabulary->multilingual();
  parts.info.languages = weights->vocabulary->languages();
  parts.device = request.device;
  parts.encoder = std::make_unique<CpuEncoder>(weights, pool);
  parts.decoder = std::make_unique<CpuDecoder>(weights, pool);
  return parts;
}

}  // namespace npuspeech
