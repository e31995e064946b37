// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors that start on a cache line, as kernels require, and are not cleared when they grow.
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace npuspeech {

inline constexpr size_t kCacheLine = 64;  // bytes

/// Allocates memory that starts on a cache line. Large blocks go straight back to the system when they are
/// freed, which a heap might not do. Throws std::bad_alloc. Thread-safe.
void* allocateAligned(size_t bytes);
void freeAligned(void* memory, size_t bytes);  // for allocateAligned(bytes); thread-safe

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) {
    if (n > static_cast<size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocateAligned(n * sizeof(T)));
  }
  void deallocate(T* p, size_t n) { freeAligned(p, n * sizeof(T)); }
  /// Default construction leaves arithmetic elements uninitialised.
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    if constexpr (sizeof...(Args) == 0)
      ::new (static_cast<void*>(p)) U;
    else
      ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
  }
  bool operator==(const AlignedAllocator&) const { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace npuspeech
