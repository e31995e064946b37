// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/speech/diar/plain_embedding.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace npuspeech::test {
namespace {

struct Shape {
  std::string name;
  std::vector<int64_t> dims;
};

struct Block {
  int layers, dilation;
};
constexpr Block kBlocks[] = {{12, 1}, {24, 2}, {16, 2}};

void addNorm(std::vector<Shape>& shapes, const std::string& name, int64_t width, bool isAffine = true) {
  for (const char* part : {"weight", "bias", "running_mean", "running_var"})
    if (isAffine || part[0] == 'r') shapes.push_back({name + "." + part, {width}});
}

std::vector<Shape> allShapes() {
  std::vector<Shape> shapes{{"head.conv1.weight", {32, 1, 3, 3}}, {"head.conv2.weight", {32, 32, 3, 3}}};
  addNorm(shapes, "head.bn1", 32);
  addNorm(shapes, "head.bn2", 32);
  for (const std::string part : {"head.layer1.0.", "head.layer1.1.", "head.layer2.0.", "head.layer2.1."}) {
    for (const std::string number : {"1", "2"}) {
      shapes.push_back({part + "conv" + number + ".weight", {32, 32, 3, 3}});
      addNorm(shapes, part + "bn" + number, 32);
    }
    if (part[12] == '1') continue;
    shapes.push_back({part + "shortcut.0.weight", {32, 32, 1, 1}});
    addNorm(shapes, part + "shortcut.1", 32);
  }
  shapes.push_back({"xvector.tdnn.linear.weight", {128, 320, 5}});
  addNorm(shapes, "xvector.tdnn.nonlinear.batchnorm", 128);
  int64_t width = 128;
  for (int b = 1; b <= 3; ++b, width /= 2) {
    for (int j = 1; j <= kBlocks[b - 1].layers; ++j, width += 32) {
      const std::string name = "xvector.block" + std::to_string(b) + ".tdnnd" + std::to_string(j) + ".";
      addNorm(shapes, name + "nonlinear1.batchnorm", width);
      addNorm(shapes, name + "nonlinear2.batchnorm", 128);
      shapes.push_back({name + "linear1.weight", {128, width, 1}});
      shapes.push_back({name + "cam_layer.linear_local.weight", {32, 128, 3}});
      shapes.push_back({name + "cam_layer.linear1.weight", {64, 128, 1}});
      shapes.push_back({name + "cam_layer.linear1.bias", {64}});
      shapes.push_back({name + "cam_layer.linear2.weight", {32, 64, 1}});
      shapes.push_back({name + "cam_layer.linear2.bias", {32}});
    }
    const std::string transit = "xvector.transit" + std::to_string(b) + ".";
    addNorm(shapes, transit + "nonlinear.batchnorm", width);
    shapes.push_back({transit + "linear.weight", {width / 2, width, 1}});
  }
  addNorm(shapes, "xvector.out_nonlinear.batchnorm", 512);
  shapes.push_back({"xvector.dense.linear.weight", {192, 1024, 1}});
  addNorm(shapes, "xvector.dense.nonlinear.batchnorm", 192, false);
  return shapes;
}

/// Channels of an image, or of a signal where `height` is 1: [channels][height][times].
struct Image {
  int channels, height, times;
  std::vector<float> values;

  Image(int c, int h, int t) : channels(c), height(h), times(t), values(static_cast<size_t>(c * h * t)) {}
  float* row(int c, int h = 0) { return values.data() + static_cast<ptrdiff_t>((c * height + h) * times); }
  const float* row(int c, int h = 0) const { return const_cast<Image*>(this)->row(c, h); }
};

/// The network over its weights.
class Plain {
 public:
  explicit Plain(const PlainWeights& weights) : weights_(weights) {}

  std::vector<float> embed(std::span<const float> frames) const {
    Image x = head(withoutMean(frames));
    Image signal(320, 1, x.times);  // channels first, then heights
    signal.values = x.values;
    x = rectified(norm(convolved(signal, "xvector.tdnn.linear.weight", 128, {1, 5}, {1, 2}, 1),
                       "xvector.tdnn.nonlinear.batchnorm"));
    for (int b = 1; b <= 3; ++b) {
      for (int j = 1; j <= kBlocks[b - 1].layers; ++j)
        grow(x, "xvector.block" + std::to_string(b) + ".tdnnd" + std::to_string(j) + ".",
             kBlocks[b - 1].dilation);
      const std::string transit = "xvector.transit" + std::to_string(b) + ".";
      x = linear(rectified(norm(x, transit + "nonlinear.batchnorm")), transit + "linear.weight",
                 x.channels / 2);
    }
    return dense(rectified(norm(x, "xvector.out_nonlinear.batchnorm")));
  }

 private:
  struct Pair {
    int height, time;
  };

  const std::vector<float>& at(const std::string& name) const { return weights_.at(name); }

  static Image withoutMean(std::span<const float> frames) {
    Image image(1, 80, static_cast<int>(frames.size() / 80));
    for (int b = 0; b < 80; ++b) {
      double mean = 0;
      const auto value = [&](int t) { return static_cast<double>(frames[static_cast<size_t>(t * 80 + b)]); };
      for (int t = 0; t < image.times; ++t) mean += value(t) / image.times;
      for (int t = 0; t < image.times; ++t) image.row(0, b)[t] = static_cast<float>(value(t) - mean);
    }
    return image;
  }

  /// A convolution with odd kernels and as much padding as keeps the size where the step is 1.
  Image convolved(const Image& in, const std::string& name, int outputs, Pair kernel, Pair step,
                  int dilation) const {
    const float* w = at(name).data();
    Image out(outputs, (in.height + step.height - 1) / step.height, (in.times + step.time - 1) / step.time);
    for (int o = 0; o < outputs; ++o)
      for (int i = 0; i < in.channels; ++i)
        for (int kh = 0; kh < kernel.height; ++kh)
          for (int kt = 0; kt < kernel.time; ++kt, ++w)
            for (int h = 0; h < out.height; ++h) {
              const int from = h * step.height + kh - kernel.height / 2;
              if (from < 0 || from >= in.height) continue;
              const float* const source = in.row(i, from);
              float* const target = out.row(o, h);
              for (int t = 0; t < out.times; ++t) {
                const int time = t * step.time + (kt - kernel.time / 2) * dilation;
                if (time >= 0 && time < in.times) target[t] += *w * source[time];
              }
            }
    return out;
  }
  Image linear(const Image& in, const std::string& name, int outputs) const {
    return convolved(in, name, outputs, {1, 1}, {1, 1}, 1);
  }

  Image norm(Image x, const std::string& name) const {
    for (int c = 0; c < x.channels; ++c) {
      const size_t i = static_cast<size_t>(c);
      const float deviation = std::sqrt(at(name + ".running_var")[i] + 1e-5f),
                  mean = at(name + ".running_mean")[i];
      const float weight = at(name + ".weight")[i], bias = at(name + ".bias")[i];
      for (int n = 0; n < x.height * x.times; ++n)
        x.row(c)[n] = (x.row(c)[n] - mean) / deviation * weight + bias;
    }
    return x;
  }
  static Image rectified(Image x) {
    for (float& value : x.values) value = std::max(value, 0.0f);
    return x;
  }
  static Image sum(Image a, const Image& b) {
    for (size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
  }

  Image head(const Image& in) const {
    constexpr Pair kKernel{3, 3}, kOne{1, 1}, kHalf{2, 1};
    Image x = rectified(norm(convolved(in, "head.conv1.weight", 32, kKernel, kOne, 1), "head.bn1"));
    for (const std::string stage : {"head.layer1.", "head.layer2."})
      for (const std::string part : {"0.", "1."}) {
        const std::string name = stage + part;
        const bool halves = part == "0.";
        const Pair step = halves ? kHalf : kOne;
        Image y = rectified(norm(convolved(x, name + "conv1.weight", 32, kKernel, step, 1), name + "bn1"));
        y = norm(convolved(y, name + "conv2.weight", 32, kKernel, kOne, 1), name + "bn2");
        if (halves)
          x = norm(convolved(x, name + "shortcut.0.weight", 32, {1, 1}, step, 1), name + "shortcut.1");
        x = rectified(sum(y, x));
      }
    return rectified(norm(convolved(x, "head.conv2.weight", 32, kKernel, kHalf, 1), "head.bn2"));
  }

  /// Puts the 32 channels of a layer behind those of its input.
  void grow(Image& x, const std::string& name, int dilation) const {
    const Image h = rectified(
        norm(linear(rectified(norm(x, name + "nonlinear1.batchnorm")), name + "linear1.weight", 128),
             name + "nonlinear2.batchnorm"));
    Image out = convolved(h, name + "cam_layer.linear_local.weight", 32, {1, 3}, {1, 1}, dilation);
    for (int first = 0; first < h.times; first += 100) {
      const int end = std::min(first + 100, h.times);
      Image context(128, 1, 1);
      for (int c = 0; c < 128; ++c) {
        double all = 0, part = 0;
        for (int t = 0; t < h.times; ++t) all += static_cast<double>(h.row(c)[t]) / h.times;
        for (int t = first; t < end; ++t) part += static_cast<double>(h.row(c)[t]) / (end - first);
        *context.row(c) = static_cast<float>(all + part);
      }
      Image y = linear(context, name + "cam_layer.linear1.weight", 64);
      for (size_t i = 0; i < 64; ++i) y.values[i] += at(name + "cam_layer.linear1.bias")[i];
      y = linear(rectified(y), name + "cam_layer.linear2.weight", 32);
      for (int c = 0; c < 32; ++c) {
        const float sum = *y.row(c) + at(name + "cam_layer.linear2.bias")[static_cast<size_t>(c)];
        for (int t = first; t < end; ++t) out.row(c)[t] /= 1 + std::exp(-sum);
      }
    }
    x.values.insert(x.values.end(), out.values.begin(), out.values.end());
    x.channels += 32;
  }

  std::vector<float> dense(const Image& x) const {
    Image statistics(2 * x.channels, 1, 1);
    for (int c = 0; c < x.channels; ++c) {
      double mean = 0, squares = 0;
      for (int t = 0; t < x.times; ++t) mean += static_cast<double>(x.row(c)[t]) / x.times;
      for (int t = 0; t < x.times; ++t) squares += std::pow(static_cast<double>(x.row(c)[t]) - mean, 2);
      *statistics.row(c) = static_cast<float>(mean);
      *statistics.row(x.channels + c) = static_cast<float>(std::sqrt(squares / (x.times - 1)));
    }
    std::vector<float> out = linear(statistics, "xvector.dense.linear.weight", 192).values;
    const std::string name = "xvector.dense.nonlinear.batchnorm.running_";
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = (out[i] - at(name + "mean")[i]) / std::sqrt(at(name + "var")[i] + 1e-5f);
    return out;
  }

  const PlainWeights& weights_;
};

}  // namespace

PlainWeights randomEmbeddingWeights() {
  std::minstd_rand random(3);
  // Uniform numbers are quick to make, and as good.
  const auto uniform = [&](float low, float high) {
    return low + (high - low) * static_cast<float>(random()) / static_cast<float>(random.max());
  };
  PlainWeights weights;
  for (const Shape& shape : allShapes()) {
    size_t size = 1, inputs = 1;
    for (const int64_t dim : shape.dims) size *= static_cast<size_t>(dim);
    inputs = size / static_cast<size_t>(shape.dims[0]);
    const bool isNorm = shape.dims.size() == 1,
               isScale = shape.name.ends_with(".weight") || shape.name.ends_with("_var");
    const float reach = std::sqrt(6.0f / static_cast<float>(inputs));
    std::vector<float>& values = weights[shape.name];
    values.resize(size);
    for (float& value : values)
      value = !isNorm ? uniform(-reach, reach) : isScale ? uniform(0.5f, 1.5f) : uniform(-0.5f, 0.5f);
  }
  return weights;
}

std::vector<NamedTensor> embeddingTensors(const PlainWeights& weights) {
  std::vector<NamedTensor> tensors;
  for (const Shape& shape : allShapes())
    tensors.push_back(floatTensor(shape.name, shape.dims, weights.at(shape.name)));
  return tensors;
}

std::vector<float> plainEmbedding(const PlainWeights& weights, std::span<const float> frames) {
  return Plain(weights).embed(frames);
}

}  // namespace npuspeech::test
