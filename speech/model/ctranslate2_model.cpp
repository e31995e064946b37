// SPDX-License-Identifier: LGPL-2.1-or-later
// CTranslate2's folder: model.bin, config.json, and vocabulary.json or vocabulary.txt. Its names are the
// canonical ones; the sizes are those of its tensors.
#include "speech/model/ctranslate2_vocabulary.h"
#include "speech/model/mapped_file.h"
#include "speech/model/model_readers.h"

namespace npuspeech {
namespace {

int dimension(const TensorFile& file, std::string_view name, size_t index) {
  const TensorView* tensor = file.find(name);
  return tensor && index < tensor->dims.size() ? static_cast<int>(tensor->dims[index]) : 0;
}

int countLayers(const TensorFile& file, const std::string& stack) {
  int layers = 0;
  while (file.find(stack + "/layer_" + std::to_string(layers) + "/ffn/linear_0/weight")) ++layers;
  return layers;
}

ModelSizes sizesOf(const TensorFile& file) {
  ModelSizes sizes;
  sizes.melBins = dimension(file, "encoder/conv1/weight", 1);
  sizes.width = dimension(file, "encoder/conv1/weight", 0);
  sizes.audioContext = dimension(file, "encoder/position_encodings/encodings", 0);
  sizes.textContext = dimension(file, "decoder/position_encodings/encodings", 0);
  sizes.vocabularySize = dimension(file, "decoder/embeddings/weight", 0);
  sizes.ffnWidth = dimension(file, "encoder/layer_0/ffn/linear_0/weight", 0);
  // Files before revision 3 do not say.
  const auto heads = file.readInteger("encoder/num_heads");
  sizes.heads = heads ? *heads : sizes.width / kHeadDim;
  sizes.encoderLayers = countLayers(file, "encoder");
  sizes.decoderLayers = countLayers(file, "decoder");
  return sizes;
}

}  // namespace

bool isCTranslate2Model(const std::string& folder) {
  return isThere(folder + "/model.bin");
}

Result<ModelSource> openCTranslate2Model(const std::string& folder) {
  auto file = TensorFile::openCTranslate2(folder + "/model.bin");
  if (!file) return file.error();
  if (file->spec() != "WhisperSpec")
    return Error{ErrorCode::BadFile, "'" + file->path() + "' holds a model of kind \"" + file->spec() +
                                         "\", expected \"WhisperSpec\". Give the folder of a Whisper model."};
  ModelFiles files;
  files.path = folder;
  files.sizes = sizesOf(*file);
  if (auto checked = checkSizes(files.sizes, file->path()); !checked) return checked.error();
  auto vocabulary = loadCTranslate2Vocabulary(folder, files.sizes.vocabularySize);
  if (!vocabulary) return vocabulary.error();
  files.vocabulary = std::move(*vocabulary);
  files.files.push_back(std::move(*file));
  files.storedNames = [](const CanonicalTensor& tensor) { return std::vector{tensor.name()}; };
  return ModelSource::create(std::move(files));
}

}  // namespace npuspeech
