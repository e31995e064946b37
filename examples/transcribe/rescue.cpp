// SPDX-License-Identifier: LGPL-2.1-or-later
// What GStreamer cannot read of a file, read by FFmpeg's program.
#include "rescue.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <vector>

namespace {

constexpr char kProgram[] = "ffmpeg";
// Times count samples, so that no sound overlaps: some that FFmpeg gives are estimates. What is missing, by
// up to an hour, is left out (0: what of it there was); where times go back, as in a second part, or jump
// further, as damage makes them, they are carried on (1: from there).
constexpr char kTimes[] =
    "asetpts='st(2,if(isnan(PTS),0,PTS*TB+ld(1)-ld(0)-N/SR));"
    "if(eq(N,0)+between(ld(2),0.1,3600),st(0,ld(0)+ld(2)),if(gt(abs(ld(2)),0.1),st(1,ld(1)-ld(2))));"
    "(ld(0)+N/SR)/TB'";

/// The same file for another process: a name of our descriptors means its own there.
std::string nameForOthers(const std::string& path) {
  constexpr std::string_view kOwn = "/proc/self/";
  return path.starts_with(kOwn) ? "/proc/" + std::to_string(::getpid()) + "/" + path.substr(kOwn.size())
                                : path;
}

pid_t spawn(std::vector<std::string> arguments, int output) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  if (::posix_spawnp(&process, kProgram, &files, nullptr, pointers.data(), environ) != 0) process = -1;
  posix_spawn_file_actions_destroy(&files);
  return process;
}

}  // namespace

bool Rescue::isInstalled() {
  gchar* const program = g_find_program_in_path(kProgram);
  g_free(program);
  return program != nullptr;
}

Rescue::Rescue(const std::string& path, size_t track, int64_t fromNs) {
  const std::string from = std::to_string(fromNs / 1000) + "us";
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  // What calls itself a recording may be a list of addresses: nothing is fetched for it.
  process_ = spawn({kProgram, "-v", "quiet", "-nostdin", "-protocol_whitelist", "file,crypto,data", "-i",
                    "file:" + nameForOthers(path), "-map", "0:a:" + std::to_string(track), "-af",
                    kTimes + (",atrim=start=" + from), "-c:a", "pcm_f32le", "-f", "matroska", "pipe:1"},
                   ends[1]);
  ::close(ends[1]);
  if (process_ < 0)
    ::close(ends[0]);
  else
    pipe_ = ends[0];
}

Rescue::~Rescue() {
  if (process_ < 0) return;
  ::close(pipe_);
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}
