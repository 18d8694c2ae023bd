#include "run/name_outputs.h"

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "image/codec.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

bool has_placeholders(const fs::path& output) { return output.string().find('{') != std::string::npos; }

// Pictures may be of a kind that is read, but not written.
fs::path writable(fs::path output) { return image::is_only_read(output) ? output.replace_extension(".png") : output; }

std::string scale_text(double scale) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", scale);
  return text;
}

Result<std::string> value_of(std::string_view placeholder, const FoundPicture& picture, const RunnerInfo& info) {
  if (placeholder == "name") return picture.file.stem().string();
  if (placeholder == "folder") return picture.folder.empty() ? "." : picture.folder.string();
  if (placeholder == "scale") return scale_text(info.scale);
  if (placeholder == "variant") return info.variant;
  if (placeholder == "ext") {
    const std::string extension = writable(picture.file.filename()).extension().string();
    return extension.empty() ? "png" : extension.substr(1);
  }
  return usage_error("the output has a placeholder {" + std::string(placeholder) + "} that there is not",
                     "Use {name}, {ext}, {folder}, {scale} or {variant}, and {{ for a brace");
}

// "out/{name}_x{scale}.{ext}" for one picture.
Result<fs::path> filled_in(std::string_view pattern, const FoundPicture& picture, const RunnerInfo& info) {
  std::string name;
  while (!pattern.empty()) {
    const std::size_t brace = pattern.find('{');
    name += pattern.substr(0, brace);
    if (brace == std::string_view::npos) break;
    pattern.remove_prefix(brace + 1);
    if (pattern.starts_with('{')) {
      name += '{';
      pattern.remove_prefix(1);
      continue;
    }
    const std::size_t end = pattern.find('}');
    if (end == std::string_view::npos)
      return usage_error("the output has a { without a }", "Write {{ where a brace is meant");
    MANTISSA_ASSIGN(const std::string value, value_of(pattern.substr(0, end), picture, info));
    name += value;
    pattern.remove_prefix(end + 1);
  }
  return fs::path(name).lexically_normal();
}

fs::path normal(const fs::path& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal();
}

Error would_both_become(const fs::path& first, const fs::path& second, const fs::path& output) {
  return usage_error(first.string() + " and " + second.string() + " would both become " + output.string(),
                     "Restore them into different folders, or put {ext} or {folder} into the name");
}

}  // namespace

Result<Jobs> name_outputs(const std::vector<FoundPicture>& pictures, const fs::path& output, const RunnerInfo& info) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(output, ignored);
  const bool is_pattern = !is_folder && has_placeholders(output);
  const bool into_folder = is_folder || (!is_pattern && !output.has_extension());
  const bool one_name = !into_folder && (!is_pattern || output.string().find("{name}") == std::string::npos);
  const bool exists = !is_folder && fs::exists(output, ignored);
  if (pictures.size() > 1 && (one_name || (into_folder && exists)))
    return usage_error(std::to_string(pictures.size()) + " pictures cannot become the one file " + output.string(),
                       "Name a folder, or put {name} into the name");

  Jobs all;
  all.makes_folders = into_folder || is_pattern;
  std::map<fs::path, const FoundPicture*> made_from;  // by output
  for (const FoundPicture& picture : pictures) {
    Job job{picture.file, output};
    if (into_folder) job.output = writable(output / picture.folder / picture.file.filename());
    if (is_pattern) {
      MANTISSA_ASSIGN(job.output, filled_in(output.string(), picture, info));
    }
    const auto [other, is_new] = made_from.emplace(normal(job.output), &picture);
    if (!is_new) return would_both_become(other->second->file, picture.file, job.output);
    all.jobs.push_back(std::move(job));
  }
  Jobs wanted;
  wanted.makes_folders = all.makes_folders;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto maker = made_from.find(normal(pictures[i].file));
    const bool is_output = maker != made_from.end() && maker->second != &pictures[i];
    if (is_output && pictures[i].named)
      return usage_error(pictures[i].file.string() + " is an input, and the output for " +
                         maker->second->file.string());
    if (!is_output) wanted.jobs.push_back(std::move(all.jobs[i]));
  }
  return wanted;
}

}  // namespace mantissa::run
