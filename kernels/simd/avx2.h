// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors of float for bodies built for AVX2 and FMA; same names as avx512.h and neon.h. Internal linkage
// keeps its instructions out of other object files.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/simd/unrolled.h"

namespace npuspeech {
namespace {

using F32 = __m256;
constexpr int kLanes = 8;

inline F32 broadcast(float x) {
  return _mm256_set1_ps(x);
}
inline F32 load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline void store(float* p, F32 v) {
  _mm256_storeu_ps(p, v);
}

inline __m256i firstLanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/// Loads the first n lanes, n in [0, kLanes], and sets the others to `rest`. No other memory is read.
inline F32 loadFirst(const float* p, int n, float rest = 0) {
  const __m256i mask = firstLanes(n);
  return _mm256_blendv_ps(broadcast(rest), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
/// Stores the first n lanes, n in [0, kLanes]. No other memory is written.
inline void storeFirst(float* p, F32 v, int n) {
  _mm256_maskstore_ps(p, firstLanes(n), v);
}

inline F32 fma(F32 a, F32 b, F32 c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline F32 min(F32 a, F32 b) {
  return _mm256_min_ps(a, b);
}
inline F32 max(F32 a, F32 b) {
  return _mm256_max_ps(a, b);
}
inline F32 abs(F32 a) {
  return _mm256_andnot_ps(broadcast(-0.0f), a);
}
inline F32 roundNearest(F32 a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a * 2^n for whole n up to 127; 0, whatever a is, where n is below -126 or not finite.
inline F32 scaleByPowerOfTwo(F32 a, F32 n) {
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_and_ps(a * _mm256_castsi256_ps(exponent), _mm256_cmp_ps(n, broadcast(-126), _CMP_GE_OQ));
}
/// a * 2^n for whole n, -126 to 127.
inline F32 scaleByNormalPower(F32 a, F32 n) {
  return a * _mm256_castsi256_ps(
                 _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
inline float sumOf(F32 a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float maxOf(F32 a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

using I32 = __m256i;
inline I32 broadcastInt(int32_t x) {
  return _mm256_set1_epi32(x);
}
inline I32 loadInt(const int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void storeInt(int32_t* p, I32 v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
/// Keeps the value in a register at this point, so that the compiler can only spill it before or after.
inline void pin(I32& v) {
  asm("" : "+x"(v));
}
inline I32 add(I32 a, I32 b) {
  return _mm256_add_epi32(a, b);
}
inline F32 toFloat(I32 v) {
  return _mm256_cvtepi32_ps(v);
}
/// Rounds to the nearest integer, halves to even.
inline I32 toInt(F32 v) {
  return _mm256_cvtps_epi32(v);
}
inline int32_t sumOfInts(I32 v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}
/// Returns the low bytes of four vectors, those of a lane side by side, `v0` lowest.
inline I32 joinBytes(I32 v0, I32 v1, I32 v2, I32 v3) {
  const I32 mask = _mm256_set1_epi32(255);
  const I32 low =
      _mm256_or_si256(_mm256_and_si256(v0, mask), _mm256_slli_epi32(_mm256_and_si256(v1, mask), 8));
  const I32 high =
      _mm256_or_si256(_mm256_slli_epi32(_mm256_and_si256(v2, mask), 16), _mm256_slli_epi32(v3, 24));
  return _mm256_or_si256(low, high);
}
/// Stores all lanes as bytes, clamped to 0 to 255.
inline void storeBytes(uint8_t* p, I32 v) {
  const __m128i shorts = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(shorts, shorts));
}
/// Stores the lanes, which must be from 0 to 255, as bytes.
inline void storeLowBytes(uint8_t* p, I32 v) {
  storeBytes(p, v);
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
