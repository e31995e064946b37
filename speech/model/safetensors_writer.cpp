// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/safetensors_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace npuspeech {
namespace {

/// A file under a name of its own until it is whole.
class PartialFile {
 public:
  explicit PartialFile(std::string path) : path_(std::move(path)), name_(path_ + ".XXXXXX") {
    fd_ = ::mkostemp(name_.data(), O_CLOEXEC);
    failure_ = fd_ < 0 ? errno : 0;
  }
  ~PartialFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(name_.c_str());
  }
  PartialFile(const PartialFile&) = delete;

  void write(std::span<const std::byte> data) {
    while (!failure_ && !data.empty()) {
      const ssize_t count = ::write(fd_, data.data(), data.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) failure_ = errno;
      if (count > 0) data = data.subspan(static_cast<size_t>(count));
    }
  }
  Result<void> finish() {
    if (!failure_ && (::fchmod(fd_, 0644) != 0 || ::rename(name_.c_str(), path_.c_str()) != 0))
      failure_ = errno;
    if (!failure_) {
      ::close(fd_);
      fd_ = -1;
      return {};
    }
    const bool isFull = failure_ == ENOSPC || failure_ == EDQUOT || failure_ == EMFILE || failure_ == ENFILE;
    return Error{isFull ? ErrorCode::OutOfMemory : ErrorCode::NotFound,
                 "'" + path_ + "' cannot be written: " + std::strerror(failure_) + "."};
  }

 private:
  std::string path_, name_;
  int fd_ = -1, failure_ = 0;
};

const char* typeName(TensorType type) {
  return type == TensorType::Float32 ? "F32" : type == TensorType::Int32 ? "I32" : "I8";
}

}  // namespace

void SafetensorsWriter::add(std::string name, TensorType type, std::span<const std::byte> data) {
  tensors_.push_back({std::move(name), type, data});
}
void SafetensorsWriter::add(std::string name, std::span<const float> values) {
  add(std::move(name), TensorType::Float32, std::as_bytes(values));
}
void SafetensorsWriter::add(std::string name, std::span<const int32_t> values) {
  add(std::move(name), TensorType::Int32, std::as_bytes(values));
}
void SafetensorsWriter::add(std::string name, std::span<const uint8_t> bytes) {
  add(std::move(name), TensorType::Int8, std::as_bytes(bytes));
}

const std::vector<SafetensorsWriter::Tensor>& SafetensorsWriter::tensors() {
  std::sort(tensors_.begin(), tensors_.end(),
            [](const Tensor& a, const Tensor& b) { return a.name < b.name; });
  return tensors_;
}

Result<void> SafetensorsWriter::write(const std::string& path) {
  nlohmann::json header = nlohmann::json::object();
  size_t offset = 0;
  for (const Tensor& tensor : tensors()) {
    const size_t size = tensor.type == TensorType::Int8 ? 1 : 4, end = offset + tensor.data.size();
    header[tensor.name] = {{"dtype", typeName(tensor.type)},
                           {"shape", {tensor.data.size() / size}},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  PartialFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const Tensor& tensor : tensors_) file.write(tensor.data);
  return file.finish();
}

}  // namespace npuspeech
