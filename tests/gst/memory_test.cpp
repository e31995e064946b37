// SPDX-License-Identifier: LGPL-2.1-or-later
// Tensor caps, window meta, and memory that is passed on without a copy.
#include <fcntl.h>
#include <gst/allocators/allocators.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <set>

#include "gst/memory/npu_allocator.h"
#include "gst/memory/npu_buffer_pool.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::gst {
namespace {

using test::Held;

Held<GstCaps> capsOf(const char* text) {
  return Held<GstCaps>(gst_caps_from_string(text));
}

TEST(TensorCaps, AreThoseOfTheDesign) {
  const TensorFormat logMel{TensorFormat::Id::LogMel, 3000, 80};
  const auto caps = tensorCaps(logMel);
  const auto expected = capsOf(
      "application/x-npu-tensor, tensor-id=(string)whisper-log-mel, type=(string)float32, "
      "dims-order=(string)row-major, dims=(int)<3000,80>");
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), expected.get()));
  EXPECT_EQ(parseTensorCaps(caps.get()), logMel);
  EXPECT_EQ(logMel.bytes(), 960000u);
  const TensorFormat states{TensorFormat::Id::EncoderStates, 1500, 512};
  EXPECT_EQ(parseTensorCaps(tensorCaps(states).get()), states);
}

TEST(TensorCaps, RefuseWhatIsNotATensorOfOurs) {
  EXPECT_FALSE(parseTensorCaps(nullptr));
  for (const char* text : {"audio/x-raw", "ANY", NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL),
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000,{80,128}>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000,80,1>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000,0>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<-1,80>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<2000000,80>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(string)<3000,80>",
                           NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=3000",
                           NPUSPEECH_TENSOR_CAPS("other") ", dims=(int)<3000,80>",
                           "application/x-npu-tensor, tensor-id=whisper-log-mel, type=float16, "
                           "dims-order=row-major, dims=(int)<3000,80>",
                           "application/x-npu-tensor, tensor-id=whisper-log-mel, type=float32, "
                           "dims-order=col-major, dims=(int)<3000,80>"})
    EXPECT_FALSE(parseTensorCaps(capsOf(text).get())) << text;
}

TEST(WindowMeta, SurvivesACopyAndKeepsItsLogMel) {
  const Held<GstBuffer> logMel(gst_buffer_new_and_alloc(16));
  Held<GstBuffer> states(gst_buffer_new_and_alloc(16));
  addWindowMeta(states.get(), {{731, 1500, {20, 32}}, 9, 4, false}, logMel.get());
  Held<GstBuffer> copy(gst_buffer_copy(states.get()));
  states.reset();
  Window window;
  ASSERT_TRUE(readWindowMeta(copy.get(), 1500, &window));
  EXPECT_EQ(window.shape.frames, 731);
  EXPECT_EQ(window.shape.context, 1500);
  EXPECT_EQ(window.shape.padding, (PaddingPolicy{20, 32}));
  EXPECT_EQ(window.utterance, 9u);
  EXPECT_EQ(window.number, 4u);
  EXPECT_FALSE(window.isFinal);
  EXPECT_EQ(logMelOf(copy.get()), logMel.get());
  EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(logMel.get()), 2);
  copy.reset();
  EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(logMel.get()), 1);
}

TEST(WindowMeta, IsCheckedAgainstTheModel) {
  const Held<GstBuffer> buffer(gst_buffer_new_and_alloc(16));
  Window window;
  EXPECT_FALSE(readWindowMeta(buffer.get(), 1500, &window)) << "what it holds is not known";
  EXPECT_NE(windowOf(buffer.get(), 1500).error().message.find("GstNpuWindowMeta"), std::string::npos);
  addWindowMeta(buffer.get(), {{100, 1500, {}}});
  EXPECT_TRUE(readWindowMeta(buffer.get(), 1500, &window));
  EXPECT_FALSE(readWindowMeta(buffer.get(), 1000, &window));
  auto* meta = reinterpret_cast<GstNpuWindowMeta*>(
      gst_buffer_get_meta(buffer.get(), gst_npu_window_meta_api_get_type()));
  const GstNpuWindowMeta good = *meta;
  const auto refused = [&](auto&& spoil) {
    *meta = good;
    spoil(*meta);
    return !readWindowMeta(buffer.get(), 1500, &window);
  };
  EXPECT_TRUE(refused([](auto& m) { m.frames = 0; }));
  EXPECT_TRUE(refused([](auto& m) { m.frames = 3001; }));
  EXPECT_TRUE(refused([](auto& m) { m.frames = G_MAXINT; }));
  EXPECT_TRUE(refused([](auto& m) { m.audio_rows = 51; }));
  EXPECT_TRUE(refused([](auto& m) { m.padding_rows += 1; }));
  EXPECT_TRUE(refused([](auto& m) { m.padding_max = 0; }));
  EXPECT_TRUE(refused([](auto& m) { m.padding_growth = -1; }));
  *meta = good;
}

TEST(WindowMeta, PassesBetweenProcesses) {
  const Held<GstBuffer> buffer(gst_buffer_new_and_alloc(16));
  addWindowMeta(buffer.get(), {{731, 1500, {20, 32}}, uint64_t{1} << 40, 4, false, true, {7, 11}});
  const auto* meta = reinterpret_cast<GstNpuWindowMeta*>(
      gst_buffer_get_meta(buffer.get(), gst_npu_window_meta_api_get_type()));
  const auto bytes = packed(*meta);
  GstNpuWindowMeta copy{};
  ASSERT_TRUE(unpack(bytes, &copy));
  EXPECT_EQ(copy.frames, 731);
  EXPECT_EQ(copy.audio_rows, meta->audio_rows);
  EXPECT_EQ(copy.padding_rows, meta->padding_rows);
  EXPECT_EQ(copy.padding_growth, 20);
  EXPECT_EQ(copy.padding_max, 32);
  EXPECT_EQ(copy.utterance, uint64_t{1} << 40);
  EXPECT_EQ(copy.number, 4u);
  EXPECT_FALSE(copy.final);
  EXPECT_TRUE(copy.stalled);
  EXPECT_EQ(copy.jump_at, 7u);
  EXPECT_EQ(copy.jump_by, 11u);
  EXPECT_EQ(copy.log_mel, nullptr);
  EXPECT_FALSE(unpack(std::span(bytes).first(bytes.size() - 1), &copy));
  EXPECT_FALSE(unpack({}, &copy));
}

class MemoryTest : public ::testing::Test {
 protected:
  Held<GstMemory> allocate(size_t size) {
    return Held<GstMemory>(gst_allocator_alloc(allocator_.get(), size, nullptr));
  }
  std::shared_ptr<npu::Device> device_ = npu::openCpuDevice();
  Held<GstAllocator> allocator_ = newNpuAllocator(device_);
};

TEST_F(MemoryTest, AllocatesMemoryOverOneBufferObject) {
  const auto memory = allocate(10000);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->size, 10000u);
  ASSERT_TRUE(gst_is_fd_memory(memory.get()));
  const auto object = bufferObjectOf(memory.get(), *device_, 10000);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->fd(), gst_fd_memory_get_fd(memory.get())) << "no import of one's own memory";
  EXPECT_EQ(gst_is_dmabuf_memory(memory.get()) != FALSE, object->isDmaBuf());
  GstMapInfo map;
  ASSERT_TRUE(gst_memory_map(memory.get(), &map, GST_MAP_WRITE));
  std::memset(map.data, 0x5A, map.size);
  const void* first = map.data;
  gst_memory_unmap(memory.get(), &map);
  EXPECT_EQ(object->as<unsigned char>()[9999], 0x5A);
  ASSERT_TRUE(gst_memory_map(memory.get(), &map, GST_MAP_READ));
  EXPECT_EQ(map.data, first) << "stays mapped";
  gst_memory_unmap(memory.get(), &map);
  EXPECT_EQ(bufferObjectOf(memory.get(), *device_, 10001), nullptr);
}

TEST_F(MemoryTest, TheBufferObjectOutlivesTheMemory) {
  auto memory = allocate(4096);
  const auto object = bufferObjectOf(memory.get(), *device_, 4096);
  memory.reset();
  object->as<int>()[0] = 5;
  EXPECT_NE(fcntl(object->fd(), F_GETFD), -1);
}

TEST_F(MemoryTest, HonoursAllocationParams) {
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  params.prefix = 100;
  params.padding = 50;
  const Held<GstMemory> memory(gst_allocator_alloc(allocator_.get(), 1000, &params));
  ASSERT_TRUE(memory);
  gsize offset = 0, most = 0;
  EXPECT_EQ(gst_memory_get_sizes(memory.get(), &offset, &most), 1000u);
  EXPECT_EQ(offset, 100u);
  EXPECT_EQ(most, 1150u);
  EXPECT_EQ(bufferObjectOf(memory.get(), *device_, 1000), nullptr) << "it does not start at its beginning";
}

TEST_F(MemoryTest, ForeignDescriptorsAreImportedOnceAndNotCopied) {
  const int fd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(ftruncate(fd, 8192), 0);
  ASSERT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
  GstAllocator* foreign = gst_fd_allocator_new();
  const Held<GstBuffer> buffer(gst_buffer_new());
  gst_buffer_append_memory(buffer.get(), gst_fd_allocator_alloc(foreign, fd, 8192, GST_FD_MEMORY_FLAG_NONE));
  gst_object_unref(foreign);
  gst_buffer_memset(buffer.get(), 0, 0x77, 8192);

  TensorReader reader(nullptr);
  const auto object = reader.read(buffer.get(), *device_, 8192);
  ASSERT_TRUE(object) << object.error().message;
  EXPECT_EQ((*object)->as<unsigned char>()[8191], 0x77);
  (*object)->as<unsigned char>()[1] = 0x11;
  unsigned char byte = 0;
  gst_buffer_extract(buffer.get(), 1, &byte, 1);
  EXPECT_EQ(byte, 0x11) << "the same memory";
  const auto again = reader.read(buffer.get(), *device_, 8192);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *object);
  EXPECT_EQ(reader.copies(), 0u);
}

// What its owner can shrink is read, not mapped: a page that is gone would end the process.
TEST_F(MemoryTest, FilesThatShrinkOrAreTooShortAreErrors) {
  for (const bool isMemfd : {true, false}) {
    const int fd =
        isMemfd ? memfd_create("foreign", MFD_CLOEXEC) : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) continue;  // a file system without O_TMPFILE
    const std::vector<char> bytes(16384, 'x');
    ASSERT_EQ(write(fd, bytes.data(), bytes.size()), 16384);
    GstAllocator* foreign = gst_fd_allocator_new();
    const Held<GstBuffer> buffer(gst_buffer_new());
    gst_buffer_append_memory(buffer.get(),
                             gst_fd_allocator_alloc(foreign, fd, 20000, GST_FD_MEMORY_FLAG_NONE));
    gst_object_unref(foreign);
    TensorReader reader(nullptr);
    const auto whole = reader.read(buffer.get(), *device_, 16384);
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ((*whole)->as<char>()[16383], 'x');
    EXPECT_EQ(reader.copies(), 1u);
    const auto longer = reader.read(buffer.get(), *device_, 20000);
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().code, ErrorCode::BadValue);
    ASSERT_EQ(ftruncate(fd, 4096), 0);
    EXPECT_EQ((*whole)->as<char>()[16383], 'x');
    EXPECT_FALSE(reader.read(buffer.get(), *device_, 16384));
    EXPECT_TRUE(reader.read(buffer.get(), *device_, 4096));
  }
}

// As memory of a device may be: GStreamer's own extraction would read from null.
TEST_F(MemoryTest, MemoryThatCannotBeMappedIsAnError) {
  GstAllocator* dmabuf = gst_dmabuf_allocator_new();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Held<GstBuffer> buffer(gst_buffer_new());
  gst_buffer_append_memory(buffer.get(), gst_dmabuf_allocator_alloc(dmabuf, ends[0], 4096));
  gst_object_unref(dmabuf);
  TensorReader reader(nullptr);
  const auto refused = reader.read(buffer.get(), *device_, 4096);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::BadValue);
  close(ends[1]);
}

TEST_F(MemoryTest, SharedMemoryIsUsedWhereItStartsAtItsBeginning) {
  const auto memory = allocate(8192);
  const Held<GstMemory> front(gst_memory_share(memory.get(), 0, 4096));
  const Held<GstMemory> back(gst_memory_share(memory.get(), 4096, 4096));
  ASSERT_TRUE(front && back);
  EXPECT_EQ(bufferObjectOf(front.get(), *device_, 4096), bufferObjectOf(memory.get(), *device_, 8192));
  EXPECT_EQ(bufferObjectOf(back.get(), *device_, 4096), nullptr);
}

TEST_F(MemoryTest, OtherMemoryIsCopiedCountedAndRight) {
  TensorReader reader(nullptr);
  std::vector<unsigned char> bytes(6000);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  Held<GstBuffer> system(gst_buffer_new_memdup(bytes.data(), bytes.size()));
  std::shared_ptr<npu::BufferObject> first;
  {
    const auto object = reader.read(system.get(), *device_, 6000);
    ASSERT_TRUE(object);
    first = *object;
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), first->as<unsigned char>()));
  }
  // While the first copy is in use, a second must not land in it.
  const auto second = reader.read(system.get(), *device_, 6000);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, first);
  // Two memories in one buffer, though each has a descriptor.
  const Held<GstBuffer> two(gst_buffer_new());
  gst_buffer_append_memory(two.get(), allocate(3000).release());
  gst_buffer_append_memory(two.get(), allocate(3000).release());
  EXPECT_TRUE(reader.read(two.get(), *device_, 6000));
  EXPECT_EQ(reader.copies(), 3u);
  const auto tooShort = reader.read(system.get(), *device_, 6001);
  ASSERT_FALSE(tooShort);
  EXPECT_EQ(tooShort.error().code, ErrorCode::BadValue);
}

TEST_F(MemoryTest, RunningOutOfDescriptorsIsNullAndPasses) {
  EXPECT_TRUE(allocate(4096));  // also lets a sanitizer see the types now: it needs descriptors for that
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit few = old;
  few.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto none = allocate(4096);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_FALSE(none);
  EXPECT_TRUE(allocate(4096));
}

TEST_F(MemoryTest, PoolsGiveTheSameDescriptorsAgain) {
  const auto caps = tensorCaps({TensorFormat::Id::LogMel, 3000, 80});
  const auto pool = newTensorPool(device_, caps.get(), 960000);
  ASSERT_TRUE(pool && gst_buffer_pool_set_active(pool.get(), TRUE));
  std::set<int> descriptors;
  for (int round = 0; round < 20; ++round) {
    GstBuffer *a = nullptr, *b = nullptr;
    ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &a, nullptr), GST_FLOW_OK);
    ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &b, nullptr), GST_FLOW_OK);
    for (GstBuffer* buffer : {a, b}) {
      ASSERT_EQ(gst_buffer_n_memory(buffer), 1u);
      EXPECT_EQ(gst_buffer_get_size(buffer), 960000u);
      EXPECT_EQ(gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()), nullptr);
      descriptors.insert(gst_fd_memory_get_fd(gst_buffer_peek_memory(buffer, 0)));
      addWindowMeta(buffer, {{100, 1500, {}}});
      gst_buffer_unref(buffer);
    }
  }
  EXPECT_EQ(descriptors.size(), 2u);
  gst_buffer_pool_set_active(pool.get(), FALSE);
}

TEST_F(MemoryTest, PoolsAndTheirBuffersLeaveNoDescriptorBehind) {
  const auto count = [] {
    const std::filesystem::directory_iterator folder("/proc/self/fd");
    return std::distance(begin(folder), end(folder));
  };
  const auto before = count();
  {
    const auto device = npu::openCpuDevice();
    const auto caps = tensorCaps({TensorFormat::Id::LogMel, 3000, 80});
    auto pool = newTensorPool(device, caps.get(), 960000);
    ASSERT_TRUE(gst_buffer_pool_set_active(pool.get(), TRUE));
    GstBuffer* buffer = nullptr;
    ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &buffer, nullptr), GST_FLOW_OK);
    gst_buffer_pool_set_active(pool.get(), FALSE);
    pool.reset();
    gst_buffer_unref(buffer);
  }
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace npuspeech::gst
