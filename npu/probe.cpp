// SPDX-License-Identifier: LGPL-2.1-or-later
#include "npu/probe.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <vector>

namespace npuspeech::npu {
namespace {

namespace fs = std::filesystem;

constexpr char kDriver[] = "amdxdna";

std::vector<std::string> nodesIn(const std::string& folder) {
  std::set<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored))
    if (const std::string name = entry->path().filename(); name.starts_with("accel")) names.insert(name);
  return {names.begin(), names.end()};
}

std::string driverOf(const ProbePaths& paths, const std::string& node) {
  std::error_code ignored;
  return fs::read_symlink(fs::path(paths.classes) / node / "device/driver", ignored).filename();
}

}  // namespace

std::string whatKeepsNpuOut(const ProbePaths& paths) {
  const auto nodes = nodesIn(paths.devices);
  if (nodes.empty()) return "there is no device node in " + paths.devices;
  std::string others;
  for (const auto& node : nodes) {
    const std::string driver = driverOf(paths, node);
    if (driver != kDriver) {
      others += (others.empty() ? "" : ", ") + node + ": " + (driver.empty() ? "none" : driver);
      continue;
    }
    const std::string path = paths.devices + "/" + node;
    if (access(path.c_str(), R_OK | W_OK) != 0)
      return "this user may not open " + path + " (join the group that owns it, often render)";
    return "this build has no XRT";
  }
  return "no device in " + paths.devices + " has the driver " + kDriver + " (" + others + ")";
}

}  // namespace npuspeech::npu
