#include <charconv>
#include <cmath>
#include <cstdint>

#include "cli/commands.h"

namespace mantissa::cli {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const std::string wanted = most == UINT64_MAX ? "of at least " + std::to_string(least)
                                                : "from " + std::to_string(least) + " to " + std::to_string(most);
  return {[=](const std::string& word) {
            std::uint64_t number = 0;
            const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
            const bool good =
                problem == std::errc() && end == word.data() + word.size() && number >= least && number <= most;
            return good ? std::string() : word + " is not a whole number " + wanted;
          },
          "", "whole number"};
}

CLI::Validator seconds() {
  return {[](const std::string& word) {
            double number = -1;
            const bool good = CLI::detail::lexical_cast(word, number) && std::isfinite(number) && number >= 0;
            return good ? std::string() : word + " is not a number of seconds";
          },
          "", "seconds"};
}

}  // namespace mantissa::cli
