// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numpy's array files: .npy, and .npz, which is a ZIP archive of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace npuspeech::test {

/// An array of little-endian float32 or int16 in row-major order, as floats: int16 keep their values.
struct Npy {
  std::vector<int64_t> dims;
  std::vector<float> values;
};

/// Nothing where there is no such file; throws std::runtime_error where it cannot be understood.
std::optional<Npy> readNpy(const std::string& path);
/// The array `name` (without ".npy") of an archive whose members are stored or deflated.
std::optional<Npy> readNpz(const std::string& path, const std::string& name);

}  // namespace npuspeech::test
