// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a recording, silence behind it, and a picture as rtsp://127.0.0.1:PORT/talk. Each client hears it
// from its start.
//
// usage: rtsp_server PORT FILE.flac     prints "playing" when a client is served
#include <gst/rtsp-server/rtsp-server.h>

#include <cstdio>
#include <string>

namespace {

void onPrepared(GstRTSPMedia*, gpointer) {
  std::puts("playing");
  std::fflush(stdout);
}

void onMedia(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer) {
  g_signal_connect(media, "prepared", G_CALLBACK(onPrepared), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 3) return 2;
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, argv[1]);
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  // rtpjpegpay takes 4:2:0 only, and never answers DESCRIBE without a picture.
  const std::string pipeline =
      std::string("( videotestsrc pattern=black ! ") +
      "video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! jpegenc ! rtpjpegpay name=pay0 pt=26 " +
      "concat name=all ! rtpL16pay name=pay1 filesrc location=\"" + argv[2] +
      "\" ! flacparse ! flacdec ! audioconvert ! audioresample ! "
      "audio/x-raw,format=S16BE,rate=16000,channels=1 "
      "! all. audiotestsrc wave=silence ! audio/x-raw,format=S16BE,rate=16000,channels=1 ! all. )";
  gst_rtsp_media_factory_set_launch(factory, pipeline.c_str());
  g_signal_connect(factory, "media-configure", G_CALLBACK(onMedia), nullptr);
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/talk", factory);
  g_object_unref(mounts);
  if (!gst_rtsp_server_attach(server, nullptr)) return 1;
  std::puts("listening");
  std::fflush(stdout);
  g_main_loop_run(g_main_loop_new(nullptr, FALSE));
}
