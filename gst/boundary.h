// SPDX-License-Identifier: LGPL-2.1-or-later
// Where GStreamer's C calls enter C++: nothing is thrown out of it, and an Error becomes one message on the
// bus.
#pragma once

#include <gst/gst.h>

#include <exception>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace npuspeech::gst {

/// Posts `error` as an element error with the domain and code that fit; Cancelled is not posted. Call it with
/// no lock held: the message may run the application's code.
void postError(GstElement* element, const Error& error);

/// The same as a warning: the element goes on.
void postWarning(GstElement* element, const Error& error);

/// Posts what an exception says as an internal error. For guarded() only.
void postException(GstElement* element, const char* what) noexcept;

/// Runs `body`, every C callback's C++ part; an exception becomes an element error and the value `failure`.
template <class Body>
auto guarded(GstElement* element, std::invoke_result_t<Body> failure, Body&& body) noexcept
    -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    postException(element, e.what());
  } catch (...) {
    postException(element, "unknown exception");
  }
  return failure;
}

/// guarded() for what returns nothing.
template <class Body>
void guardedVoid(GstElement* element, Body&& body) noexcept {
  guarded(element, false, [&] {
    std::forward<Body>(body)();
    return true;
  });
}

}  // namespace npuspeech::gst
