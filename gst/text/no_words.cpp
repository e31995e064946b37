// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/no_words.h"

#include <utility>

namespace npuspeech::gst {
namespace {

constexpr char kSound[] = "npuspeech/sound";
constexpr GstClockTime kFirstSilence = 20 * GST_SECOND, kLaterSilence = 60 * GST_SECOND;

}  // namespace

GstEvent* newSoundEvent(const SoundNews& news) {
  const SoundTally& sound = news.sound;
  return gst_event_new_custom(
      GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new(kSound, "samples", G_TYPE_INT64, sound.samples, "not-numbers", G_TYPE_INT64,
                        sound.notNumbers, "at-full-scale", G_TYPE_INT64, sound.atFullScale, "sum",
                        G_TYPE_DOUBLE, sound.sum, "squares", G_TYPE_DOUBLE, sound.squares, "peak",
                        G_TYPE_FLOAT, sound.peak, "speech-windows", G_TYPE_INT64, sound.speechWindows, "last",
                        G_TYPE_BOOLEAN, news.isLast, nullptr));
}

std::optional<SoundNews> parseSoundEvent(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_DOWNSTREAM || !gst_event_has_name(event, kSound)) return {};
  SoundTally sound;
  gboolean isLast = FALSE;
  // gint64 and int64_t need not be one type.
  gint64 samples = 0, notNumbers = 0, atFullScale = 0, windows = 0;
  gfloat peak = 0;
  if (!gst_structure_get(gst_event_get_structure(event), "samples", G_TYPE_INT64, &samples, "not-numbers",
                         G_TYPE_INT64, &notNumbers, "at-full-scale", G_TYPE_INT64, &atFullScale, "sum",
                         G_TYPE_DOUBLE, &sound.sum, "squares", G_TYPE_DOUBLE, &sound.squares, "peak",
                         G_TYPE_FLOAT, &peak, "speech-windows", G_TYPE_INT64, &windows, "last",
                         G_TYPE_BOOLEAN, &isLast, nullptr))
    return {};
  sound.samples = samples;
  sound.notNumbers = notNumbers;
  sound.atFullScale = atFullScale;
  sound.peak = peak;
  sound.speechWindows = windows;
  return SoundNews{sound, isLast != FALSE};
}

void NoWords::heardWords() {
  wordless_ = {};
  hadWords_ = true;
  isTold_ = false;
}

std::optional<SoundTally> NoWords::add(const SoundNews& news) {
  wordless_ += news.sound;
  const auto longEnough = hadWords_ ? kLaterSilence : kFirstSilence;
  const bool isDue =
      news.isLast ? !hadWords_ : static_cast<GstClockTime>(wordless_.durationNs()) >= longEnough;
  if (!isDue || std::exchange(isTold_, true)) return {};
  return wordless_;
}

void postNoWords(GstElement* element, const SoundTally& sound) {
  const std::string text = sound.text();
  GST_INFO_OBJECT(element, "%s", text.c_str());
  gst_element_post_message(
      element,
      gst_message_new_element(
          GST_OBJECT(element),
          gst_structure_new(
              "npuspeech/no-words", "duration", G_TYPE_UINT64, static_cast<guint64>(sound.durationNs()),
              "loudness", G_TYPE_DOUBLE, sound.loudnessDb(), "peak", G_TYPE_DOUBLE, sound.peakDb(), "reason",
              G_TYPE_STRING, nameOf(sound.reason()), "text", G_TYPE_STRING, text.c_str(), nullptr)));
}

}  // namespace npuspeech::gst
