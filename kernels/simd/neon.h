// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors of float for bodies built for AArch64; same names as avx512.h and avx2.h. Internal linkage keeps
// its instructions out of other object files.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/simd/unrolled.h"

namespace npuspeech {
namespace {

using F32 = float32x4_t;
constexpr int kLanes = 4;

inline F32 broadcast(float x) {
  return vdupq_n_f32(x);
}
inline F32 load(const float* p) {
  return vld1q_f32(p);
}
inline void store(float* p, F32 v) {
  vst1q_f32(p, v);
}

/// Loads the first n lanes, n in [0, kLanes], and sets the others to `rest`. No other memory is read.
inline F32 loadFirst(const float* p, int n, float rest = 0) {
  float lanes[kLanes] = {rest, rest, rest, rest};
  for (int i = 0; i < n; ++i) lanes[i] = p[i];
  return load(lanes);
}
/// Stores the first n lanes, n in [0, kLanes]. No other memory is written.
inline void storeFirst(float* p, F32 v, int n) {
  float lanes[kLanes];
  store(lanes, v);
  for (int i = 0; i < n; ++i) p[i] = lanes[i];
}

inline F32 fma(F32 a, F32 b, F32 c) {
  return vfmaq_f32(c, a, b);
}
inline F32 min(F32 a, F32 b) {
  return vminq_f32(a, b);
}
inline F32 max(F32 a, F32 b) {
  return vmaxq_f32(a, b);
}
inline F32 abs(F32 a) {
  return vabsq_f32(a);
}
inline F32 roundNearest(F32 a) {
  return vrndnq_f32(a);
}
/// a * 2^n for whole n up to 127; 0, whatever a is, where n is below -126 or not finite.
inline F32 scaleByPowerOfTwo(F32 a, F32 n) {
  const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23);
  const uint32x4_t product = vreinterpretq_u32_f32(a * vreinterpretq_f32_s32(exponent));
  return vreinterpretq_f32_u32(vandq_u32(product, vcgeq_f32(n, broadcast(-126))));
}
/// a * 2^n for whole n, -126 to 127.
inline F32 scaleByNormalPower(F32 a, F32 n) {
  return a * vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}
inline float sumOf(F32 a) {
  return vaddvq_f32(a);
}
inline float maxOf(F32 a) {
  return vmaxvq_f32(a);
}

using I32 = int32x4_t;
inline I32 broadcastInt(int32_t x) {
  return vdupq_n_s32(x);
}
inline I32 loadInt(const int32_t* p) {
  return vld1q_s32(p);
}
inline void storeInt(int32_t* p, I32 v) {
  vst1q_s32(p, v);
}
/// Keeps the value in a register at this point, so that the compiler can only spill it before or after.
inline void pin(I32& v) {
  asm("" : "+w"(v));
}
inline I32 add(I32 a, I32 b) {
  return vaddq_s32(a, b);
}
inline F32 toFloat(I32 v) {
  return vcvtq_f32_s32(v);
}
/// Converts `factor`, from -255 to 255, to the multiplier that subtractMultiple() takes.
inline int32_t multiplierFor(int32_t factor) {
  return factor;
}
/// Returns sum - factor * s. `split` holds s as s mod 128 in its low half and s >> 7 in its high half.
inline I32 subtractMultiple(I32 sum, I32 split, I32 multiplier) {
  const int32x4_t s = vaddq_s32(vandq_s32(split, vdupq_n_s32(127)), vshlq_n_s32(vshrq_n_s32(split, 16), 7));
  return vmlsq_s32(sum, s, multiplier);
}
/// Rounds to the nearest integer, halves to even.
inline I32 toInt(F32 v) {
  return vcvtnq_s32_f32(v);
}
inline int32_t sumOfInts(I32 v) {
  return vaddvq_s32(v);
}
/// Returns the low bytes of four vectors, those of a lane side by side, `v0` lowest.
inline I32 joinBytes(I32 v0, I32 v1, I32 v2, I32 v3) {
  return vsliq_n_s32(vsliq_n_s32(vsliq_n_s32(v0, v1, 8), v2, 16), v3, 24);
}
/// Stores all lanes as bytes, clamped to 0 to 255.
inline void storeBytes(uint8_t* p, I32 v) {
  const uint16x4_t shorts = vqmovun_s32(v);
  const uint32_t bytes = vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(shorts, shorts))), 0);
  __builtin_memcpy(p, &bytes, sizeof bytes);
}
/// Stores the lanes, which must be from 0 to 255, as bytes.
inline void storeLowBytes(uint8_t* p, I32 v) {
  storeBytes(p, v);
}

/// Fetches a cache line that will be read.
NPUSPEECH_INLINE inline void prefetch(const void* p) {
  __builtin_prefetch(p);
}
/// Fetches a cache line that will be written.
NPUSPEECH_INLINE inline void prefetchWrite(const void* p) {
  __builtin_prefetch(p, 1);
}

}  // namespace
}  // namespace npuspeech
