// SPDX-License-Identifier: LGPL-2.1-or-later
// What this machine lacks to run on an AMD NPU.
#pragma once

#include <string>

namespace npuspeech::npu {

/// Where the kernel shows accelerators; a test gives folders of its own.
struct ProbePaths {
  std::string devices = "/dev/accel";        // nodes accel0, accel1, ...
  std::string classes = "/sys/class/accel";  // accel0/device/driver links to the driver
};

/// What keeps the NPU out, as a clause without a full stop ("there is no device node in /dev/accel"): the
/// first thing missing of device node, permission to open it, driver amdxdna, and XRT in this build. Empty
/// where nothing is missing.
std::string whatKeepsNpuOut(const ProbePaths& paths = {});

}  // namespace npuspeech::npu
