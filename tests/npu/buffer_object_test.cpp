// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that is shared by descriptor: seals, sizes, lifetime, and what happens when descriptors run out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "npu/cpu/fd_buffer.h"
#include "npu/device.h"

namespace npuspeech::npu {
namespace {

size_t openDescriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

/// How a device is opened, whose buffers are tested.
struct Opener {
  const char* name;
  std::shared_ptr<Device> (*open)();
};

/// Every test ends with as many open descriptors as it began with.
class BufferObjectTest : public ::testing::TestWithParam<Opener> {
 protected:
  void TearDown() override {
    device_.reset();
    EXPECT_EQ(openDescriptors(), before_);
  }
  size_t before_ = openDescriptors();
  std::shared_ptr<Device> device_ = GetParam().open();
};

TEST_P(BufferObjectTest, AllocatesZeroedWholePages) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (size_t size : {size_t{0}, size_t{1}, page - 1, page, page + 1, size_t{3000 * 80 * 4}}) {
    auto buffer = device_->allocate(size);
    ASSERT_TRUE(buffer) << buffer.error().message;
    BufferObject& b = **buffer;
    EXPECT_GE(b.size(), std::max<size_t>(size, 1));
    EXPECT_LT(b.size(), size + page + 1);
    EXPECT_EQ(b.size() % page, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b.data()) % page, 0u);
    EXPECT_TRUE(std::all_of(b.data(), b.data() + b.size(), [](std::byte x) { return x == std::byte{0}; }));
    EXPECT_TRUE(fcntl(b.fd(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST_P(BufferObjectTest, MemfdCanNeitherShrinkNorGrowNorBeSealed) {
  auto buffer = FdBuffer::createMemfd(10000);
  ASSERT_TRUE(buffer);
  const int fd = (*buffer)->fd();
  EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  EXPECT_EQ(ftruncate(fd, 0), -1);
  EXPECT_EQ(ftruncate(fd, 1 << 20), -1);
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
  EXPECT_FALSE((*buffer)->isDmaBuf());
}

TEST_P(BufferObjectTest, UdmabufIsADmaBuf) {
  const int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (udmabuf < 0) GTEST_SKIP() << "/dev/udmabuf is missing or may not be opened";
  auto buffer = FdBuffer::createUdmabuf(udmabuf, 10000);
  close(udmabuf);
  ASSERT_TRUE(buffer) << buffer.error().message;
  EXPECT_TRUE((*buffer)->isDmaBuf());
  EXPECT_TRUE(openCpuDevice()->allocate(10000).value()->isDmaBuf());
  (*buffer)->as<int>()[100] = 7;
  EXPECT_TRUE((*buffer)->sync(SyncDirection::ToDevice, 0, 4096));
  auto imported = FdBuffer::import((*buffer)->fd(), 10000);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_TRUE((*imported)->isDmaBuf());
  EXPECT_TRUE((*imported)->sync(SyncDirection::FromDevice, 0, 4096));
  EXPECT_EQ((*imported)->as<int>()[100], 7);
}

TEST_P(BufferObjectTest, ImportSharesTheMemoryAndOutlivesTheExporter) {
  auto exported = device_->allocate(8192);
  ASSERT_TRUE(exported);
  auto imported = device_->import((*exported)->fd(), 8192);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_NE((*imported)->fd(), (*exported)->fd());
  EXPECT_NE((*imported)->data(), (*exported)->data());
  EXPECT_EQ((*imported)->isDmaBuf(), (*exported)->isDmaBuf());
  std::strcpy((*exported)->as<char>() + 5000, "words");
  EXPECT_STREQ((*imported)->as<char>() + 5000, "words");
  std::strcpy((*imported)->as<char>() + 5000, "WORDS");
  EXPECT_STREQ((*exported)->as<char>() + 5000, "WORDS");
  *exported = nullptr;
  EXPECT_STREQ((*imported)->as<char>() + 5000, "WORDS");
}

TEST_P(BufferObjectTest, ImportLeavesThePositionOfAFileAlone) {
  auto exported = FdBuffer::createMemfd(8192);
  ASSERT_TRUE(exported);
  lseek((*exported)->fd(), 123, SEEK_SET);
  ASSERT_TRUE(device_->import((*exported)->fd(), 8192));
  EXPECT_EQ(lseek((*exported)->fd(), 0, SEEK_CUR), 123);
}

TEST_P(BufferObjectTest, ImportTakesNoFileThatItsOwnerCanShrink) {
  const int fd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(ftruncate(fd, 8192), 0);
  const auto refused = device_->import(fd, 8192);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_NE(refused.error().message.find("F_SEAL_SHRINK"), std::string::npos) << refused.error().message;
  ASSERT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_TRUE(device_->import(fd, 8192));
  close(fd);
}

TEST_P(BufferObjectTest, ImportRefusesWhatItCannotMap) {
  auto code = [&](int fd, size_t size) {
    auto result = device_->import(fd, size);
    EXPECT_FALSE(result);
    EXPECT_NE(result.error().message.find("escriptor " + std::to_string(fd)), std::string::npos)
        << result.error().message;
    return result.error().code;
  };
  auto buffer = device_->allocate(8192);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(code((*buffer)->fd(), 8193), ErrorCode::BadValue);
  EXPECT_EQ(code((*buffer)->fd(), 0), ErrorCode::BadValue);
  EXPECT_EQ(code(-1, 8192), ErrorCode::BadValue);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(code(ends[0], 4096), ErrorCode::BadValue);
  close(ends[0]);
  close(ends[1]);
  const int readOnly = memfd_create("read-only", MFD_ALLOW_SEALING);
  ASSERT_EQ(ftruncate(readOnly, 4096), 0);
  ASSERT_EQ(fcntl(readOnly, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
  auto result = device_->import(readOnly, 4096);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::BadValue);
  close(readOnly);
}

TEST_P(BufferObjectTest, SyncKeepsToTheBuffer) {
  auto buffer = device_->allocate(4096);
  ASSERT_TRUE(buffer);
  BufferObject& b = **buffer;
  EXPECT_TRUE(b.sync(SyncDirection::ToDevice, 0, b.size()));
  EXPECT_TRUE(b.sync(SyncDirection::FromDevice, b.size(), 0));
  EXPECT_FALSE(b.sync(SyncDirection::ToDevice, 1, b.size()));
  EXPECT_FALSE(b.sync(SyncDirection::ToDevice, b.size() + 1, 0));
  EXPECT_FALSE(b.sync(SyncDirection::ToDevice, 1, SIZE_MAX));
}

TEST_P(BufferObjectTest, ImpossibleSizesAreOutOfMemory) {
  for (size_t size : {SIZE_MAX, SIZE_MAX / 2, size_t{1} << 60}) {
    auto buffer = device_->allocate(size);
    ASSERT_FALSE(buffer);
    EXPECT_EQ(buffer.error().code, ErrorCode::OutOfMemory);
  }
}

TEST_P(BufferObjectTest, RunningOutOfDescriptorsIsAnErrorThatPasses) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit few = old;
  few.rlim_cur = openDescriptors() + 8;
  std::vector<std::shared_ptr<BufferObject>> held;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  ErrorCode allocation = ErrorCode::Internal, importing = ErrorCode::Internal;
  std::string message;
  for (int i = 0; i < 100; ++i) {
    auto buffer = device_->allocate(4096);
    if (!buffer) {
      allocation = buffer.error().code;
      message = buffer.error().message;
      break;
    }
    held.push_back(*buffer);
  }
  if (auto result = device_->import(held.at(0)->fd(), 4096); !result) importing = result.error().code;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(allocation, ErrorCode::OutOfMemory);
  EXPECT_EQ(importing, ErrorCode::OutOfMemory);
  EXPECT_NE(message.find("4096"), std::string::npos) << message;
  EXPECT_NE(message.find("ulimit -n"), std::string::npos) << message;
  EXPECT_TRUE(device_->allocate(4096));
}

INSTANTIATE_TEST_SUITE_P(Devices, BufferObjectTest, ::testing::Values(Opener{"cpu", openCpuDevice}),
                         [](const auto& device) { return std::string(device.param.name); });

}  // namespace
}  // namespace npuspeech::npu
