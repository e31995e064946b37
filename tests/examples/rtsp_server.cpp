// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a recording with silence behind it on rtsp://127.0.0.1:PORT, which each client hears from its start:
// /talk has a picture in JPEG, /camera one in H.264, /radio none.
//
// usage: rtsp_server PORT FILE.flac
// Prints "listening", and "playing SECONDS" when a client's recording begins, on the machine's monotonic
// clock: on a busy machine who reads it may do so much later.
#include <gst/rtsp-server/rtsp-server.h>

#include <cstdio>
#include <string>

namespace {

constexpr char kPicture[] =
    "videotestsrc pattern=black ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! ";
constexpr char kJpeg[] = "jpegenc ! rtpjpegpay name=pay1 pt=26";  // which takes 4:2:0 only
constexpr char kH264[] =
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay1 pt=97";

void onState(GstRTSPMedia*, gint state, gpointer) {
  if (state != GST_STATE_PLAYING) return;
  std::printf("playing %.3f\n", static_cast<double>(g_get_monotonic_time()) / G_USEC_PER_SEC);
  std::fflush(stdout);
}

void onMedia(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer) {
  g_signal_connect(media, "new-state", G_CALLBACK(onState), nullptr);
}

void serve(GstRTSPServer* server, const char* path, const char* file, const std::string& picture) {
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  const std::string pipeline =
      std::string("( concat name=all ! rtpL16pay name=pay0 filesrc location=\"") + file +
      "\" ! flacparse ! flacdec ! audioconvert ! audioresample ! "
      "audio/x-raw,format=S16BE,rate=16000,channels=1 "
      "! all. audiotestsrc wave=silence ! audio/x-raw,format=S16BE,rate=16000,channels=1 ! all. " +
      picture + " )";
  gst_rtsp_media_factory_set_launch(factory, pipeline.c_str());
  g_signal_connect(factory, "media-configure", G_CALLBACK(onMedia), nullptr);
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, path, factory);
  g_object_unref(mounts);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 3) return 2;
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, argv[1]);
  serve(server, "/talk", argv[2], std::string(kPicture) + kJpeg);
  serve(server, "/camera", argv[2], std::string(kPicture) + kH264);
  serve(server, "/radio", argv[2], "");
  if (!gst_rtsp_server_attach(server, nullptr)) return 1;
  std::puts("listening");
  std::fflush(stdout);
  g_main_loop_run(g_main_loop_new(nullptr, FALSE));
}
