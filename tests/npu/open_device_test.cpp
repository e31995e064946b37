// SPDX-License-Identifier: LGPL-2.1-or-later
// The choice of a device by name, and the reasons that are given for it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "npu/device.h"
#include "npu/probe.h"

namespace npuspeech::npu {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(OpenDevice, AlwaysHasACpu) {
  for (const char* name : {"cpu", "auto"}) {
    auto chosen = openDevice(name);
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->device->name(), "cpu");
    EXPECT_TRUE(chosen->device->allocate(1));
    EXPECT_TRUE(chosen->reason.ends_with("."));
  }
  EXPECT_TRUE(contains(openDevice("auto")->reason, whatKeepsNpuOut()));
}

TEST(OpenDevice, SaysWhyADeviceIsMissing) {
  for (const char* name : {"sim", "xrt", "xrt:0", "xrt:17"}) {
    auto chosen = openDevice(name);
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error().code, ErrorCode::NoDevice) << name;
    EXPECT_TRUE(contains(chosen.error().message, name)) << chosen.error().message;
  }
}

TEST(OpenDevice, RefusesOtherNames) {
  for (const char* name : {"", "CPU", "gpu", "xrt:", "xrt:-1", "xrt:1x", "xrt:256", "xrt0"}) {
    auto chosen = openDevice(name);
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error().code, ErrorCode::BadValue) << name;
    EXPECT_TRUE(contains(chosen.error().message, name)) << chosen.error().message;
  }
}

/// A machine of our own, in a temporary folder.
class ProbeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/npuspeech-probe-XXXXXX";
    root_ = mkdtemp(name);
    paths_ = {root_ / "dev/accel", root_ / "sys/class/accel"};
  }
  void TearDown() override { fs::remove_all(root_); }
  void addDevice(const std::string& node, const std::string& driver) {
    fs::create_directories(paths_.devices);
    std::ofstream(fs::path(paths_.devices) / node) << "";
    fs::create_directories(fs::path(paths_.classes) / node / "device");
    if (!driver.empty())
      fs::create_symlink("/sys/bus/pci/drivers/" + driver, fs::path(paths_.classes) / node / "device/driver");
  }
  fs::path root_;
  ProbePaths paths_;
};

TEST_F(ProbeTest, NamesTheFirstThingThatIsMissing) {
  EXPECT_EQ(whatKeepsNpuOut(paths_), "there is no device node in " + paths_.devices);
  addDevice("accel0", "intel_vpu");
  addDevice("accel1", "");
  EXPECT_EQ(whatKeepsNpuOut(paths_),
            "no device in " + paths_.devices + " has the driver amdxdna (accel0: intel_vpu, accel1: none)");
  addDevice("accel2", "amdxdna");
  EXPECT_EQ(whatKeepsNpuOut(paths_), "this build has no XRT");
}

}  // namespace
}  // namespace npuspeech::npu
