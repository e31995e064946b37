// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/model_check.h"

namespace npuspeech {

Result<void> hasFor(const Vocabulary& vocabulary, const std::string& name, const StreamOptions& stream) {
  const std::string& language = stream.language;
  if (!vocabulary.multilingual()) {
    if (language != "auto" && language != "en")
      return Error{ErrorCode::BadValue, "The model " + name + " knows English only, not the language \"" +
                                            language + "\": use a multilingual model."};
    if (stream.task == Task::Translate)
      return Error{ErrorCode::BadValue, "The model " + name + " cannot translate: use a multilingual model."};
  } else if (language != "auto" && !vocabulary.languageToken(language)) {
    return Error{ErrorCode::BadValue, "The model " + name + " does not know the language \"" + language +
                                          "\": give a code such as \"en\" or \"de\", or \"auto\"."};
  }
  return {};
}

}  // namespace npuspeech
