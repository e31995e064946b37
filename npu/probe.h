// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds what this machine lacks to compute on an AMD NPU.
#pragma once

#include <string>

namespace npuspeech::npu {

/// The folders in which Linux shows accelerators. Tests pass their own.
struct ProbePaths {
  /// The device nodes: accel0, accel1, ...
  std::string devices = "/dev/accel";
  /// Their descriptions, where accel0/device/driver is a link to the driver.
  std::string classes = "/sys/class/accel";
};

/// Returns why the NPU cannot be used, as a clause without a full stop ("there is no device node in
/// /dev/accel"). It names the first that is missing of: a device node, the driver amdxdna, permission to open
/// the node, XRT in this build. Empty where nothing is missing.
std::string whatKeepsNpuOut(const ProbePaths& paths = {});

}  // namespace npuspeech::npu
