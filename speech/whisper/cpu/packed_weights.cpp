// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/packed_weights.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/log.h"
#include "kernels/matmul_i8/matmul_i8.h"
#include "speech/model/mapped_file.h"

namespace npuspeech {
namespace {

/// Raise it with every change of what loading makes of a model's weights (weights.cpp, fold.cpp).
constexpr uint32_t kVersion = 1;
/// Tensor of two numbers: where the weights come from, and the checksum of all other tensors.
constexpr std::string_view kCheck = "check";
/// Another training gives other numbers everywhere: samples tell models of one size apart.
constexpr size_t kSamples = 64, kSampleSize = 4096;

uint32_t checksum(uint32_t before, std::span<const std::byte> data) {
  return static_cast<uint32_t>(
      crc32_z(before, reinterpret_cast<const unsigned char*>(data.data()), data.size()));
}

uint32_t originOf(std::span<const std::byte> file, uint32_t origin) {
  const std::array<uint64_t, 3> sizes{file.size(), kVersion, kMatmulI8Layout};
  origin = checksum(origin, std::as_bytes(std::span(sizes)));
  for (size_t i = 0; i < kSamples; ++i) {
    const size_t at = file.size() / kSamples * i;
    origin = checksum(origin, file.subspan(at, std::min(kSampleSize, file.size() - at)));
  }
  // The system brings megabytes around each sample.
  MappedFile::forget(file);
  return origin;
}

int32_t originOf(const ModelSource& model) {
  uint32_t origin = 0;
  for (const std::span<const std::byte> file : model.contents()) origin = originOf(file, origin);
  return static_cast<int32_t>(origin);
}

}  // namespace

PackedWeights::PackedWeights(const ModelSource& model)
    : path_(model.pathBeside("npuspeech-int8.safetensors")), origin_(originOf(model)) {}

std::optional<TensorFile> PackedWeights::open() const {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return {};
  const auto file = TensorFile::openSafetensors(path_);
  if (!file) {
    logf(LogLevel::Info, "%s It is made again.", file.error().message.c_str());
    return {};
  }
  const TensorView* const check = file->find(kCheck);
  std::array<int32_t, 2> kept{};
  if (check && check->data.size() == sizeof kept)
    std::copy(check->data.begin(), check->data.end(), std::as_writable_bytes(std::span(kept)).begin());
  uint32_t sum = 0;
  if (kept[0] == origin_)
    for (const auto& [name, tensor] : file->tensors()) {
      if (name != kCheck) sum = checksum(sum, tensor.data);
      // Else all of the file would still be there while it is copied.
      MappedFile::forget(tensor.data);
    }
  if (kept == std::array{origin_, static_cast<int32_t>(sum)}) return *file;
  logf(LogLevel::Info, "'%s' does not fit the model beside it, or is damaged. It is made again.",
       path_.c_str());
  return {};
}

void PackedWeights::save(SafetensorsWriter& writer) const {
  uint32_t sum = 0;
  for (const auto& tensor : writer.tensors()) sum = checksum(sum, tensor.data);
  const std::array<int32_t, 2> check{origin_, static_cast<int32_t>(sum)};
  writer.add(std::string(kCheck), std::span<const int32_t>(check));
  if (const auto written = writer.write(path_); !written)
    logf(LogLevel::Info, "%s Loading takes a little longer without it.", written.error().message.c_str());
}

}  // namespace npuspeech
