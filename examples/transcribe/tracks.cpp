// SPDX-License-Identifier: LGPL-2.1-or-later
// Which sound track of an input is heard, in each of its parts.
#include "tracks.h"

#include <gst/tag/tag.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace {

std::string streamId(GstPad* pad) {
  gchar* id = gst_pad_get_stream_id(pad);
  std::string result = id ? id : "";
  g_free(id);
  return result;
}

/// The two-letter code of a language where it has one: "ger" and "deu" are "de".
std::string languageCode(const std::string& code) {
  const gchar* known = gst_tag_get_language_code(code.c_str());
  return known ? known : code;
}

std::string tagOf(const GstTagList* tags, const gchar* name) {
  gchar* value = nullptr;
  std::string text;
  if (gst_tag_list_get_string(tags, name, &value)) text = value;
  g_free(value);
  return text;
}

void readFlags(Track& track, GstPad* pad) {
  GstEvent* start = gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0);
  if (!start) return;
  GstStreamFlags flags;
  gst_event_parse_stream_flags(start, &flags);
  track.isDefault = flags & GST_STREAM_FLAG_SELECT;
  track.isDisabled = flags & GST_STREAM_FLAG_UNSELECT;
  gst_event_unref(start);
}

void readTags(Track& track, GstPad* pad) {
  for (guint i = 0; GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_TAG, i); i++) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(event, &tags);
    if (const std::string code = tagOf(tags, GST_TAG_LANGUAGE_CODE); !code.empty() && code != "und")
      track.language = languageCode(code);
    // Tags of the whole file say its title, not the track's.
    if (gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM)
      if (const std::string title = tagOf(tags, GST_TAG_TITLE); !title.empty()) track.title = title;
    gst_event_unref(event);
  }
}

/// "2 (en, Commentary, default)".
std::string nameOf(const std::vector<Track>& tracks, size_t index) {
  const Track& track = tracks[index];
  std::string details;
  const auto add = [&](const std::string& detail) {
    if (!detail.empty()) details += (details.empty() ? "" : ", ") + detail;
  };
  add(track.language);
  add(track.title);
  if (track.isDefault) add("default");
  if (!track.pad) add("no decoder for " + track.kind);
  return std::to_string(index + 1) + (details.empty() ? "" : " (" + details + ")");
}

std::string namesOf(const std::vector<Track>& tracks) {
  std::string names;
  for (size_t i = 0; i < tracks.size(); i++) names += (i ? ", " : "") + nameOf(tracks, i);
  return names;
}

/// The track that `wish` means, else -1. What nobody asked for by number is a track that can be decoded, if
/// there is one.
int indexOf(const std::vector<Track>& tracks, const std::string& wish) {
  if (!wish.empty() && wish.find_first_not_of("0123456789") == std::string::npos) {
    const unsigned long number = std::strtoul(wish.c_str(), nullptr, 10);
    return number >= 1 && number <= tracks.size() ? static_cast<int>(number) - 1 : -1;
  }
  const std::string language = languageCode(wish);
  int best = -1, bestRank = -1;
  for (size_t i = 0; i < tracks.size(); i++) {
    const Track& track = tracks[i];
    if (!wish.empty() && track.language != language) continue;
    const int rank = (track.pad ? 4 : 0) + (track.isDisabled ? 0 : 2) + (track.isDefault ? 1 : 0);
    if (rank > bestRank) {
      best = static_cast<int>(i);
      bestRank = rank;
    }
  }
  return best;
}

}  // namespace

Tracks::Tracks(GstElement* source, GstPad* sink, std::string wish) : sink_(sink), wish_(std::move(wish)) {
  g_signal_connect(source, "pad-added", G_CALLBACK(onPad), this);
  g_signal_connect(source, "unknown-type", G_CALLBACK(onUnknown), this);
  g_signal_connect(source, "no-more-pads", G_CALLBACK(onPartComplete), this);
}

Tracks::~Tracks() {
  for (GstPad* pad : demuxed_) gst_object_unref(pad);
}

void Tracks::addStream(GstPad* demuxed) {
  const std::lock_guard lock(mutex_);
  demuxed_.push_back(GST_PAD(gst_object_ref(demuxed)));
}

// What the container says stands on its demuxer's pad; behind decoders it comes later.
void Tracks::describe(Track& track) {
  track.place = demuxed_.size();
  for (size_t i = 0; i < demuxed_.size(); i++)
    if (streamId(demuxed_[i]) == track.id) {
      track.place = i;
      readFlags(track, demuxed_[i]);
      readTags(track, demuxed_[i]);
    }
}

void Tracks::link(GstPad* pad) {
  if (GstPad* peer = gst_pad_get_peer(sink_)) {
    gst_pad_unlink(peer, sink_);
    gst_object_unref(peer);
  }
  if (pad) gst_pad_link(pad, sink_);
}

void Tracks::onPad(GstElement*, GstPad* pad, gpointer self) {
  auto& tracks = *static_cast<Tracks*>(self);
  Track track{.id = streamId(pad), .pad = pad};
  {
    const std::lock_guard lock(tracks.mutex_);
    tracks.part_.push_back(std::move(track));
  }
  // Sources of several connections give their first sound before they have them all.
  if (!gst_pad_is_linked(tracks.sink_)) tracks.link(pad);
}

void Tracks::onUnknown(GstElement*, GstPad* pad, GstCaps* caps, gpointer self) {
  auto& tracks = *static_cast<Tracks*>(self);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const gchar* kind = gst_structure_get_name(structure);
  // Of what is encrypted, "original-media-type" says what it was.
  const gchar* original = gst_structure_get_string(structure, "original-media-type");
  if (!g_str_has_prefix(original ? original : kind, "audio/")) return;
  Track track{.id = streamId(pad), .kind = kind};
  const std::lock_guard lock(tracks.mutex_);
  tracks.undecodable_ = kind;
  tracks.part_.push_back(std::move(track));
}

// The pads of a part are blocked until this has returned.
void Tracks::onPartComplete(GstElement*, gpointer self) {
  static_cast<Tracks*>(self)->choose();
}

void Tracks::choose() {
  std::unique_lock lock(mutex_);
  std::vector<Track> part = std::exchange(part_, {});
  for (Track& track : part) describe(track);
  std::stable_sort(part.begin(), part.end(),
                   [](const Track& a, const Track& b) { return a.place < b.place; });
  int index = indexOf(part, wish_);
  const bool isFirst = !std::exchange(chosen_, true);
  // A later part need not have what the first has.
  if (index < 0 && !isFirst) index = indexOf(part, "");
  const std::string have = "has " + std::to_string(part.size()) + " sound track" +
                           (part.size() == 1 ? "" : "s") + ": " + namesOf(part);
  GstPad* pad = index < 0 ? nullptr : part[static_cast<size_t>(index)].pad;
  if (index < 0)
    error_ = have + "; --track " + wish_ + " is none of them";
  else if (!pad)
    error_ = have + "; " + std::to_string(index + 1) + " cannot be decoded";
  else if (isFirst && part.size() > 1 && wish_.empty())
    note_ = have + "; heard is " + std::to_string(index + 1) + ", --track chooses another";
  if (pad && isFirst) heard_ = static_cast<size_t>(index);
  lock.unlock();
  // Where nothing is linked the source ends with an error, and finds ours.
  link(pad);
}

std::string Tracks::takeNote() {
  const std::lock_guard lock(mutex_);
  return std::exchange(note_, {});
}

std::string Tracks::takeError() {
  const std::lock_guard lock(mutex_);
  return std::exchange(error_, {});
}

std::optional<size_t> Tracks::heard() {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::string Tracks::undecodable() {
  const std::lock_guard lock(mutex_);
  return undecodable_;
}
