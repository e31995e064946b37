// SPDX-License-Identifier: LGPL-2.1-or-later
// The CPU as a device: its buffers are DMA-BUFs where /dev/udmabuf works, so that accelerators can import
// them.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include "base/log.h"
#include "npu/cpu/fd_buffer.h"
#include "npu/device.h"

namespace npuspeech::npu {
namespace {

class CpuDevice final : public Device {
 public:
  CpuDevice() : udmabuf_(open("/dev/udmabuf", O_RDWR | O_CLOEXEC)), useUdmabuf_(udmabuf_ >= 0) {}
  ~CpuDevice() override {
    if (udmabuf_ >= 0) close(udmabuf_);
  }

  std::string_view name() const override { return "cpu"; }

  Result<std::shared_ptr<BufferObject>> allocate(size_t size) override {
    if (useUdmabuf_) {
      auto buffer = FdBuffer::createUdmabuf(udmabuf_, size);
      if (buffer || buffer.error().code != ErrorCode::Unsupported) return buffer;
      if (useUdmabuf_.exchange(false))
        logf(LogLevel::Info, "%s Buffers are memfds from here on.", buffer.error().message.c_str());
    }
    return FdBuffer::createMemfd(size);
  }

  Result<std::shared_ptr<BufferObject>> import(int fd, size_t size) override {
    return FdBuffer::import(fd, size);
  }

 private:
  const int udmabuf_;
  std::atomic<bool> useUdmabuf_;
};

}  // namespace

std::shared_ptr<Device> openCpuDevice() {
  return std::make_shared<CpuDevice>();
}

}  // namespace npuspeech::npu
