#include "base/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "base/system_error.h"

namespace mantissa::base {
namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  });
}

std::string loader_sentence() {
  const char* sentence = ::dlerror();
  return sentence == nullptr ? "unknown reason" : sentence;
}

Result<void*> load(const std::string& name) {
  const std::filesystem::path path = module_folder() / ("mantissa_" + name + ".so");
  // Every symbol now, so that a wrong version of a library is an Error here and not a crash later; local, because two
  // engines may bring different versions of one library.
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return unsupported("the module \"" + name + "\" cannot be loaded: " + loader_sentence(),
                       "Install what it needs, or set MANTISSA_MODULES to the folder with mantissa_" + name + ".so");
  }
  void* entry = ::dlsym(library, ("mantissa_module_" + name).c_str());
  if (entry == nullptr) return unsupported(quoted(path) + " is not a module of mantissa: " + loader_sentence());
  void* interface = reinterpret_cast<void* (*)()>(entry)();
  if (interface == nullptr) return unsupported("the module \"" + name + "\" cannot work on this machine");
  // Never unloaded: pointers into it live everywhere.
  return interface;
}

}  // namespace

std::filesystem::path module_folder() {
  if (const char* folder = std::getenv("MANTISSA_MODULES"); folder != nullptr && *folder != '\0') return folder;
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&module_folder), &self) == 0 || self.dli_fname == nullptr)
    return "mantissa";
  return std::filesystem::path(self.dli_fname).parent_path() / "mantissa";
}

Result<void*> load_module(std::string_view name) {
  if (!is_plain(name)) return internal_error("\"" + std::string(name) + "\" cannot be the name of a module");
  // Recursive, because a module may need another.
  static std::recursive_mutex mutex;
  static std::map<std::string, void*, std::less<>> loaded;
  const std::lock_guard lock(mutex);
  if (const auto found = loaded.find(name); found != loaded.end()) return found->second;
  MANTISSA_ASSIGN(void* interface, load(std::string(name)));
  return loaded.emplace(name, interface).first->second;
}

}  // namespace mantissa::base
