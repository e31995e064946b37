// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numpy's array files: .npy, and .npz, which is a ZIP archive of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace npuspeech::test {

/// An array of little-endian float32 or integers in row-major order, as floats. Integers are not scaled.
struct Npy {
  std::vector<int64_t> dims;
  std::vector<float> values;
};

/// Reads an .npy file. Empty where it is missing; throws std::runtime_error where its format is not
/// supported.
std::optional<Npy> readNpy(const std::string& path);
/// Reads the array `name` (without ".npy") of an .npz file, whose members are stored or deflated. Empty or
/// throws as readNpy().
std::optional<Npy> readNpz(const std::string& path, const std::string& name);

}  // namespace npuspeech::test
