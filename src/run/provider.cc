#include "run/provider.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <functional>
#include <numeric>

#include "base/module.h"
#include "mantissa/providers.h"
#include "run/known_providers.h"
#include "run/provider_libraries.h"

namespace mantissa::run {

Result<std::vector<float>> Session::see(const TensorView&) { return internal_error("the network has no two parts"); }
Result<void> Session::run_rest(const TensorView&, std::span<const float>, const TensorView&) {
  return internal_error("the network has no two parts");
}

namespace {

// Nothing is known of it, so files with numbers that every device has.
constexpr std::string_view kFilesForAny[] = {"fp16/model.onnx", "fp32/model.onnx"};

// "ContosoAiExecutionProvider.NPU" -> "onnxruntime-contosoai-npu".
std::string name_for(std::string device) {
  constexpr std::string_view kSuffix = "ExecutionProvider";
  if (const auto at = device.find(kSuffix); at != std::string::npos && at > 0) device.erase(at, kSuffix.size());
  std::string name = "onnxruntime-";
  for (const char c : device)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0
                ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                : '-';
  return name;
}

// Texts of descriptors that are not in the table; kept for good, since descriptors point to them.
std::string_view kept(std::string text) {
  static auto* const texts = new std::deque<std::string>;
  return texts->emplace_back(std::move(text));
}

ProviderDescriptor descriptor_for(const std::string& device) {
  const std::string name = name_for(device);
  return {.name = kept(name),
          .title = kept("ONNX Runtime, " + device),
          .module = "onnxruntime",
          .device = kept(device),
          .files = kFilesForAny};
}

std::vector<ProviderDescriptor> with_libraries() {
  std::vector<ProviderDescriptor> all(known_providers().begin(), known_providers().end());
  for (const ProviderLibrary& library : provider_libraries()) {
    for (const std::string& device : library.devices) {
      auto found = std::find_if(all.begin(), all.end(), [&](const ProviderDescriptor& each) {
        return each.device == device && each.module == "onnxruntime";
      });
      if (found == all.end()) found = all.insert(all.end(), descriptor_for(device));
      if (found->library.empty()) found->library = kept(library.path.string());
    }
  }
  return all;
}

Result<Provider*> load(const ProviderDescriptor& descriptor) {
  MANTISSA_ASSIGN(void* const loaded,
                  base::load_module(descriptor.module).in("provider " + std::string(descriptor.name)));
  return static_cast<Engine*>(loaded)->provider(descriptor);
}

}  // namespace

std::int64_t TensorView::count() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::span<const ProviderDescriptor> providers() { return known_providers().first(kOwnProviders); }

bool is_own(std::string_view provider) {
  const auto own = providers();
  return std::any_of(own.begin(), own.end(), [&](const ProviderDescriptor& each) { return each.name == provider; });
}

std::vector<ProviderDescriptor> all_providers() {
  static const std::vector<ProviderDescriptor> all = with_libraries();
  return all;
}

Result<Provider*> provider(std::string_view name) {
  for (const ProviderDescriptor& descriptor : providers())  // without probing libraries
    if (descriptor.name == name) return load(descriptor);
  std::string known;
  for (const ProviderDescriptor& descriptor : all_providers()) {
    if (descriptor.name == name) return load(descriptor);
    known += (known.empty() ? "" : ", ") + std::string(descriptor.name);
  }
  return usage_error("there is no provider '" + std::string(name) + "'", "Known providers are " + known);
}

}  // namespace mantissa::run

namespace mantissa {

std::vector<ProviderState> list_providers() {
  std::vector<ProviderState> states;
  for (const run::ProviderDescriptor& each : run::all_providers()) {
    ProviderState state{std::string(each.name),
                        std::string(each.title),
                        std::string(each.device),
                        std::string(each.library),
                        {each.files.begin(), each.files.end()},
                        {},
                        {}};
    if (const auto here = run::provider(each.name); here.ok())
      state.version = (*here)->version();
    else
      state.missing = here.error().message();
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace mantissa
