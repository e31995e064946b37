// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a CTranslate2 model.
#include "tests/fuzz/tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  npuspeech::fuzz::parseTensors(npuspeech::parseCTranslate2, data, size);
  return 0;
}
