// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/model_path.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

// The user's, where HOME does not say: as in services, and under sudo -i or env -i.
fs::path homeFolder() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  passwd entry{}, *found = nullptr;
  char names[4096];
  if (::getpwuid_r(::getuid(), &entry, names, sizeof names, &found) == 0 && found) return found->pw_dir;
  return "/";
}

// A relative XDG_CACHE_HOME counts as none: its specification says so.
fs::path cacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') return cache;
  return homeFolder() / ".cache";
}

bool isLetterOrDigit(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

// Whether tools/fetch-model takes it for a name: "small", or parts of a repository's such as
// "owner/name@revision". Nothing of that kind leads out of the cache, or needs quotes in a shell.
bool isName(std::string_view model) {
  char previous = '/';
  for (const char byte : model) {
    if (!isLetterOrDigit(byte) && (previous == '/' || !std::strchr("._-@/", byte))) return false;
    if (byte == '.' && previous == '.') return false;
    previous = byte;
  }
  return previous != '/' && std::ranges::count(model, '/') <= 2;
}

}  // namespace

Result<std::string> findModel(const std::string& model) {
  std::error_code ignored;
  if (model.empty())
    return Error{ErrorCode::BadValue,
                 "No model is named. Give a folder, a file, or a name such as whisper-base."};
  if (fs::exists(model, ignored)) return model;
  const fs::path cache = cacheFolder() / "npuspeech" / "models";
  if (!isName(model))
    return Error{ErrorCode::NotFound, "There is no model \"" + model +
                                          "\": nothing has that path. Give a folder, a file, or a "
                                          "name such as whisper-base."};
  for (const std::string& name : {model, "whisper-" + model})
    if (const fs::path cached = cache / name; fs::exists(cached, ignored)) return cached.string();
  return Error{ErrorCode::NotFound, "There is no model \"" + model + "\": it is neither a path nor in " +
                                        cache.string() + ". Get it with: tools/fetch-model " + model +
                                        " (--list shows what there is)."};
}

}  // namespace npuspeech
