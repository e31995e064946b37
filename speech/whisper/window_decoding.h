// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes one window from its states to its words: detects the language, searches, and tries again where the
// text looks wrong.
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

/// What all windows of a stream share. For the decoding thread.
struct StreamContext {
  StreamOptions options;
  /// The tokens of options.prompt.
  std::vector<Token> prompt;
  /// The token of the language. With the language "auto", it is empty until a window has detected it.
  std::optional<Token> language;
  /// The ISO 639-1 code of `language`; "en" for English-only models.
  std::string languageCode;
  /// The text of a live stream so far.
  LiveText text;
};

/// Decides when to accept the text of a try and when to try again (openai/whisper transcribe.py,
/// decode_with_fallback). Until done(): call addInputs(), run Decoder::step() for all windows together, call
/// consume(). For the decoding thread.
class WindowDecoding {
 public:
  /// Encodes the window again at full context and returns its cross-attention cache; where that fails, the
  /// one that it had.
  using FullContext = std::function<std::shared_ptr<const CrossAttentionCache>()>;

  WindowDecoding(Decoder& decoder, const Vocabulary& vocabulary, StreamContext& stream,
                 std::shared_ptr<const CrossAttentionCache> cross, const LiveWindow& window,
                 FullContext fullContext);

  bool done() const { return result_ || error_; }
  /// Takes the words. Call it once, when done(). Errors: BadFile where the model computes values that are not
  /// numbers.
  Result<DecodedWindow> takeResult();
  /// Appends the inputs of the next step to `inputs`.
  void addInputs(std::vector<Decoder::Input>& inputs);
  /// Reads the logits of a step. `firstLogits` is the index of this window's first ones; returns the index
  /// after its last.
  size_t consume(size_t firstLogits);

  /// The bytes that its caches take with the next step.
  size_t bytes(const CacheSizes& sizes) const;
  /// Puts off some of its work, so that bytes() is less (Search::giveWay). False where there is none to put
  /// off.
  bool giveWay() { return search_ && search_->giveWay(); }

 private:
  /// The text of one search, and what tells how good it is.
  struct Try {
    Hypothesis hypothesis;
    Prompt prompt;
    std::vector<ReadWord> words;
    /// The probabilities of no speech and of musical note signs.
    float noSpeech = 0, notes = 0;
    /// The mean natural logarithm of the tokens' probabilities.
    float averageLogProbability = 0;
    /// The compressionRatio() of the chosen tokens.
    float compression = 0;
    /// The time without words beyond the longest pauses that are possible: speech that the text leaves out.
    int64_t unheardNs = 0;
    /// The part of unheardNs that comes after the last word.
    int64_t unheardEndNs = 0;

    bool repeatsItself() const;
    bool isUnlikely() const;
    /// Whether the window seems to hold no speech: silence, noise, or music with what is sung to it.
    bool holdsNoSpeech() const;
    bool isGood() const { return !repeatsItself() && !isUnlikely(); }
    /// Whether the text leaves out some of the speech.
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
  /// The sequence that detects the language; null at other times.
  std::unique_ptr<Sequence> detecting_;
  std::optional<Search> search_;
  /// True: this window has detected the stream's language.
  bool detectedHere_ = false;
  float temperature_ = 0;
  int minTokens_ = 0;
  std::vector<Try> tries_;
  std::optional<DecodedWindow> result_;
  std::optional<Error> error_;
};

}  // namespace npuspeech
