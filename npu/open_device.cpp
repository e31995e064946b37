// SPDX-License-Identifier: LGPL-2.1-or-later
// From a device's name to the device, with the reason for the choice.
#include <charconv>

#include "npu/device.h"
#include "npu/probe.h"

namespace npuspeech::npu {
namespace {

bool isXrtName(std::string_view name) {
  if (name == "xrt") return true;
  if (!name.starts_with("xrt:")) return false;
  name.remove_prefix(4);
  unsigned char index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  return error == std::errc() && end == name.data() + name.size();
}

}  // namespace

Result<ChosenDevice> openDevice(std::string_view name) {
  if (name == "cpu") return ChosenDevice{openCpuDevice(), "The CPU, as device=cpu asks for."};
  if (name == "auto") return ChosenDevice{openCpuDevice(), "The CPU, because " + whatKeepsNpuOut() + "."};
  if (name == "sim")
    return Error{ErrorCode::NoDevice,
                 "This version has no NPU simulator (device=sim): use device=cpu or auto."};
  if (isXrtName(name))
    return Error{ErrorCode::NoDevice, "The NPU (device=" + std::string(name) + ") cannot be used: " +
                                          whatKeepsNpuOut() + ". Use device=auto to run on the CPU then."};
  return Error{ErrorCode::BadValue, "No device is called \"" + std::string(name) +
                                        "\": use auto, cpu, sim, xrt, or xrt:N with N from 0 to 255."};
}

}  // namespace npuspeech::npu
