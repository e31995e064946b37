// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/model_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "speech/model/model_readers.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

bool isFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string nameOf(const std::string& path) {
  fs::path normal = fs::path(path).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();  // it ended in a slash
  return isFolder(path) ? normal.filename() : normal.stem();
}

std::string shapeText(std::span<const int64_t> dims) {
  std::string text;
  for (const int64_t dim : dims) text.append(text.empty() ? "" : "x").append(std::to_string(dim));
  return text;
}

}  // namespace

Result<ModelSource> ModelSource::open(const std::string& path) {
  if (!isFolder(path)) return openGgmlModel(path);
  if (isCTranslate2Model(path)) return openCTranslate2Model(path);
  if (isHuggingFaceModel(path)) return openHuggingFaceModel(path);
  return Error{ErrorCode::NotFound, "There is no model in '" + path + "': neither '" + path +
                                        "/model.bin' (CTranslate2) nor '" + path +
                                        "/model.safetensors' (Hugging Face). Fetch or convert the model "
                                        "again, or give the path of a ggml file (whisper.cpp)."};
}

ModelSource::ModelSource(ModelFiles files) : files_(std::move(files)), name_(nameOf(files_.path)) {
  vocabulary_ = std::make_shared<const Vocabulary>(std::move(*files_.vocabulary));
}

Result<ModelSource> ModelSource::create(ModelFiles files) {
  if (auto checked = checkSizes(files.sizes, files.path); !checked) return checked.error();
  ModelSource source(std::move(files));
  for (const CanonicalTensor& tensor : canonicalTensors(source.sizes()))
    if (auto found = source.find(tensor); !found) return found.error();
  source.files_.storedNames = nullptr;
  return source;
}

const TensorFile* ModelSource::fileOf(std::string_view stored) const {
  const auto found = std::find_if(files_.files.begin(), files_.files.end(),
                                  [&](const TensorFile& file) { return file.find(stored) != nullptr; });
  return found == files_.files.end() ? nullptr : &*found;
}

Result<void> ModelSource::find(const CanonicalTensor& wanted) {
  Tensor tensor{wanted.dims, {}};
  const std::vector<std::string> stored = files_.storedNames(wanted);
  std::vector<int64_t> dims = wanted.dims;
  dims[0] /= static_cast<int64_t>(stored.size());
  for (const std::string& name : stored) {
    const TensorFile* file = name.empty() ? nullptr : fileOf(name);
    if (!name.empty()) {
      if (!file) file = &files_.files.front();  // which says what is missing
      if (const auto there = file->require(name, dims); !there) return there.error();
    }
    tensor.parts.push_back({file, name});
  }
  double elements = 1;
  for (const int64_t dim : wanted.dims) elements *= static_cast<double>(dim);
  elements_ += elements;
  tensors_.emplace(wanted.name(), std::move(tensor));
  return {};
}

Result<AlignedVector<float>> ModelSource::readFloat(std::string_view name,
                                                    std::span<const int64_t> dims) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    return Error{ErrorCode::BadFile,
                 "'" + path() + "': a Whisper model has no tensor '" + std::string(name) + "'."};
  const Tensor& tensor = found->second;
  if (!std::equal(dims.begin(), dims.end(), tensor.dims.begin(), tensor.dims.end()))
    return Error{ErrorCode::BadFile, "'" + path() + "': tensor '" + std::string(name) + "' has shape " +
                                         shapeText(tensor.dims) + ", expected " + shapeText(dims) + "."};
  size_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
  AlignedVector<float> values(count);
  const size_t part = count / tensor.parts.size();
  std::vector<int64_t> partDims(dims.begin(), dims.end());
  partDims[0] /= static_cast<int64_t>(tensor.parts.size());
  for (size_t i = 0; i < tensor.parts.size(); ++i) {
    const std::span<float> out = std::span(values).subspan(i * part, part);
    const auto& [file, stored] = tensor.parts[i];
    if (!file)
      std::fill(out.begin(), out.end(), 0.0f);
    else if (auto read = file->readFloat(stored, partDims, out); !read)
      return read.error();
  }
  return values;
}

std::vector<std::span<const std::byte>> ModelSource::contents() const {
  std::vector<std::span<const std::byte>> contents;
  for (const TensorFile& file : files_.files) contents.push_back(file.bytes());
  return contents;
}

std::string ModelSource::pathBeside(std::string_view name) const {
  if (isFolder(path())) return fs::path(path()) / name;
  return path() + "." + std::string(name);
}

Result<void> checkSizes(const ModelSizes& s, const std::string& path) {
  const auto within = [](int value, int least, int most) { return value >= least && value <= most; };
  constexpr int kMost = 65536, kMostLayers = 1024;
  const bool sane = within(s.melBins, 1, 1024) && within(s.audioContext, 2, kMost) &&
                    within(s.textContext, 8, kMost) && within(s.encoderLayers, 1, kMostLayers) &&
                    within(s.decoderLayers, 1, kMostLayers) && within(s.heads, 1, kMostLayers) &&
                    s.width == s.heads * kHeadDim && within(s.ffnWidth, 16, 16 * kMost) &&
                    s.ffnWidth % 16 == 0 && within(s.vocabularySize, 1, Vocabulary::kMaxSize);
  if (sane) return {};
  return Error{ErrorCode::BadFile,
               "'" + path + "' does not have the layers of a Whisper model with heads 64 wide (found " +
                   std::to_string(s.encoderLayers) + " encoder and " + std::to_string(s.decoderLayers) +
                   " decoder layers, width " + std::to_string(s.width) + ", " + std::to_string(s.heads) +
                   " heads, " + std::to_string(s.melBins) + " mel bins, " + std::to_string(s.vocabularySize) +
                   " tokens). Fetch or convert the model again."};
}

}  // namespace npuspeech
