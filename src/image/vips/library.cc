#include "image/vips/library.h"

#include <mutex>
#include <string_view>
#include <utility>

#include "base/progress.h"
#include "base/threads.h"

namespace mantissa::image {
namespace {

// The first warning since the last complaint was taken: the reason, where libpng gives one and libvips "read error".
struct FirstWarning {
  std::mutex mutex;
  std::string text;
};

FirstWarning& first_warning() {
  static FirstWarning warning;
  return warning;
}

// Warnings of libvips (and of libpng, libjpeg and libtiff through it) would appear on standard error on their own. What
// it tells of its own start is of no use to anyone here.
void log_quietly(const char* /*domain*/, GLogLevelFlags level, const char* message, void* /*user*/) {
  if ((level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) != 0) return;
  if (std::string_view(message).starts_with("error in tile")) return;  // one for each tile, whatever the reason
  {
    FirstWarning& first = first_warning();
    const std::lock_guard lock(first.mutex);
    if (first.text.empty()) first.text = message;
  }
  base::detail(std::string("libvips: ") + message);
}

Result<void> start() {
  constexpr auto kEveryLevel = static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION);
  g_log_set_handler("VIPS", kEveryLevel, log_quietly, nullptr);
  if (VIPS_INIT("mantissa") != 0) return unsupported("libvips does not start: " + take_vips_complaint());
  vips_block_untrusted_set(TRUE);
  vips_concurrency_set(base::thread_count());
  // It would hand out an earlier result for a file that has changed since.
  vips_cache_set_max(0);
  return {};
}

}  // namespace

Result<void> start_vips() {
  static const Result<void> started = start();
  return started;
}

std::string take_vips_complaint() {
  char* buffer = vips_error_buffer_copy();  // copies and clears in one step
  std::string text = buffer;
  g_free(buffer);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) text.replace(end, 1, "; ");
  FirstWarning& first = first_warning();
  const std::lock_guard lock(first.mutex);
  const std::string warning = std::exchange(first.text, {});
  if (!warning.empty() && (text.empty() || text.ends_with("read error"))) text += (text.empty() ? "" : ": ") + warning;
  return text.empty() ? "libvips gives no reason" : text;
}

}  // namespace mantissa::image
