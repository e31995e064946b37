// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/translations.h"

#include <algorithm>
#include <utility>

#include "gst/core/pads.h"
#include "gst/text/translation_pad.h"

namespace npuspeech::gst {
namespace {
/// Text may wait for a sink that is in no hurry.
constexpr size_t kWaitingWindows = 256;
constexpr int64_t kFrameNs = 10'000'000;
}  // namespace

std::string Translations::reserve(const gchar* name) {
  const std::lock_guard lock(mutex_);
  const auto isTaken = [&](const std::string& wanted) {
    const Held<GstPad> pad(gst_element_get_static_pad(element_, wanted.c_str()));
    return pad || names_.contains(wanted);
  };
  std::string chosen = name ? name : "";
  while (chosen.empty() || (!name && isTaken(chosen))) chosen = "translate_src_" + std::to_string(count_++);
  if (isTaken(chosen)) return "";
  names_.insert(chosen);
  return chosen;
}

GstPad* Translations::add(GstPadTemplate* pattern, const gchar* name, GstPad* like, TextBranch::Hooks hooks) {
  const std::string chosen = reserve(name);
  if (chosen.empty()) return nullptr;
  auto* const pad =
      GST_PAD(gst_object_ref_sink(g_object_new(GST_TYPE_NPU_TRANSLATION_PAD, "name", chosen.c_str(),
                                               "direction", GST_PAD_SRC, "template", pattern, nullptr)));
  const Held<GstPad> owned(pad);
  gst_pad_use_fixed_caps(pad);
  {
    auto branch =
        TextBranch::make(element_, nullptr, pad, kWaitingWindows, stats_, nullptr, std::move(hooks));
    const std::lock_guard lock(mutex_);
    branches_.push_back(std::move(branch));
  }
  if (addPadActiveAs(like, element_, pad)) return pad;
  take(pad);
  return nullptr;
}

std::shared_ptr<TextBranch> Translations::take(GstPad* pad) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(branches_.begin(), branches_.end(),
                               [&](const auto& branch) { return branch->pad() == pad; });
  if (at == branches_.end()) return nullptr;
  auto taken = std::move(*at);
  branches_.erase(at);
  names_.erase(GST_PAD_NAME(pad));
  return taken;
}

void Translations::remove(GstPad* pad) {
  auto branch = take(pad);
  if (!branch) return;
  branch->stage().abandon();
  gst_element_remove_pad(element_, pad);
  deactivateRemoved(element_, pad, [kept = std::move(branch)]() mutable { kept.reset(); });
}

TextBranches Translations::branches() const {
  const std::lock_guard lock(mutex_);
  return branches_;
}

bool Translations::anyRead() const {
  const auto all = branches();
  return std::any_of(all.begin(), all.end(), [](const auto& branch) { return branch->isRead(); });
}

Result<bool> Translations::wantsOther(GstPad* pad) const {
  const std::string target = primaryLanguage(translationLanguage(pad));
  if (target.empty()) return false;
  const std::string spoken = engine_->info().multilingual ? options_.language : "en";
  if (target != spoken && target != "en")
    return Error{ErrorCode::BadValue,
                 "Pad " + std::string(GST_PAD_NAME(pad)) + " asks for the language \"" + target +
                     "\", but Whisper translates to English only: set its language-code to \"en\", or to the "
                     "language that is spoken (language is \"" +
                     options_.language + "\")."};
  return (target == spoken ? Task::Transcribe : Task::Translate) != options_.task;
}

Result<void> Translations::begin(std::shared_ptr<Engine> engine, const StreamOptions& options) {
  close();
  engine_ = std::move(engine);
  options_ = options;
  for (const auto& branch : branches())
    if (const auto other = wantsOther(branch->pad()); !other) return other.error();
  return {};
}

Result<Translations::Plan> Translations::plan(const EncodedWindow& window) {
  Plan plan;
  for (const auto& branch : branches()) {
    if (!branch->isRead()) continue;
    const auto other = wantsOther(branch->pad());
    if (!other) return other.error();
    (*other ? plan.other : plan.same).push_back(branch);
  }
  plan.isNeeded = !plan.other.empty();
  if (!plan.isNeeded) return plan;
  auto stream = openedStream();
  if (!stream) return stream.error();
  plan.stream = *stream;
  if (options_.live && !pacer_.takes({window.startNs, window.shape.frames * kFrameNs, window.utterance,
                                      window.isFinal, window.isStalled}))
    plan.other.clear();
  return plan;
}

Result<std::shared_ptr<DecodeStream>> Translations::openedStream() {
  {
    const std::lock_guard lock(mutex_);
    if (stream_) return stream_;
  }
  StreamOptions options = options_;
  options.task = otherTask();
  auto opened = engine_->openStream(options);
  if (!opened) return opened.error();
  const std::lock_guard lock(mutex_);
  stream_ = std::move(*opened);
  return stream_;
}

void Translations::cancel() {
  std::shared_ptr<DecodeStream> stream;
  {
    const std::lock_guard lock(mutex_);
    stream = stream_;
  }
  if (stream) stream->cancel();
}

void Translations::close() {
  std::shared_ptr<DecodeStream> stream;  // waits for its callbacks with no lock held
  {
    const std::lock_guard lock(mutex_);
    stream.swap(stream_);
  }
  stream.reset();
  engine_.reset();  // the loader's alone, until the next begin()
  pacer_.reset();
}

}  // namespace npuspeech::gst
