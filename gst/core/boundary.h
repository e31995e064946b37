// SPDX-License-Identifier: LGPL-2.1-or-later
// The boundary at which GStreamer's C calls enter C++. No exception leaves it, and an Error becomes one
// message on the bus.
#pragma once

#include <gst/gst.h>

#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "gst/core/holders.h"

namespace npuspeech::gst {

/// A place in our source code, which messages on the bus name. As a default argument, here() gives the
/// caller's place. It stands for std::source_location, which clang 14 lacks.
struct SourcePlace {
  const char* file;
  const char* function;
  int line;
  static constexpr SourcePlace here(const char* file = __builtin_FILE(),
                                    const char* function = __builtin_FUNCTION(),
                                    int line = __builtin_LINE()) {
    return {file, function, line};
  }
};

/// Posts `error` as an element error, with the GStreamer domain and code of its kind. The debug text names
/// the kind and the properties that were set. An error of kind Cancelled is not posted. Call it with no lock
/// held, because a message may run the application's code.
void postError(GstElement* element, const Error& error, SourcePlace place = SourcePlace::here());

/// Posts `error` as a warning, with the same texts and code. The element goes on.
void postWarning(GstElement* element, const Error& error, SourcePlace place = SourcePlace::here());

/// Returns `text`, parts of which may come from files or from the application, as GStreamer takes strings:
/// invalid UTF-8 and control characters become U+FFFD.
Held<char> printable(std::string_view text);

/// Posts `what`, the text of an exception, as an internal error. Where `element` is null, it only writes to
/// the log. guarded() alone calls it.
void postException(GstElement* element, const char* what, SourcePlace place) noexcept;

/// Runs `body`, the C++ part of a C callback, and returns its value. Where `body` throws, posts an element
/// error and returns `failure`. Call it with no lock held, because it may post. Where `element` is null, the
/// error only goes to the log.
template <class Body>
auto guarded(GstElement* element, std::invoke_result_t<Body> failure, Body&& body,
             SourcePlace place = SourcePlace::here()) noexcept -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    postException(element, e.what(), place);
  } catch (...) {
    postException(element, "unknown exception", place);
  }
  return failure;
}

/// guarded() for a body that returns nothing.
template <class Body>
void guardedVoid(GstElement* element, Body&& body, SourcePlace place = SourcePlace::here()) noexcept {
  guarded(
      element, false,
      [&] {
        std::forward<Body>(body)();
        return true;
      },
      place);
}

/// Returns an element's C++ state, in callbacks that may also come after the element's init has failed. There
/// is no state then, and this throws std::bad_alloc.
template <class State>
State& existing(State* state) {
  if (!state) throw std::bad_alloc();
  return *state;
}

}  // namespace npuspeech::gst
