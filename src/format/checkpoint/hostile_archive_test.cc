// Zip archives whose fields lie, and files that are no checkpoint at all.
#include "format/checkpoint/test_hostile.h"

namespace mantissa::format {
namespace {

using namespace test;

ZipPart pickle_part() { return {"a/data.pkl", pickled(weights())}; }
std::string with_data(const ZipPart& part, const ZipEnd& end = {}) { return zip_of({pickle_part(), part}, end); }
std::string with_end(const ZipEnd& end) { return zip_of({pickle_part(), {"a/data/0", six_floats()}}, end); }

const Hostile kArchives[] = {
    {"only_a_signature", [] { return std::string("PK\x03\x04"); }},
    {"no_entries", [] { return zip_of({}); }},
    {"no_pickle",
     [] {
       return zip_of({{"a/data/0", six_floats()}});
     }},
    {"two_pickles",
     [] {
       return zip_of({pickle_part(), {"b/data.pkl", pickled(weights())}, {"a/data/0", six_floats()}});
     }},
    {"duplicate_names",
     [] {
       return zip_of({pickle_part(), {"a/data/0", six_floats()}, {"a/data/0", six_floats()}});
     }},
    {"torchscript",
     [] {
       return zip_of({pickle_part(), {"a/constants.pkl", "x"}, {"a/code/__torch__.py", "x"}});
     }},
    {"torch_export",
     [] {
       return zip_of({{"a/models/model.json", "{}"}, {"a/archive_format", "pt2"}});
     }},
    {"big_endian",
     [] {
       return zip_of({pickle_part(), {"a/byteorder", "big"}, {"a/data/0", six_floats()}});
     }},
    {"flipped_value",
     [] {
       std::string bytes = good_zip();
       bytes[bytes.find(six_floats()) + 6] ^= 0x40;
       return bytes;
     }},
    {"flipped_name_in_the_pickle",
     [] {
       std::string bytes = good_zip();
       bytes[bytes.find("_rebuild_tensor_v2")] ^= 0x01;
       return bytes;
     }},
    {"zip_bomb",
     [] {
       return with_data({"a/data/0", std::string(100 << 20, '\0'), true});
     }},
    {"lying_zip_bomb",
     [] { return with_data({.name = "a/data/0", .data = std::string(10 << 20, '\0'), .deflate = true, .size = 24}); }},
    {"deflated_claims_more",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .deflate = true, .size = 25}); }},
    {"deflated_is_noise",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .method = 8, .size = 24}); }},
    {"unknown_compression", [] { return with_data({.name = "a/data/0", .data = six_floats(), .method = 14}); }},
    {"encrypted", [] { return with_data({.name = "a/data/0", .data = six_floats(), .flags = 1}); }},
    {"stored_sizes_differ", [] { return with_data({.name = "a/data/0", .data = six_floats(), .size = 23}); }},
    {"stored_size_beyond_the_file",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .size = 1 << 30, .compressed_size = 1 << 30}); }},
    {"headers_differ_in_size", [] { return with_data({.name = "a/data/0", .data = six_floats(), .local_size = 20}); }},
    {"headers_differ_in_name",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .local_name = "a/data/1"}); }},
    {"local_name_beyond_the_file",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .local_name_length = 0xFFFF}); }},
    {"central_name_beyond_the_file",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .central_name_length = 0xFFFF}); }},
    {"header_beyond_the_file",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .header_offset = 0x7FFFFFFF}); }},
    {"header_of_another_entry",
     [] { return with_data({.name = "a/data/0", .data = six_floats(), .header_offset = 0}); }},
    {"overlapping_entries",
     [] {
       return zip_of({{.name = "a/data.pkl", .data = pickled(weights()), .size = 500, .compressed_size = 500},
                      {"a/data/0", std::string(900, 'x')}});
     }},
    {"wrong_crc", [] { return with_data({.name = "a/data/0", .data = six_floats(), .crc = 1}); }},
    {"zip64_sizes_missing",
     [] {
       return with_data({.name = "a/data/0", .data = six_floats(), .size = 0xFFFFFFFF, .compressed_size = 0xFFFFFFFF});
     }},
    {"zip64_sizes_cut_off",
     [] {
       return with_data({.name = "a/data/0",
                         .data = six_floats(),
                         .size = 0xFFFFFFFF,
                         .compressed_size = 0xFFFFFFFF,
                         .extra = std::string("\x01\0\x08\0", 4) + little_endian(std::uint64_t{24})});
     }},
    {"zip64_size_of_2_to_63",
     [] {
       const std::string size = little_endian(std::uint64_t{1} << 63);
       return with_data({.name = "a/data/0",
                         .data = six_floats(),
                         .size = 0xFFFFFFFF,
                         .compressed_size = 0xFFFFFFFF,
                         .extra = std::string("\x01\0\x10\0", 4) + size + size});
     }},
    {"zip64_directory_missing", [] { return with_end({.offset = 0xFFFFFFFF}); }},
    {"zip64_directory_elsewhere",
     [] {
       return with_end({.before = "PK\x06\x07" + std::string(4, '\0') + little_endian(std::uint64_t{1} << 62) +
                                  std::string(4, '\1')});
     }},
    {"claims_more_entries", [] { return with_end({.entries = 3}); }},
    {"claims_fewer_entries", [] { return with_end({.entries = 1}); }},
    {"directory_elsewhere", [] { return with_end({.offset = 5}); }},
    {"directory_larger", [] { return with_end({.size = 0x7FFFFFFF}); }},
    {"split_over_disks", [] { return with_end({.disk = 1}); }},
    {"trailing_bytes", [] { return with_end({.trailing = "junk"}); }},

    // --- no checkpoint at all ---
    {"one_byte", [] { return std::string("P"); }},
    {"zeros", [] { return std::string(1000, '\0'); }},
    {"signature_and_noise", [] { return "PK\x03\x04" + repeated("noise", 1000); }},
    {"end_signatures_all_over", [] { return repeated("PK\x05\x06", 100'000); }},
};

class HostileArchive : public HostileCheckpoint {};
TEST_P(HostileArchive, IsAnErrorWithinASecond) { expect_error_soon(); }
INSTANTIATE_TEST_SUITE_P(, HostileArchive, testing::ValuesIn(kArchives), name_of);

}  // namespace
}  // namespace mantissa::format
