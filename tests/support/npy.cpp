// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numpy's array files; zlib inflates what is compressed.
#include "tests/support/npy.h"

#include <zlib.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace npuspeech::test {
namespace {

std::optional<std::string> readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

template <class T>
T at(std::string_view bytes, size_t offset) {
  if (offset + sizeof(T) > bytes.size()) throw std::runtime_error("truncated array file");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view section(std::string_view bytes, size_t offset, size_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) throw std::runtime_error("truncated array file");
  return bytes.substr(offset, size);
}

template <class T>
void append(std::vector<float>& values, std::string_view data, size_t count) {
  for (size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(at<T>(data, i * sizeof(T))));
}

Npy parse(std::string_view file) {
  if (!file.starts_with("\x93NUMPY\x01")) throw std::runtime_error("not a .npy file of version 1");
  const size_t headerSize = at<uint16_t>(file, 8);
  const std::string_view header = section(file, 10, headerSize);
  const std::string_view data = file.substr(10 + headerSize);
  if (header.find("'fortran_order': False") == header.npos)
    throw std::runtime_error("array is not row-major");

  Npy array;
  size_t count = 1;
  const size_t shape = header.find("'shape': (");
  for (const char* p = header.data() + shape + std::strlen("'shape': ("); *p != ')';) {
    char* end = nullptr;
    array.dims.push_back(std::strtoll(p, &end, 10));
    count *= static_cast<size_t>(array.dims.back());
    for (p = end; *p == ',' || *p == ' ';) ++p;
  }
  array.values.reserve(count);
  if (header.find("'<f4'") != header.npos)
    append<float>(array.values, data, count);
  else if (header.find("'<i8'") != header.npos)
    append<int64_t>(array.values, data, count);
  else if (header.find("'<i4'") != header.npos)
    append<int32_t>(array.values, data, count);
  else if (header.find("'<i2'") != header.npos)
    append<int16_t>(array.values, data, count);
  else if (header.find("'|i1'") != header.npos)
    append<int8_t>(array.values, data, count);
  else if (header.find("'|u1'") != header.npos)
    append<uint8_t>(array.values, data, count);
  else
    throw std::runtime_error("array is neither float32 nor of integers");
  return array;
}

std::string inflated(std::string_view deflated, size_t size) {
  std::string out(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(deflated.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(size);
  inflateInit2(&stream, -MAX_WBITS);  // no zlib header in a ZIP archive
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("broken compressed array");
  return out;
}

}  // namespace

std::optional<Npy> readNpy(const std::string& path) {
  const auto file = readFile(path);
  if (!file) return {};
  return parse(*file);
}

std::optional<Npy> readNpz(const std::string& path, const std::string& name) {
  const auto file = readFile(path);
  if (!file) return {};
  // The end record (no comment behind it) says where the directory is; offsets are those of PKWARE's
  // APPNOTE 4.3.
  const std::string_view zip = *file;
  const size_t end = zip.rfind("PK\5\6");
  size_t entry = at<uint32_t>(zip, end + 16);
  for (int left = at<uint16_t>(zip, end + 10); left > 0; --left) {
    const size_t nameSize = at<uint16_t>(zip, entry + 28);
    if (section(zip, entry + 46, nameSize) == name + ".npy") {
      const size_t local = at<uint32_t>(zip, entry + 42);
      const size_t data = local + 30 + at<uint16_t>(zip, local + 26) + at<uint16_t>(zip, local + 28);
      const std::string_view packed = section(zip, data, at<uint32_t>(zip, entry + 20));
      if (at<uint16_t>(zip, entry + 10) == 0) return parse(packed);
      return parse(inflated(packed, at<uint32_t>(zip, entry + 24)));
    }
    entry += 46 + nameSize + at<uint16_t>(zip, entry + 30) + at<uint16_t>(zip, entry + 32);
  }
  throw std::runtime_error(path + " has no array " + name);
}

}  // namespace npuspeech::test
