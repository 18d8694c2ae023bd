// Files of the legacy form whose parts do not fit together.
#include "format/checkpoint/test_hostile.h"

namespace mantissa::format {
namespace {

using namespace test;

const Hostile kLegacy[] = {
    {"calls_os_system",
     [] {
       return legacy(
           [](LegacyParts& parts) { parts.object = pickled(call(global("posix", "system"), {text("true")})); });
     }},
    {"other_magic", [] { return legacy([](LegacyParts& parts) { parts.magic[5] = 'x'; }); }},
    {"other_protocol", [] { return legacy([](LegacyParts& parts) { parts.protocol = pickled("M\xea\x03"); }); }},
    {"big_endian",
     [] { return legacy([](LegacyParts& parts) {
            parts.system = pickled(dict({text("little_endian"), "\x89"}));
          }); }},
    {"system_is_no_dictionary", [] { return legacy([](LegacyParts& parts) { parts.system = pickled("N"); }); }},
    {"keys_are_no_list", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled("N"); }); }},
    {"keys_are_numbers", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled(list({number(0)})); }); }},
    {"unknown_key", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled(list({text("1")})); }); }},
    {"missing_key", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled("]"), parts.storages = ""; }); }},
    {"key_twice",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.keys = pickled(list({text("0"), text("0")})), parts.storages += parts.storages;
       });
     }},
    {"no_storages", [] { return legacy([](LegacyParts& parts) { parts.storages = ""; }); }},
    {"count_differs", [] { return legacy([](LegacyParts& parts) { parts.storages[0] = 5; }); }},
    {"count_overflows",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.object = pickled(weights(tensor({.of = storage({.count = kMost})})));
         parts.storages = little_endian(static_cast<std::uint64_t>(kMost)) + six_floats();
       });
     }},
    {"storage_with_two_sizes",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.object = pickled(dict(
             {text("w"), tensor(), text("v"), tensor({.of = storage({.count = 5}), .shape = {1}, .strides = {1}})}));
       });
     }},
    {"trailing_bytes", [] { return legacy([](LegacyParts& parts) { parts.storages += "x"; }); }},
    {"tensor_beyond", [] { return legacy_tensor({.offset = 1}); }},
};

class HostileLegacy : public HostileCheckpoint {};
TEST_P(HostileLegacy, IsAnErrorSoon) { expect_error_soon(); }
INSTANTIATE_TEST_SUITE_P(, HostileLegacy, testing::ValuesIn(kLegacy), name_of);

}  // namespace
}  // namespace mantissa::format
