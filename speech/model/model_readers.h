// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats of models. docs/extending.md says how to add one.
#pragma once

#include <string>

#include "base/result.h"
#include "speech/model/model_source.h"

namespace npuspeech {

/// A folder with model.bin. Errors: NotFound, BadFile.
Result<ModelSource> openCTranslate2Model(const std::string& folder);
/// A folder with config.json and model.safetensors, or the parts that model.safetensors.index.json names.
/// Errors: NotFound, BadFile.
Result<ModelSource> openHuggingFaceModel(const std::string& folder);
/// A file of whisper.cpp. Errors: NotFound, BadFile.
Result<ModelSource> openGgmlModel(const std::string& path);

/// Whether the folder has the files of the format.
bool isCTranslate2Model(const std::string& folder);
bool isHuggingFaceModel(const std::string& folder);

/// Sizes within what a Whisper model may have; readers check them before anything depends on them. Errors:
/// BadFile.
Result<void> checkSizes(const ModelSizes& sizes, const std::string& path);

}  // namespace npuspeech
