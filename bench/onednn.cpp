// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/onednn.h"

#ifdef HAVE_ONEDNN

#include <cstdio>
#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

// oneDNN's OpenMP has read OMP_NUM_THREADS before main() runs. Weak, because oneDNN is also built over other
// runtimes.
extern "C" [[gnu::weak]] void omp_set_num_threads(int);

namespace npuspeech {

using dnnl::memory;

bool setOnednnThreads(int threads) {
  if (omp_set_num_threads) omp_set_num_threads(threads);
  return omp_set_num_threads;
}

const char* onednnVersion() {
  static char name[32];
  const dnnl_version_t* v = dnnl_version();
  std::snprintf(name, sizeof name, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
  return name;
}

namespace {

void fill(const memory& target, memory::data_type type, unsigned seed) {
  auto* bytes = static_cast<unsigned char*>(target.get_data_handle());
  if (type == memory::data_type::f32) {
    auto* values = reinterpret_cast<float*>(bytes);
    for (size_t i = 0; i < target.get_desc().get_size() / 4; ++i)
      values[i] = static_cast<float>((seed = seed * 1664525 + 1013904223) >> 16) / 65536.0f - 0.5f;
  } else {
    for (size_t i = 0; i < target.get_desc().get_size(); ++i)
      bytes[i] = static_cast<unsigned char>((seed = seed * 1664525 + 1013904223) >> 24);
  }
}

}  // namespace

std::function<void()> makeOnednnProduct(const OnednnProduct& p) {
  using type = memory::data_type;
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  const memory::desc a({p.rows, p.depth}, p.int8 ? type::u8 : type::f32, memory::format_tag::ab);
  const memory::desc w({p.depth, p.columns}, p.int8 ? type::s8 : type::f32, memory::format_tag::any);
  const memory::desc plain({p.depth, p.columns}, p.int8 ? type::s8 : type::f32, memory::format_tag::ba);
  const memory::desc bias({1, p.columns}, type::f32, memory::format_tag::ab);
  const memory::desc out({p.rows, p.columns}, type::f32, memory::format_tag::ab);
  dnnl::primitive_attr attributes;
  std::unordered_map<int, memory> arguments;
  if (p.int8) {
#if DNNL_VERSION_MAJOR >= 3
    attributes.set_scales_mask(DNNL_ARG_WEIGHTS, 1 << 1);
    attributes.set_zero_points_mask(DNNL_ARG_SRC, 0);
    memory scales({{p.columns}, type::f32, memory::format_tag::a}, engine);
    fill(scales, type::f32, 5);
    memory zero({{1}, type::s32, memory::format_tag::a}, engine);
    *static_cast<int32_t*>(zero.get_data_handle()) = 117;
    arguments[DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS] = scales;
    arguments[DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC] = zero;
#else
    attributes.set_output_scales(1 << 1, std::vector<float>(static_cast<size_t>(p.columns), 0.001f));
    attributes.set_zero_points(DNNL_ARG_SRC, 0, {117});
#endif
  }
  dnnl::post_ops operations;
  if (p.residual) operations.append_sum(1);
  if (p.gelu) {
#if DNNL_VERSION_MAJOR >= 3
    operations.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, 0);
#else
    operations.append_eltwise(1, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
#endif
  }
  attributes.set_post_ops(operations);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc description(engine, a, w, bias, out, attributes);
#else
  const dnnl::matmul::primitive_desc description({a, w, bias, out}, attributes, engine);
#endif
  memory source(plain, engine), weights(description.weights_desc(), engine);
  fill(source, p.int8 ? type::s8 : type::f32, 1);
  dnnl::reorder(source, weights).execute(stream, source, weights);
  stream.wait();
  arguments[DNNL_ARG_SRC] = memory(a, engine);
  arguments[DNNL_ARG_WEIGHTS] = weights;
  arguments[DNNL_ARG_BIAS] = memory(bias, engine);
  arguments[DNNL_ARG_DST] = memory(out, engine);
  fill(arguments[DNNL_ARG_SRC], p.int8 ? type::u8 : type::f32, 2);
  fill(arguments[DNNL_ARG_BIAS], type::f32, 3);
  fill(arguments[DNNL_ARG_DST], type::f32, 4);
  return [product = dnnl::matmul(description), arguments] {
    product.execute(stream, arguments);
    stream.wait();
  };
}

}  // namespace npuspeech

#else

namespace npuspeech {
std::function<void()> makeOnednnProduct(const OnednnProduct&) {
  return {};
}
bool setOnednnThreads(int) {
  return false;
}
const char* onednnVersion() {
  return "";
}
}  // namespace npuspeech

#endif
