// SPDX-License-Identifier: LGPL-2.1-or-later
// How an input ends: with all that it has, with an error, or with a second reading.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "completeness.h"
#include "input.h"
#include "joined.h"
#include "messages.h"
#include "promise.h"

namespace {

// Behind an error nothing comes any more once no sound has come for so long.
constexpr guint kStallMs = 2000;
// Timestamps jitter by less.
constexpr int64_t kToleratedNs = 100'000'000;
// What is left out here and there is not worth a line, as that of containers.
constexpr int64_t kUntoldNs = 700'000'000;

std::string ofSeconds(int64_t partNs, int64_t wholeNs) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f of %.1f s", static_cast<double>(partNs) / 1e9,
                static_cast<double>(wholeNs) / 1e9);
  return text;
}

std::string lossLine(int64_t missingNs, int64_t wholeNs) {
  return "is damaged: " + ofSeconds(missingNs, wholeNs) + " could not be read";
}

}  // namespace

void Input::giveUpIdle() {
  const ErrorContext context{uri_, tracks_->undecodable(), streams_->kind()};
  GError* error = g_error_new_literal(GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "cannot be decoded");
  end(withCut(sentenceOf(error, context)));
  g_error_free(error);
}

void Input::end(std::string error) {
  const std::string reason = error.empty() ? error_ : error;
  if (hasEnded() || (!reason.empty() && beginRescue(reason))) return;
  takeArrivals();
  if (rescue_ && transcript_.durationNs == 0) {
    error_ = firstError_;
    note_ = firstNote_;
  }
  if (error_.empty()) {
    error_ = std::move(error);
  } else if (transcript_.durationNs > 0) {
    char text[64];
    std::snprintf(text, sizeof text,
                  "breaks off after %.1f s: ", static_cast<double>(transcript_.durationNs) / 1e9);
    error_ = text + error_;
  } else {
    complete_ = false;
  }
  endTime_ = Clock::now();
  changed_();
}

bool Input::canBeRescued() const {
  return !options_.live && !path_.empty() && Rescue::isInstalled();
}

/// Something is missing, or nothing came.
void Input::onSoundEnd() {
  if (!beginRescue({})) pipeline_->endSound();
}

// What GStreamer makes nothing of, or ends before its end, is read again from there.
bool Input::beginRescue(const std::string& error) {
  if (rescue_ || !damage_ || complete_ || hopeless_ || finishing_ || !canBeRescued()) return false;
  const bool isMute = !hasSound();
  if (isMute && (isForeign(streams_->kind()) || isEncrypted(tracks_->undecodable()))) return false;
  const auto track = tracks_->heard();
  if (!track && !options_.track.empty()) return false;
  {
    const std::lock_guard lock(mutex_);
    noteDamage();
    isDamaged_ |= isMute;
    if (isMute) expectedNs_ = promisedNsOfSound(path_, track.value_or(0)).value_or(expectedNs_);
    resumeNs_ = audioNs_;
  }
  if (!isMute && !isDamaged_ && !isJoined(path_)) return false;
  auto rescue = std::make_unique<Rescue>(path_, track.value_or(0), resumeNs_);
  if (rescue->uri().empty()) return false;
  rescue_ = std::move(rescue);
  firstError_ = error;
  error_.clear();
  firstNote_ = std::exchange(note_, {});
  containerNs_ = durationNs();
  if (stallCheck_) g_source_remove(std::exchange(stallCheck_, 0));
  idle_.reset();
  pipeline_->replaceSource(rescue_->uri());
  damage_.reset();
  reads_.reset();
  timeline_->takePositions();
  tracks_ = std::make_unique<Tracks>(pipeline_->source, pipeline_->entry, "");
  play();
  return true;
}

// What was heard before an error is said. Elements send EOS behind their errors; where one does not, it is
// sent.
void Input::endWhenHeard(std::string error) {
  std::unique_lock lock(mutex_);
  checkedNs_ = audioNs_;
  lock.unlock();
  // Of a download that breaks off, sound may still be on its way to the decoder.
  if (checkedNs_ <= resumeNs_ && !gst_pad_is_linked(pipeline_->entry) && !path_.empty())
    return end(std::move(error));
  error_ = std::move(error);
  pipeline_->takeText();
  stallCheck_ = g_timeout_add(
      kStallMs,
      [](gpointer self) -> gboolean {
        auto& input = *static_cast<Input*>(self);
        if (!input.isStalled()) return G_SOURCE_CONTINUE;
        input.stallCheck_ = 0;
        input.checkedNs_ <= input.resumeNs_ ? input.end("") : input.pipeline_->endSound();
        return G_SOURCE_REMOVE;
      },
      this);
}

bool Input::isStalled() {
  const std::lock_guard lock(mutex_);
  return std::exchange(checkedNs_, audioNs_) == audioNs_;
}

void Input::onError(GstMessage* message) {
  if (hasEnded() || !error_.empty()) return;
  if (rescue_ && resumeNs_ > 0) return pipeline_->endSound();  // there was no more
  GstObject* source = GST_MESSAGE_SRC(message);
  const auto isFrom = [source](GstElement* element) {
    return source == GST_OBJECT(element) || gst_object_has_as_ancestor(source, GST_OBJECT(element));
  };
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  // A model, device or setting that the transcriber refuses once, it refuses for every input.
  const bool refusal = error->domain == GST_RESOURCE_ERROR ||
                       g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS) ||
                       g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_NOT_IMPLEMENTED);
  const bool isOurs = isFrom(pipeline_->transcriber);
  hopeless_ = refusal && isOurs;
  if (options_.isMicrophone() && isFrom(pipeline_->source))
    end("no microphone can be opened: " + oneLine(error->message));
  else if (isOurs)
    end(oneLine(error->message));
  else if (!damage_ || !damage_->takesError())
    endWhenHeard(reasonOf(message));
  g_clear_error(&error);
}

std::string Input::shortfall() {
  takeArrivals();
  if (path_.empty()) return "";
  if (flac_.isDamaged) return lossOfFlac();
  const std::string cut = shortfallOf(path_, transcript_.durationNs, durationNs());
  const std::lock_guard lock(mutex_);
  return cut.empty() || heard_.gapsNs() > 0 ? loss() : cut;
}

/// A line about what could not be read, empty where all was read.
std::string Input::loss() {
  if (damage_) noteDamage();
  const int64_t behindNs = std::max<int64_t>(expectedNs_ - heard_.endNs(), 0);
  if (!isDamaged_ || heard_.gapsNs() + behindNs < kToleratedNs) return {};
  const std::string line = heard_.gapsNs() == 0 ? "is damaged: nothing could be read behind " +
                                                      ofSeconds(heard_.endNs(), expectedNs_)
                                                : lossLine(heard_.gapsNs() + behindNs, expectedNs_);
  return line + adviceOnReaders();
}

/// Where another reader would have come to help.
std::string Input::adviceOnReaders() const {
  return canBeRescued() || options_.live ? "" : "; ffmpeg, once installed, may read more";
}

/// The same of FLAC, which promises a number of samples, and whose frames have numbers: what is missing may
/// be short of a gap.
std::string Input::lossOfFlac() {
  const std::lock_guard lock(mutex_);
  const int64_t heldNs = std::max(soundNs_, rescue_ ? heard_.endNs() - heard_.gapsNs() : 0);
  if (flac_.promisedNs - flac_.endNs > kToleratedNs) return shortfallOf(path_, heldNs, 0);
  const int64_t missingNs = flac_.promisedNs > 0 ? flac_.promisedNs - heldNs : heard_.gapsNs();
  if (missingNs < kUntoldNs) return {};
  return lossLine(missingNs, heldNs + missingNs) +
         (heard_.endNs() + kUntoldNs < flac_.endNs ? adviceOnReaders() : "");
}

void Input::noteDamage() {
  isDamaged_ = flac_.isDamaged || damage_->hasFoundDamage();
  expectedNs_ = heard_.endNs() + damage_->missingNs();
}

/// What is the matter, of this error and those that came with it.
std::string Input::reasonOf(GstMessage* message) {
  std::string error = tracks_->takeError();
  if (!error.empty()) return error;
  GstBus* bus = gst_element_get_bus(pipeline_->top);
  GError* root = rootOf(message, bus);
  gst_object_unref(bus);
  error = withCut(sentenceOf(root, {uri_, tracks_->undecodable(), streams_->kind()}));
  g_clear_error(&root);
  return error;
}

/// An error of a file that is cut or damaged comes from that.
std::string Input::withCut(const std::string& error) const {
  if (flac_.isDamaged) return "is damaged: " + error + adviceOnReaders();
  return path_.empty() || !isCutShort(path_) ? error : "is cut short: " + error;
}
