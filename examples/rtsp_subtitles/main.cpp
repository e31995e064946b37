// SPDX-License-Identifier: LGPL-2.1-or-later
// Subtitles of an RTSP stream (or any live URI), as they are spoken, over lost connections.
//
// usage: npuspeech-rtsp-subtitles URI OUTPUT [LANGUAGE]
//   OUTPUT   FILE.vtt, FILE.srt, FILE.mkv (the sound too), or show: the picture with captions in it. A file
//            that is there is not overwritten: what a live stream said cannot be had again
// Times count from the start of the program. Ctrl-C ends it, and the last words are written.
#include <glib-unix.h>
#include <gst/gst.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "source.h"

namespace {

constexpr char kUsage[] = "usage: npuspeech-rtsp-subtitles URI FILE.vtt|FILE.srt|FILE.mkv|show [LANGUAGE]";

// Holds what is said while the model loads.
constexpr char kHear[] =
    "queue name=audio max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! "
    "nputranscriber name=transcriber granularity=line lines=2 latency=10000 ! ";
constexpr char kWrite[] = "filesink name=file buffer-mode=unbuffered async=false";
// Nobody waits for the clock: lines have the time that whole sentences take (latency).
// A caption is whole some seconds after its first word, and must not be behind the sound in the file.
constexpr char kMatroska[] =
    "tee name=audio allow-not-linked=true "
    "audio. ! queue max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! "
    "nputranscriber name=transcriber granularity=line lines=2 latency=10000 ! queue ! mux. "
    "audio. ! queue min-threshold-time=10000000000 max-size-time=70000000000 max-size-bytes=0 "
    "max-size-buffers=0 ! "
    "audioconvert ! audioresample ! opusenc ! mux. matroskamux name=mux streamable=true ! ";
// The picture does not wait: captions stand there `lateness` after they were spoken, for as long as that
// took.
constexpr char kShow[] =
    "queue name=audio max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! "
    "nputranscriber name=transcriber granularity=line latency=0 lateness=5000 ! queue ! overlay.text_sink "
    "queue name=video ! videoconvert ! textoverlay name=overlay wait-text=false ! videoconvert ! "
    "autovideosink async-handling=true";

std::string pipelineOf(const std::string& output) {
  if (output == "show") return kShow;
  if (output.ends_with(".vtt")) return std::string(kHear) + "webvttenc ! " + kWrite;
  if (output.ends_with(".srt")) return std::string(kHear) + "srtenc ! " + kWrite;
  if (output.ends_with(".mkv")) return std::string(kMatroska) + kWrite;
  return {};
}

/// Longer than a silence inside an utterance, and over when the stream can be back.
constexpr GstClockTime kLost = 1200 * GST_MSECOND;

struct Program {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  std::unique_ptr<Source> source;
  int status = 0;
  bool interrupted = false;

  void fail(const std::string& reason) {
    std::fprintf(stderr, "rtsp-subtitles: %s\n", reason.c_str());
    status = 1;
    g_main_loop_quit(loop);
  }
};

gboolean onMessage(GstBus*, GstMessage* message, gpointer self) {
  auto& program = *static_cast<Program*>(self);
  if (program.source->handle(message)) return G_SOURCE_CONTINUE;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) g_main_loop_quit(program.loop);
  if (gst_message_has_name(message, "npuspeech/no-words"))
    std::fprintf(stderr, "rtsp-subtitles: %s\n",
                 gst_structure_get_string(gst_message_get_structure(message), "text"));
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    if (program.status == 0) program.fail(error->message);
    g_clear_error(&error);
  }
  return G_SOURCE_CONTINUE;
}

gboolean onInterrupt(gpointer self) {
  auto& program = *static_cast<Program*>(self);
  if (program.interrupted) g_main_loop_quit(program.loop);
  program.interrupted = true;
  program.source->finish();
  return G_SOURCE_CONTINUE;
}

GstPad* sinkOf(GstElement* pipeline, const char* name) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (!element) return nullptr;
  GstPad* pad = gst_element_get_static_pad(element, "sink");
  gst_object_unref(element);
  gst_object_unref(pad);  // the pipeline holds it
  return pad;
}

void setProperty(GstElement* pipeline, const char* name, const char* property, const char* value) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (element) gst_util_set_object_arg(G_OBJECT(element), property, value);
  gst_clear_object(&element);
}

SourceUse useOf(GstElement* pipeline, const std::string& uri, Program& program) {
  GstPad* audio = sinkOf(pipeline, "audio");
  GstPad* video = sinkOf(pipeline, "video");
  SourceUse use;
  use.hasPicture = video != nullptr;
  use.isAlwaysLive = true;
  use.sinkOf = [=](const std::string& kind) {
    return kind == "audio/x-raw" ? audio : kind == "video/x-raw" ? video : nullptr;
  };
  use.onFailure = [&program, uri](const std::string& reason) { program.fail(uri + ": " + reason); };
  use.onEnd = [=] {
    for (GstPad* pad : {audio, video})
      if (pad) gst_pad_send_event(pad, gst_event_new_eos());
  };
  use.onLoss = [=](const std::string& reason) {
    std::fprintf(stderr, "rtsp-subtitles: %s is lost (%s); trying again\n", uri.c_str(), reason.c_str());
    // Ends the utterance, whose last words would else wait for the stream to come back.
    gst_pad_send_event(audio, gst_event_new_gap(gst_element_get_current_running_time(pipeline), kLost));
  };
  use.onReturn = [=] { std::fprintf(stderr, "rtsp-subtitles: %s is back\n", uri.c_str()); };
  return use;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::string description = argc == 3 || argc == 4 ? pipelineOf(argv[2]) : "";
  if (description.empty() || !gst_uri_is_valid(argv[1])) {
    std::fprintf(stderr, "%s\n", kUsage);
    return 2;
  }
  std::error_code ignored;
  if (std::filesystem::is_regular_file(argv[2], ignored) &&
      std::filesystem::file_size(argv[2], ignored) > 0) {
    std::fprintf(stderr, "rtsp-subtitles: %s is there, and is not overwritten; name another file\n", argv[2]);
    return 2;
  }
  GError* error = nullptr;
  GstElement* pipeline =
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!pipeline) {
    std::fprintf(stderr, "rtsp-subtitles: %s\n", error->message);
    g_clear_error(&error);
    return 1;
  }
  setProperty(pipeline, "file", "location", argv[2]);
  if (argc == 4) setProperty(pipeline, "transcriber", "language", argv[3]);

  Program program;
  program.source = std::make_unique<Source>(pipeline, argv[1], useOf(pipeline, argv[1], program));
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_bus_add_watch(bus, onMessage, &program);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) g_unix_signal_add(signal, onInterrupt, &program);
  // The clock runs from here on. A sink that cannot be opened has said so on the bus.
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    program.source->connect();
  g_main_loop_run(program.loop);
  gst_bus_remove_watch(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  program.source.reset();
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  g_main_loop_unref(program.loop);
  return program.status;
}
