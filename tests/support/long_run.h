// SPDX-License-Identifier: LGPL-2.1-or-later
// The length of audio with which tests stand in for an endless stream.
#pragma once

#include <cstdint>

namespace npuspeech::test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NPUSPEECH_TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NPUSPEECH_TEST_SANITIZED 1
#endif

/// Eight hours of audio; one under a sanitizer, which takes ten times as long.
#ifdef NPUSPEECH_TEST_SANITIZED
constexpr int64_t kLongRunSeconds = 3600;
#else
constexpr int64_t kLongRunSeconds = 8 * 3600;
#endif

}  // namespace npuspeech::test
