// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/model_check.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

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

}  // namespace

Result<std::string> findModel(const std::string& model) {
  std::error_code ignored;
  if (model.empty())
    return Error{ErrorCode::BadValue, "no model is named; give a folder, or a name such as whisper-base"};
  if (fs::is_directory(model, ignored)) return model;
  const fs::path cached = cacheFolder() / "npuspeech" / "models" / model;
  if (model.find('/') == std::string::npos && fs::is_directory(cached, ignored)) return cached.string();
  return Error{ErrorCode::NotFound, "there is no model \"" + model + "\": it is neither a folder nor in " +
                                        cached.parent_path().string() + "; get one with tools/fetch-model"};
}

Result<void> hasFor(const Vocabulary& vocabulary, const std::string& name, const StreamOptions& stream) {
  const std::string& language = stream.language;
  if (!vocabulary.multilingual()) {
    if (language != "auto" && language != "en")
      return Error{ErrorCode::BadValue, "the model " + name + " knows English only, not the language \"" +
                                            language + "\"; use a multilingual model"};
    if (stream.task == Task::Translate)
      return Error{ErrorCode::BadValue, "the model " + name + " cannot translate; use a multilingual model"};
  } else if (language != "auto" && !vocabulary.languageToken(language)) {
    return Error{ErrorCode::BadValue, "the model " + name + " does not know the language \"" + language +
                                          "\"; give a code such as \"en\" or \"de\", or \"auto\""};
  }
  return {};
}

}  // namespace npuspeech
