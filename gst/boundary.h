// SPDX-License-Identifier: LGPL-2.1-or-later
// Where GStreamer's C calls enter C++: nothing is thrown out of it, and an Error becomes one message on the
// bus.
#pragma once

#include <gst/gst.h>

#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "gst/holders.h"

namespace npuspeech::gst {

/// A line of ours. As a default argument, here() is the caller's (std::source_location, which clang 14
/// lacks).
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

/// Posts `error` as an element error with the domain and code that fit; its debug text has the kind of error
/// and the properties that were set. Cancelled is not posted. Call it with no lock held: the message may run
/// the application's code.
void postError(GstElement* element, const Error& error, SourcePlace place = SourcePlace::here());

/// The same as a warning: the element goes on.
void postWarning(GstElement* element, const Error& error, SourcePlace place = SourcePlace::here());

/// Text of which parts come from files or from an application, as GStreamer wants its strings: what is no
/// UTF-8 and what is a control character become U+FFFD.
Held<char> printable(std::string_view text);

/// Posts what an exception says as an internal error; into the log alone where `element` is null. For
/// guarded() only.
void postException(GstElement* element, const char* what, SourcePlace place) noexcept;

/// Runs `body`, every C callback's C++ part; an exception becomes an element error and the value `failure`.
/// Called with no lock held, as the error is posted. `element` may be null: what fails is only logged.
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

/// guarded() for what returns nothing.
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

/// An element's C++ part, in what may be called where its init has failed: throws there.
template <class State>
State& existing(State* state) {
  if (!state) throw std::bad_alloc();
  return *state;
}

}  // namespace npuspeech::gst
