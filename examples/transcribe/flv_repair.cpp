// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV that is damaged in the middle: a tag of the size of the damage, which demuxers skip.
#include "flv_repair.h"

#include "file_bytes.h"

namespace {

// Of a tag in front of its data: type, size of the data, timestamp, stream. Its size follows the data.
constexpr uint64_t kHead = 11, kTail = 4;
constexpr uint64_t kMaxData = 0xffffff;
// Not one that FLV has.
constexpr uint8_t kSkipped = 0;

/// Where the tag ends that is whole at `offset`, 0 where there is none.
uint64_t tagEnd(FileBytes& file, uint64_t offset) {
  const uint8_t type = file.at(offset) & 0x1f;
  if ((type != 8 && type != 9 && type != 18) || file.bigEndian(offset + 8, 3) != 0) return 0;
  const uint64_t bytes = kHead + file.bigEndian(offset + 1, 3);
  const uint64_t end = offset + bytes + kTail;
  return end <= file.size() && file.bigEndian(offset + bytes, 4) == bytes ? end : 0;
}

}  // namespace

FlvRepair::~FlvRepair() {
  if (pad_) gst_object_unref(pad_);
}

void FlvRepair::begin(GstElement* source, const std::string& path) {
  FileBytes file(path);
  if (pad_ || !file.has(0, "FLV\x01")) return;
  for (uint64_t offset = file.bigEndian(5, 4) + kTail; offset + kHead + kTail < file.size();) {
    if (const uint64_t end = tagEnd(file, offset)) {
      offset = end;
      continue;
    }
    uint64_t next = offset + kHead + kTail;
    while (next < file.size() && !tagEnd(file, next)) next++;
    const uint64_t data = next - offset - kHead - kTail;
    if (next == file.size() || data > kMaxData) break;
    const auto byte = [data](int shift) { return static_cast<uint8_t>(data >> shift); };
    patches_.push_back({offset, {kSkipped, byte(16), byte(8), byte(0)}});
    offset = next;
  }
  GstElement* reader = nullptr;
  g_object_get(source, "source", &reader, nullptr);
  if (!reader) return;
  pad_ = gst_element_get_static_pad(reader, "src");
  gst_object_unref(reader);
  constexpr int kTypes = GST_PAD_PROBE_TYPE_PULL | GST_PAD_PROBE_TYPE_BUFFER;
  if (pad_) gst_pad_add_probe(pad_, static_cast<GstPadProbeType>(kTypes), onRead, this, nullptr);
}

GstPadProbeReturn FlvRepair::onRead(GstPad*, GstPadProbeInfo* info, gpointer self) {
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  if (!buffer) return GST_PAD_PROBE_OK;
  const uint64_t begin = info->offset, end = begin + gst_buffer_get_size(buffer);
  for (const Patch& patch : static_cast<FlvRepair*>(self)->patches_)
    for (uint64_t i = 0; i < patch.bytes.size(); i++)
      if (const uint64_t at = patch.offset + i; at >= begin && at < end) {
        buffer = gst_buffer_make_writable(buffer);
        gst_buffer_fill(buffer, at - begin, &patch.bytes[i], 1);
      }
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}
