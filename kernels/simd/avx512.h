// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors of float for bodies built for AVX-512; same names as avx2.h and neon.h. Internal linkage keeps its
// instructions out of other object files.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/simd/unrolled.h"

namespace npuspeech {
namespace {

using F32 = __m512;
constexpr int kLanes = 16;

inline F32 broadcast(float x) {
  return _mm512_set1_ps(x);
}
inline F32 load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void store(float* p, F32 v) {
  _mm512_storeu_ps(p, v);
}

/// Loads the first n lanes, n in [0, kLanes], and sets the others to `rest`. No other memory is read.
inline F32 loadFirst(const float* p, int n, float rest = 0) {
  return _mm512_mask_loadu_ps(broadcast(rest), static_cast<__mmask16>((1u << n) - 1), p);
}
/// Stores the first n lanes, n in [0, kLanes]. No other memory is written.
inline void storeFirst(float* p, F32 v, int n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
}

inline F32 fma(F32 a, F32 b, F32 c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline F32 min(F32 a, F32 b) {
  return _mm512_min_ps(a, b);
}
inline F32 max(F32 a, F32 b) {
  return _mm512_max_ps(a, b);
}
inline F32 abs(F32 a) {
  return _mm512_abs_ps(a);
}
inline F32 roundNearest(F32 a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a * 2^n for whole n up to 127; 0, whatever a is, where n is below -126 or not finite.
inline F32 scaleByPowerOfTwo(F32 a, F32 n) {
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(n, broadcast(-126), _CMP_GE_OQ), a, n);
}
/// a * 2^n for whole n, -126 to 127.
inline F32 scaleByNormalPower(F32 a, F32 n) {
  return _mm512_scalef_ps(a, n);
}
inline float sumOf(F32 a) {
  return _mm512_reduce_add_ps(a);
}
inline float maxOf(F32 a) {
  return _mm512_reduce_max_ps(a);
}

using I32 = __m512i;
inline I32 broadcastInt(int32_t x) {
  return _mm512_set1_epi32(x);
}
inline I32 loadInt(const int32_t* p) {
  return _mm512_loadu_si512(p);
}
inline void storeInt(int32_t* p, I32 v) {
  _mm512_storeu_si512(p, v);
}
/// Keeps the value in a register at this point, so that the compiler can only spill it before or after.
inline void pin(I32& v) {
  asm("" : "+v"(v));
}
inline I32 add(I32 a, I32 b) {
  return _mm512_add_epi32(a, b);
}
inline F32 toFloat(I32 v) {
  return _mm512_cvtepi32_ps(v);
}
/// Rounds to the nearest integer, halves to even.
inline I32 toInt(F32 v) {
  return _mm512_cvtps_epi32(v);
}
inline int32_t sumOfInts(I32 v) {
  return _mm512_reduce_add_epi32(v);
}
/// Returns the low bytes of four vectors, those of a lane side by side, `v0` lowest.
inline I32 joinBytes(I32 v0, I32 v1, I32 v2, I32 v3) {
  const I32 mask = _mm512_set1_epi32(255);
  const I32 low =
      _mm512_or_si512(_mm512_and_si512(v0, mask), _mm512_slli_epi32(_mm512_and_si512(v1, mask), 8));
  const I32 high =
      _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(v2, mask), 16), _mm512_slli_epi32(v3, 24));
  return _mm512_or_si512(low, high);
}
/// Stores all lanes as bytes, clamped to 0 to 255.
inline void storeBytes(uint8_t* p, I32 v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512())));
}
/// Stores the lanes, which must be from 0 to 255, as bytes.
inline void storeLowBytes(uint8_t* p, I32 v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
}

/// Fetches a cache line that will be read.
NPUSPEECH_INLINE inline void prefetch(const void* p) {
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
}
/// Fetches a cache line that will be written.
NPUSPEECH_INLINE inline void prefetchWrite(const void* p) {
  __builtin_prefetch(p, 1);
}

}  // namespace
}  // namespace npuspeech
