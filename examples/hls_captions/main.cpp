// SPDX-License-Identifier: LGPL-2.1-or-later
// An HLS stream with live captions: a folder to serve over HTTP, whose stream.m3u8 players open.
//
// usage: npuspeech-hls-captions [--keep] FILE|URI|mic FOLDER [LANGUAGE]
//   --keep   no segment is deleted, and who comes late can start at the beginning
// Files come at the clock's pace. A live source that is lost is tried again, and times go on. Ctrl-C ends the
// stream, and the last words are written.
#include <glib-unix.h>
#include <gst/gst.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "publisher.h"
#include "stream.h"

namespace {

constexpr char kUsage[] = "usage: npuspeech-hls-captions [--keep] FILE|URI|mic FOLDER [LANGUAGE]";

/// What a broken file held comes out within this time.
constexpr guint kDrainSeconds = 5;

/// One line; returns the exit status.
int complain(std::string reason) {
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  while (!reason.empty() && (reason.back() == ' ' || reason.back() == '.')) reason.pop_back();
  std::fprintf(stderr, "hls-captions: %s\n", reason.c_str());
  return 1;
}

struct Program {
  Publisher& publisher;
  std::string input;
  Stream* stream = nullptr;
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  int status = 0;
  bool isEnding = false;

  /// What was heard until now is written, unless that was asked for before.
  void end() {
    if (isEnding || !stream->finish()) g_main_loop_quit(loop);
    isEnding = true;
  }
  /// The source has failed for good. What it still holds comes out, and then its end.
  void lose(const std::string& reason) {
    if (status != 0) return;
    status = complain(input + ": " + reason);
    if (!stream->hasBegun()) return g_main_loop_quit(loop);
    const auto onTimeout = [](gpointer self) -> gboolean {
      auto& program = *static_cast<Program*>(self);
      if (!program.isEnding) program.end();
      return G_SOURCE_REMOVE;
    };
    g_timeout_add_seconds(kDrainSeconds, onTimeout, this);
  }
  /// The first reason is the one to tell.
  void fail(const std::string& reason) {
    if (status == 0) status = complain(reason);
    g_main_loop_quit(loop);
  }
};

int64_t timeOf(const GstStructure* news, const char* field) {
  GstClockTime time = 0;
  gst_structure_get_clock_time(news, field, &time);
  return static_cast<int64_t>(time);
}

/// What the pipeline says of segments and text.
bool onNews(const GstStructure* news, Program& program) {
  Publisher& publisher = program.publisher;
  if (gst_structure_has_name(news, "splitmuxsink-fragment-opened")) {
    const Encoding encoding = program.stream->encoding();
    publisher.describe(encoding.bitsPerSecond, encoding.codecs);
    return publisher.open(gst_structure_get_string(news, "location"), timeOf(news, "running-time"));
  }
  if (gst_structure_has_name(news, "splitmuxsink-fragment-closed"))
    return publisher.close(timeOf(news, "running-time"));
  if (gst_structure_has_name(news, "text")) {
    gint64 start = 0, until = 0;
    gst_structure_get_int64(news, "until", &until);
    if (gst_structure_get_int64(news, "start", &start))
      publisher.add({start, until, gst_structure_get_string(news, "text")});
    return publisher.textUntil(until);
  }
  if (gst_structure_has_name(news, "npuspeech/no-words")) complain(gst_structure_get_string(news, "text"));
  return true;
}

gboolean onMessage(GstBus*, GstMessage* message, gpointer self) {
  auto& program = *static_cast<Program*>(self);
  if (program.stream->handle(message)) return G_SOURCE_CONTINUE;
  GError* error = nullptr;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_APPLICATION:
    case GST_MESSAGE_ELEMENT:
      if (!onNews(gst_message_get_structure(message), program)) program.fail(program.publisher.error());
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit(program.loop);
      break;
    case GST_MESSAGE_WARNING:
      // autoaudiosrc goes on with silence where no microphone can be opened.
      if (!program.stream->isOfMicrophone(message)) break;
      gst_message_parse_warning(message, &error, nullptr);
      program.fail(std::string("no microphone can be opened: ") + error->message);
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error(message, &error, nullptr);
      if (program.stream->isOfMicrophone(message)) {
        program.lose(error->message);
      } else if (GST_MESSAGE_SRC(message) == GST_OBJECT(program.stream->pipeline())) {
        program.fail(program.input + ": " + error->message);  // of what the source has
      } else if (gst_object_has_as_ancestor(GST_MESSAGE_SRC(message),
                                            GST_OBJECT(program.stream->pipeline()))) {
        program.fail(error->message);
      }  // else it is left from a source that is gone
      break;
    default:
      break;
  }
  g_clear_error(&error);
  return G_SOURCE_CONTINUE;
}

gboolean onInterrupt(gpointer self) {
  static_cast<Program*>(self)->end();
  return G_SOURCE_CONTINUE;
}

/// Empty where there is no such file, and it is no URI.
std::string uriOf(const std::string& input) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(input, ignored)) return gst_uri_is_valid(input.c_str()) ? input : "";
  gchar* uri = gst_filename_to_uri(input.c_str(), nullptr);
  std::string result = uri ? uri : "";
  g_free(uri);
  return result;
}

/// The pattern of names that segments have until their captions are complete.
std::string unpublished(const std::string& folder) {
  std::string pattern;
  for (const char c : folder) pattern += c == '%' ? "%%" : std::string(1, c);
  return pattern + "/unpublished%05d.ts";
}

int run(const std::string& input, const std::string& folder, const std::string& language, PlaylistKind kind) {
  const std::string uri = input == "mic" ? "" : uriOf(input);
  if (uri.empty() && input != "mic") return complain(input + ": no such file");
  Publisher publisher(folder, kind, language == "auto" ? "" : language);
  if (!publisher.prepare()) return complain(publisher.error());
  Program program{publisher, input};
  StreamReports reports;
  reports.onFailure = [&](const std::string& reason) { program.lose(reason); };
  reports.onLoss = [&](const std::string& reason) {
    complain(input + " is lost (" + reason + "); trying again");
  };
  reports.onReturn = [&] { complain(input + " is back"); };
  Stream stream(uri, unpublished(folder), kSegmentNs, language, reports);
  if (!stream.error().empty()) return complain(stream.error());
  program.stream = &stream;
  GstBus* bus = gst_element_get_bus(stream.pipeline());
  gst_bus_add_watch(bus, onMessage, &program);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) g_unix_signal_add(signal, onInterrupt, &program);
  stream.start();
  g_main_loop_run(program.loop);
  gst_bus_remove_watch(bus);
  // A file that was opened while all ended is known too, so that none is left.
  stream.stop();
  while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT)) {
    onNews(gst_message_get_structure(message), program);
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  g_main_loop_unref(program.loop);
  if (!publisher.finish()) program.fail(publisher.error());
  return program.status;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool isKept = !arguments.empty() && arguments[0] == "--keep";
  if (isKept) arguments.erase(arguments.begin());
  if (arguments.size() < 2 || arguments.size() > 3) {
    std::fprintf(stderr, "%s\n", kUsage);
    return 2;
  }
  return run(arguments[0], arguments[1], arguments.size() == 3 ? arguments[2] : "auto",
             isKept ? PlaylistKind::Event : PlaylistKind::Live);
}
