// SPDX-License-Identifier: LGPL-2.1-or-later
// One window from its states to its words: language, search, and further tries where the text looks wrong.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "speech/stream/live_text.h"
#include "speech/whisper/engine.h"
#include "speech/whisper/search.h"
#include "speech/whisper/word_timing.h"

namespace npuspeech {

/// What all windows of a stream share, set up once; the language is filled in by the first window when it is
/// "auto".
struct StreamContext {
  StreamOptions options;
  std::vector<Token> prompt;      // options.prompt as tokens
  std::optional<Token> language;  // empty until it is known
  std::string languageCode;       // of `language`; "en" for English-only models
  LiveText text;                  // options.live: what the windows have said
};

/// Decides when to take a try's text and when to try again (openai/whisper transcribe.py,
/// decode_with_fallback). Steps are shared: addInputs, one Decoder::step for all windows, consume; until
/// done().
class WindowDecoding {
 public:
  /// Encodes the window again at full context and returns its cross-attention cache; null when that cannot be
  /// done.
  using FullContext = std::function<std::shared_ptr<const CrossAttentionCache>()>;

  WindowDecoding(Decoder& decoder, const Vocabulary& vocabulary, StreamContext& stream,
                 std::shared_ptr<const CrossAttentionCache> cross, const LiveWindow& window,
                 FullContext fullContext);

  bool done() const { return result_ || error_; }
  /// Once done(). Errors: BadFile where the model gives no numbers.
  Result<DecodedWindow> takeResult();
  void addInputs(std::vector<Decoder::Input>& inputs);
  size_t consume(size_t firstLogits);

 private:
  struct Try {
    Hypothesis hypothesis;
    Prompt prompt;
    std::vector<ReadWord> words;
    float noSpeech = 0, notes = 0, averageLogProbability = 0, compression = 0;
    int64_t unheardNs = 0;     // where no word is though a pause cannot be that long, and of it
    int64_t unheardEndNs = 0;  // behind the last word

    bool repeatsItself() const;
    bool isUnlikely() const;
    /// Nobody speaks: silence, noise, or music and what is sung to it.
    bool holdsNoSpeech() const;
    bool isGood() const { return !repeatsItself() && !isUnlikely(); }
    /// The text leaves out some of the speech.
    bool leavesOut() const { return unheardNs > 0; }
  };

  void begin();
  void measureUnheard(Try& text) const;
  void judge();
  bool tryAgain();
  bool goOn();
  void finish();
  void finishLive(Try& chosen);
  bool isPartial() const { return stream_.options.live && !window_.isFinal; }
  void fail();
  bool detectLanguage(std::span<const float> logits);

  Decoder& decoder_;
  const Vocabulary& vocabulary_;
  StreamContext& stream_;
  std::shared_ptr<const CrossAttentionCache> cross_;
  LiveWindow window_;
  LiveText::Start start_;
  FullContext fullContext_;
  TokenRules rules_;
  std::unique_ptr<Sequence> detecting_;  // while the language is being found
  std::optional<Search> search_;
  bool detectedHere_ = false;  // the stream's language comes from this window
  float temperature_ = 0;
  int minTokens_ = 0;
  std::vector<Try> tries_;
  std::optional<DecodedWindow> result_;
  std::optional<Error> error_;
};

}  // namespace npuspeech
