// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signals.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <limits.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace {

// What a handler may use: no locks, no memory from the heap.
std::atomic<bool> atOnce = true;
std::atomic<bool> hasFile = false;
char file[PATH_MAX];
int pipeOfNumbers[2] = {-1, -1};
static_assert(std::atomic<bool>::is_always_lock_free);

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr char kClearLine[] = "\r\033[K";

void onSignal(int number) {
  const int before = errno;
  if (atOnce.exchange(true)) {
    if (hasFile) ::unlink(file);
    if (::isatty(STDERR_FILENO)) (void)!::write(STDERR_FILENO, kClearLine, sizeof kClearLine - 1);
    ::_exit(128 + number);
  }
  const auto byte = static_cast<unsigned char>(number);
  (void)!::write(pipeOfNumbers[1], &byte, 1);
  errno = before;
}

void setAction(int number, void (*handler)(int)) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  if (action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Signals::Signals() {
  for (const int number : kSignals) setAction(number, onSignal);
  for (const int number : {SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
}

Signals::~Signals() {
  atOnce = true;
  if (watch_) g_source_remove(watch_);
}

void Signals::attend(std::function<void(int)> asked) {
  asked_ = std::move(asked);
  if (::pipe2(pipeOfNumbers, O_CLOEXEC | O_NONBLOCK) != 0) return;
  const auto onNumber = [](gint descriptor, GIOCondition, gpointer self) -> gboolean {
    unsigned char number = 0;
    if (::read(descriptor, &number, 1) == 1) static_cast<Signals*>(self)->asked_(number);
    return G_SOURCE_CONTINUE;
  };
  watch_ = g_unix_fd_add(pipeOfNumbers[0], G_IO_IN, onNumber, this);
  atOnce = false;
}

void Signals::attendAgain() {
  atOnce = false;
}

void Signals::removeAtOnce(const std::string& path) {
  hasFile = false;
  if (path.empty() || path.size() >= sizeof file) return;
  path.copy(file, path.size());
  file[path.size()] = '\0';
  hasFile = true;
}
