// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcripts as text: plain lines, JSON lines, SubRip and WebVTT.
#include "formats.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::ordered_json;

/// Seconds with milliseconds: finer digits would promise what word times cannot keep.
double seconds(double value) {
  return std::round(value * 1e3) / 1e3;
}
double secondsOfNs(int64_t ns) {
  return seconds(static_cast<double>(ns) / 1e9);
}

/// "01:02:03,456" with the decimal sign that the format wants.
std::string clock(int64_t ns, char decimal) {
  const long long ms = (ns + 500'000) / 1'000'000;
  char text[40];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", ms / 3'600'000, ms / 60'000 % 60,
                ms / 1000 % 60, decimal, ms % 1000);
  return text;
}

/// Cue text of WebVTT, in which &, < and > mean something.
std::string vttText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += c;
  }
  return escaped;
}

std::string fullText(const Transcript& transcript) {
  std::string text;
  for (const Segment& segment : transcript.segments) text += (text.empty() ? "" : " ") + segment.text;
  return text;
}

Json jsonOf(const Segment& segment) {
  Json words = Json::array();
  for (const Word& word : segment.words)
    words.push_back({{"start", secondsOfNs(word.startNs)},
                     {"end", secondsOfNs(word.endNs)},
                     {"text", word.text},
                     {"probability", seconds(word.probability)}});
  return {{"start", secondsOfNs(segment.startNs)},
          {"end", secondsOfNs(segment.endNs)},
          {"text", segment.text},
          {"words", std::move(words)}};
}

// File names need not be UTF-8.
std::string lineOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string jsonLine(const Transcript& transcript, const Timing& timing) {
  Json segments = Json::array();
  for (const Segment& segment : transcript.segments) segments.push_back(jsonOf(segment));
  const Json line = {{"file", transcript.file},
                     {"language", transcript.language},
                     {"duration", secondsOfNs(transcript.durationNs)},
                     {"text", fullText(transcript)},
                     {"segments", std::move(segments)},
                     {"device", transcript.device},
                     {"model", transcript.model},
                     {"timing",
                      {{"load", seconds(timing.load)},
                       {"wall", seconds(timing.wall)},
                       {"speed", std::round(timing.speed * 10) / 10}}}};
  return lineOf(line);
}

}  // namespace

std::string Formatter::begin(std::string_view file) {
  const bool first = inputs_++ == 0;
  if (format_ == Format::Text) return first ? "" : "\n";
  if (format_ != Format::Vtt) return "";
  if (first) return "WEBVTT\n\n";
  std::string note(file);
  for (char& c : note)
    if (c == '\n' || c == '\r' || c == '>')
      c = ' ';  // a comment ends at an empty line, and may not hold "-->"
  return "NOTE " + note + "\n\n";
}

std::string Formatter::caption(const Segment& segment) {
  switch (format_) {
    case Format::Text:
      return segment.text + '\n';
    case Format::Json:
      return live_ ? lineOf(jsonOf(segment)) : "";
    case Format::Srt:
      return std::to_string(++captions_) + '\n' + clock(segment.startNs, ',') + " --> " +
             clock(segment.endNs, ',') + '\n' + segment.text + "\n\n";
    case Format::Vtt:
      return clock(segment.startNs, '.') + " --> " + clock(segment.endNs, '.') + '\n' +
             vttText(segment.text) + "\n\n";
  }
  return "";
}

std::string Formatter::end(const Transcript& transcript, const Timing& timing) {
  return format_ == Format::Json && !live_ ? jsonLine(transcript, timing) : "";
}
