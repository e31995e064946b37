// SPDX-License-Identifier: LGPL-2.1-or-later
// A Whisper model as its files have it, whatever their format: sizes, tensors by name, vocabulary. How a
// device wants its weights packed is not known here.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned.h"
#include "base/result.h"
#include "speech/model/canonical_tensors.h"
#include "speech/model/tensor_file.h"
#include "speech/model/vocabulary.h"

namespace npuspeech {

/// What the reader of a format hands over.
struct ModelFiles {
  std::string path;               // the folder or file that was opened
  std::vector<TensorFile> files;  // those with weights
  ModelSizes sizes;
  std::optional<Vocabulary> vocabulary;
  /// The stored tensors that a canonical one is made of, in order: their rows follow each other, and each has
  /// as many. An empty name stands for zeros.
  std::function<std::vector<std::string>(const CanonicalTensor&)> storedNames;
};

/// An opened model. Its files stay mapped while it lives. Immutable; thread-safe. Movable.
class ModelSource {
 public:
  /// `path` is a folder, as CTranslate2 or Hugging Face's transformers write it, or a file of whisper.cpp.
  /// Takes milliseconds: weights are not read. Errors: NotFound, BadFile, with the file at fault, what is
  /// wrong and what was expected.
  static Result<ModelSource> open(const std::string& path);
  /// Checks that all tensors are there, and have the shapes that the sizes give them. Errors: BadFile.
  static Result<ModelSource> create(ModelFiles files);

  const std::string& path() const { return files_.path; }
  /// The folder's, or the file's without its extension.
  const std::string& name() const { return name_; }
  const ModelSizes& sizes() const { return files_.sizes; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  const std::shared_ptr<const Vocabulary>& sharedVocabulary() const { return vocabulary_; }

  /// Whether a model has this tensor; canonical_tensors.cpp lists all.
  bool has(std::string_view tensor) const { return tensors_.contains(tensor); }
  /// A tensor in float32. Its part of the file is given back to the system, so that a model that is read part
  /// by part never is in memory as a whole. Errors: BadFile where the tensor has other dimensions, or holds
  /// what is not a number; OutOfMemory is thrown as std::bad_alloc.
  Result<AlignedVector<float>> readFloat(std::string_view tensor, std::span<const int64_t> dims) const;
  /// The numbers of all tensors.
  double elements() const { return elements_; }

  /// The bytes of the files with weights: another model has others.
  std::vector<std::span<const std::byte>> contents() const;
  /// The path of a file `name` to be kept beside the model, which another model's never has.
  std::string pathBeside(std::string_view name) const;

 private:
  struct Part {
    const TensorFile* file = nullptr;  // null: zeros
    std::string name;
  };
  struct Tensor {
    std::vector<int64_t> dims;
    std::vector<Part> parts;
  };

  explicit ModelSource(ModelFiles files);
  Result<void> find(const CanonicalTensor& wanted);
  const TensorFile* fileOf(std::string_view stored) const;

  ModelFiles files_;
  std::string name_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  double elements_ = 0;
};

}  // namespace npuspeech
