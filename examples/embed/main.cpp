// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech to text inside an application: samples go in, a callback gets words.
//
// usage: npuspeech-embed [FILE]     raw PCM: 16-bit little-endian, 16 kHz, mono; from standard input where no
// FILE is named
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

struct Word {
  GstClockTime startNs, endNs;
  std::string text;
};

/// A stream of speech. push() and finish() belong to one thread.
class Transcriber {
 public:
  /// `onWord` is called from a thread of GStreamer's. `live`: samples come as they are recorded, and words
  /// while somebody speaks; else words come in whole sentences, as fast as the machine can.
  Transcriber(bool live, std::function<void(const Word&)> onWord) : onWord_(std::move(onWord)) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(
        "appsrc name=in format=time caps=audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved ! "
        "nputranscriber name=transcriber model=whisper-base language=en ! appsink name=out sync=false",
        &error);
    if (error) {
      error_ = error->message;
      g_clear_error(&error);
      return;
    }
    in_ = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(pipeline_), "in"));
    // Recorded samples wait where the machine is slower than they come; live ones cannot.
    g_object_set(in_, "is-live", live, "block", !live, "max-bytes", live ? guint64{0} : guint64{1 << 20},
                 nullptr);
    GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline_), "out");
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = takeSample;
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, this, nullptr);
    gst_object_unref(out);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }

  ~Transcriber() {
    if (pipeline_) gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_clear_object(&in_);
    gst_clear_object(&pipeline_);
  }
  Transcriber(const Transcriber&) = delete;
  Transcriber& operator=(const Transcriber&) = delete;

  /// False where the stream has ended: finish() says why.
  bool push(const std::vector<int16_t>& samples) {
    if (!in_ || hasFailed(0)) return false;
    GstBuffer* buffer = gst_buffer_new_memdup(samples.data(), samples.size() * sizeof(int16_t));
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(pushed_, GST_SECOND, 16000);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(samples.size(), GST_SECOND, 16000);
    pushed_ += samples.size();
    return gst_app_src_push_buffer(in_, buffer) == GST_FLOW_OK;
  }

  /// Waits for the last words. Empty, or what went wrong.
  std::string finish() {
    if (in_ && error_.empty()) {
      gst_app_src_end_of_stream(in_);
      hasFailed(GST_CLOCK_TIME_NONE);
    }
    return error_;
  }

 private:
  static GstFlowReturn takeSample(GstAppSink* out, gpointer self) {
    GstSample* sample = gst_app_sink_pull_sample(out);
    if (!sample) return GST_FLOW_EOS;
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
      const GstClockTime start = GST_BUFFER_PTS(buffer);
      const Word word{start, start + GST_BUFFER_DURATION(buffer),
                      std::string(reinterpret_cast<const char*>(map.data), map.size)};
      gst_buffer_unmap(buffer, &map);
      static_cast<Transcriber*>(self)->onWord_(word);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
  }

  /// Waits at most `timeout` for an error or the end of the stream.
  bool hasFailed(GstClockTime timeout) {
    GstBus* bus = gst_element_get_bus(pipeline_);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, timeout, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
    if (message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      error_ = error->message;
      g_clear_error(&error);
    }
    if (message) gst_message_unref(message);
    gst_object_unref(bus);
    return !error_.empty();
  }

  const std::function<void(const Word&)> onWord_;
  GstElement* pipeline_ = nullptr;
  GstAppSrc* in_ = nullptr;
  uint64_t pushed_ = 0;  // samples
  std::string error_;
};

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  std::FILE* file = argc > 1 ? std::fopen(argv[1], "rb") : stdin;
  if (!file) return std::perror(argv[1]), 1;
  Transcriber transcriber(false, [](const Word& word) {
    std::printf("%7.2f %7.2f  %s\n", static_cast<double>(word.startNs) / 1e9,
                static_cast<double>(word.endNs) / 1e9, word.text.c_str());
    std::fflush(stdout);
  });
  std::vector<int16_t> block(1600);  // what a sound card would hand over: a tenth of a second
  for (size_t read; (read = std::fread(block.data(), sizeof(int16_t), block.size(), file)) > 0;)
    if (!transcriber.push({block.begin(), block.begin() + static_cast<std::ptrdiff_t>(read)})) break;
  if (file != stdin) std::fclose(file);
  std::string error = transcriber.finish();
  if (error.empty() && (std::ferror(stdout) != 0 || std::fclose(stdout) != 0))
    error = "standard output cannot be written";
  if (!error.empty()) std::fprintf(stderr, "embed: %s\n", error.c_str());
  return error.empty() ? 0 : 1;
}
