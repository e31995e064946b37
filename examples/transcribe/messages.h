// SPDX-License-Identifier: LGPL-2.1-or-later
// What GStreamer's errors mean to who gave the input.
#pragma once

#include <gst/gst.h>

#include <string>

/// A message on one line, without a full stop at its end.
std::string oneLine(std::string line);

/// Media types that hold neither sound nor film, and those of sound that cannot be had without a key.
bool isForeign(const std::string& kind);
bool isEncrypted(const std::string& kind);

/// What is known of an input that a message alone does not say.
struct ErrorContext {
  std::string uri;
  std::string undecodable;  // media type of sound that no installed decoder knows
  std::string kind;         // media type of the input as a whole, empty while it is not known
};

/// The error of `message`, or of one that waits on the bus where that only followed from another. The caller
/// owns it.
GError* rootOf(GstMessage* message, GstBus* bus);

/// A line without the input's name: what is the matter, and what to do where something can be done.
std::string sentenceOf(const GError* error, const ErrorContext& context);
