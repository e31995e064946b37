// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that is read as if some of its bytes were others.
#include "patches.h"

#include <algorithm>
#include <utility>

PatchedReads::PatchedReads(GstElement* source, std::vector<Patch> patches) : patches_(std::move(patches)) {
  std::sort(patches_.begin(), patches_.end(),
            [](const Patch& a, const Patch& b) { return a.offset < b.offset; });
  if (!patches_.empty()) g_signal_connect(source, "source-setup", G_CALLBACK(onReader), this);
}

void PatchedReads::onReader(GstElement*, GstElement* reader, gpointer self) {
  GstPad* pad = gst_element_get_static_pad(reader, "src");
  if (!pad) return;
  constexpr int kTypes = GST_PAD_PROBE_TYPE_PULL | GST_PAD_PROBE_TYPE_BUFFER;
  gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), onRead, self, nullptr);
  gst_object_unref(pad);
}

GstPadProbeReturn PatchedReads::onRead(GstPad*, GstPadProbeInfo* info, gpointer self) {
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  if (!buffer) return GST_PAD_PROBE_OK;
  const uint64_t begin = info->offset, end = begin + gst_buffer_get_size(buffer);
  const std::vector<Patch>& patches = static_cast<PatchedReads*>(self)->patches_;
  const auto isBefore = [begin](const Patch& patch) { return patch.offset + patch.bytes.size() <= begin; };
  for (auto patch = std::partition_point(patches.begin(), patches.end(), isBefore);
       patch != patches.end() && patch->offset < end; patch++)
    for (uint64_t i = 0; i < patch->bytes.size(); i++)
      if (const uint64_t at = patch->offset + i; at >= begin && at < end) {
        buffer = gst_buffer_make_writable(buffer);
        gst_buffer_fill(buffer, at - begin, &patch->bytes[i], 1);
      }
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}
