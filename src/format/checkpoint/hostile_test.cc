// Damaged and malicious checkpoints: each must be an Error, soon, with something that a person can read.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>

#include "base/test_folder.h"
#include "format/checkpoint.h"
#include "format/checkpoint/legacy_form.h"
#include "format/checkpoint/test_files.h"
#include "format/checkpoint/zip_form.h"

namespace mantissa::format {
namespace {

using namespace test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kSeconds = 20;  // instrumented code is slower
#else
constexpr double kSeconds = 1;
#endif

constexpr std::int64_t kMost = 0x7FFFFFFFFFFFFFFF;

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  all.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

std::string weights(const std::string& of_w = tensor()) { return dict({text("w"), of_w}); }
std::string good_zip() { return zip_form(weights()); }
std::string with_tensor(const TestTensor& t) { return zip_form(weights(tensor(t))); }
std::string with_storage(const TestStorage& s) { return with_tensor({.of = storage(s)}); }
std::string with_pickle(const std::string& bytes) {
  return zip_of({{"a/data.pkl", bytes}, {"a/data/0", six_floats()}});
}
ZipPart pickle_part() { return {"a/data.pkl", pickled(weights())}; }
std::string with_data(const ZipPart& part, const ZipEnd& end = {}) { return zip_of({pickle_part(), part}, end); }
std::string with_end(const ZipEnd& end) { return zip_of({pickle_part(), {"a/data/0", six_floats()}}, end); }
std::string legacy(const std::function<void(LegacyParts&)>& change) {
  LegacyParts parts;
  change(parts);
  return legacy_form(parts);
}
std::string legacy_tensor(const TestTensor& t) {
  return legacy([&](LegacyParts& parts) { parts.object = pickled(weights(tensor(t))); });
}

struct Hostile {
  const char* name;
  std::function<std::string()> bytes;
};

const Hostile kHostile[] = {
    // --- the pickle ---
    {"calls_os_system", [] { return zip_form(call(global("posix", "system"), {text("true")})); }},
    {"calls_eval_beside_weights",
     [] {
       return zip_form(dict({text("w"), tensor(), text("x"), call(global("__builtin__", "eval"), {text("1")})}));
     }},
    {"calls_by_stack_global", [] { return zip_form(text("os") + text("system") + "\x93(" + text("true") + "tR"); }},
    {"calls_in_reconstructor",
     [] { return zip_form(call(global("copyreg", "_reconstructor"), {global("torch.nn", "Linear")})); }},
    {"whole_module", [] { return zip_form(global("basicsr.archs.srvgg_arch", "SRVGGNetCompact") + ")\x81}b"); }},
    {"whole_module_in_main", [] { return zip_form(global("__main__", "Net") + ")\x81}b"); }},
    {"whole_module_of_torch", [] { return zip_form(global("torch.nn.modules.container", "Sequential") + ")\x81}b"); }},
    {"legacy_whole_module",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.object = pickled(tuple({text("module"), "N", text("x.py"), text("source")}) + "Q");
       });
     }},
    {"numpy_scalar",
     [] {
       return zip_form(dict({text("best"), global("numpy.core.multiarray", "scalar")}));
     }},
    {"quantized_tensor",
     [] { return zip_form(weights(call(global("torch._utils", "_rebuild_qtensor"), {storage()}))); }},
    {"sparse_tensor", [] { return zip_form(weights(call(global("torch._utils", "_rebuild_sparse_tensor"), {"N"}))); }},
    {"deep_lists", [] { return zip_form(repeated("]", 1'000'000) + repeated("a", 999'999)); }},
    {"deep_dictionaries",
     [] { return zip_form(repeated("}" + text("params"), 300'000) + "}" + repeated("s", 300'000)); }},
    {"endless_marks", [] { return zip_form(repeated("(", 12'000'000)); }},
    {"endless_objects", [] { return zip_form("(" + repeated("K\x01", 3'000'000) + "t"); }},
    {"endless_recalls", [] { return zip_form("Nq\x01(" + repeated("h\x01", 9'000'000) + "t"); }},
    {"memo_index_of_billions", [] { return zip_form("Nr\xff\xff\xff\xff"); }},
    {"dictionary_of_itself", [] { return zip_form("}q\x01(" + text("model") + "h\x01u"); }},
    {"wide_web_of_dictionaries",
     [] {
       std::string body = "}q\x01";
       for (int level = 0; level < 12; ++level) {
         body += "}(";
         for (int i = 0; i < 200; ++i) body += text("k" + std::to_string(i)) + "h\x01";
         body += "uq\x01";
       }
       return zip_form("(" + body + "1" + "h\x01");
     }},
    {"text_longer_than_the_file",
     [] {
       return zip_form(
           "X\xff\xff\xff\xff"
           "abc");
     }},
    {"long_text_of_2_to_63",
     [] {
       return zip_form(
           "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"
           "abc");
     }},
    {"integer_of_4_gigabytes",
     [] {
       return zip_form(
           "\x8b\xff\xff\xff\xff"
           "abc");
     }},
    {"empty_pickle", [] { return with_pickle(""); }},
    {"pickle_without_end", [] { return with_pickle("\x80\x02}"); }},
    {"pickle_goes_on", [] { return with_pickle(pickled(weights()) + "more"); }},
    {"protocol_0", [] { return with_pickle("(dp0\n."); }},
    {"protocol_9", [] { return with_pickle("\x80\x09N."); }},
    {"no_tensors",
     [] {
       return zip_form(dict({text("epoch"), number(3)}));
     }},
    {"only_optimizer_state",
     [] {
       return zip_form(
           dict({text("state"), dict({number(0), dict({text("exp_avg"), tensor()})}), text("param_groups"), "]"}));
     }},
    {"two_networks",
     [] {
       return zip_form(dict({text("G"), weights(), text("D"), weights()}));
     }},
    {"same_key_twice",
     [] {
       return zip_form(dict({text("w"), tensor(), text("w"), tensor()}));
     }},
    {"key_that_is_not_utf8",
     [] {
       return zip_form(dict({text("\xff\xfe"), tensor()}));
     }},
    {"bare_tensor", [] { return zip_form(tensor()); }},
    {"tensor_without_storage", [] { return zip_form(weights(tensor({.of = "N"}))); }},
    {"persistent_id_of_something_else",
     [] {
       return zip_form(weights(tensor({.of = tuple({text("file"), text("/etc/passwd")}) + "Q"})));
     }},

    // --- tensors ---
    {"huge_shape",
     [] {
       return with_tensor({.shape = {1 << 20, 1 << 20}, .strides = {1 << 20, 1}});
     }},
    {"overflowing_shape",
     [] {
       return with_tensor({.shape = {kMost, kMost}, .strides = {1, 1}});
     }},
    {"shape_overflows_to_six",
     [] {
       return with_tensor({.shape = {1LL << 62, 4, 6}, .strides = {0, 0, 1}});
     }},
    {"negative_shape",
     [] {
       return with_tensor({.shape = {-2, -3}});
     }},
    {"negative_stride", [] { return with_tensor({.offset = 5, .shape = {6}, .strides = {-1}}); }},
    {"overflowing_stride",
     [] {
       return with_tensor({.shape = {3, 3}, .strides = {kMost, kMost}});
     }},
    {"stride_beyond",
     [] {
       return with_tensor({.shape = {2, 3}, .strides = {4, 1}});
     }},
    {"negative_offset", [] { return with_tensor({.offset = -1, .shape = {2}, .strides = {1}}); }},
    {"overflowing_offset", [] { return with_tensor({.offset = kMost}); }},
    {"offset_beyond", [] { return with_tensor({.offset = 1}); }},
    {"fewer_strides_than_sizes", [] { return with_tensor({.strides = {1}}); }},
    {"repeated_without_end", [] { return with_tensor({.shape = {1 << 30}, .strides = {0}}); }},
    {"repeated_in_many_tensors",
     [] {
       std::vector<std::string> items;
       for (int i = 0; i < 100; ++i) {
         items.push_back(text(std::to_string(i)));
         items.push_back(tensor({.shape = {1 << 20}, .strides = {0}}));
       }
       return zip_form(dict(items));
     }},
    {"65_dimensions",
     [] {
       return with_tensor({.shape = std::vector<std::int64_t>(65, 1), .strides = std::vector<std::int64_t>(65, 1)});
     }},
    {"shape_of_text",
     [] {
       return zip_form(weights(
           call(global("torch._utils", "_rebuild_tensor"), {storage(), number(0), tuple({text("6")}), numbers({1})})));
     }},
    {"storage_is_missing", [] { return with_storage({.key = "1"}); }},
    {"storage_key_leaves_the_folder", [] { return with_storage({.key = "../data.pkl"}); }},
    {"storage_claims_more", [] { return with_storage({.count = 7}); }},
    {"storage_claims_less", [] { return with_storage({.count = 5}); }},
    {"storage_claims_overflow", [] { return with_storage({.count = kMost}); }},
    {"storage_claims_negative", [] { return with_storage({.count = -6}); }},
    {"storage_of_wider_type", [] { return with_storage({.type = "DoubleStorage"}); }},
    {"storage_of_a_function",
     [] {
       return with_tensor(
           {.of = tuple({text("storage"), global("collections", "OrderedDict"), text("0"), text("cpu"), number(6)}) +
                  "Q"});
     }},
    {"complex_numbers",
     [] {
       return with_tensor({.of = storage({.type = "ComplexFloatStorage", .count = 3}), .shape = {3}, .strides = {1}});
     }},
    {"truth_value_of_7",
     [] {
       return zip_form(
           weights(tensor({.of = storage({.type = "BoolStorage", .count = 1}), .shape = {1}, .strides = {1}})), "\x07");
     }},
    {"view_in_the_zip_form",
     [] {
       return with_storage({.view = tuple({text("v"), number(0), number(6)})});
     }},
    {"view_beyond",
     [] {
       return legacy_tensor(
           {.of = storage({.view = tuple({text("v"), number(3), number(4)})}), .shape = {4}, .strides = {1}});
     }},
    {"view_overflow",
     [] {
       return legacy_tensor(
           {.of = storage({.view = tuple({text("v"), number(6), number(kMost)})}), .shape = {1}, .strides = {1}});
     }},
    {"tensor_beyond_its_view",
     [] {
       return legacy_tensor({.of = storage({.view = tuple({text("v"), number(2), number(3)})})});
     }},

    // --- the archive ---
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

    // --- the legacy form ---
    {"legacy_calls_os_system",
     [] {
       return legacy(
           [](LegacyParts& parts) { parts.object = pickled(call(global("posix", "system"), {text("true")})); });
     }},
    {"legacy_other_magic", [] { return legacy([](LegacyParts& parts) { parts.magic[5] = 'x'; }); }},
    {"legacy_other_protocol", [] { return legacy([](LegacyParts& parts) { parts.protocol = pickled("M\xea\x03"); }); }},
    {"legacy_big_endian",
     [] { return legacy([](LegacyParts& parts) {
            parts.system = pickled(dict({text("little_endian"), "\x89"}));
          }); }},
    {"legacy_system_is_no_dictionary", [] { return legacy([](LegacyParts& parts) { parts.system = pickled("N"); }); }},
    {"legacy_keys_are_no_list", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled("N"); }); }},
    {"legacy_keys_are_numbers",
     [] { return legacy([](LegacyParts& parts) { parts.keys = pickled(list({number(0)})); }); }},
    {"legacy_unknown_key", [] { return legacy([](LegacyParts& parts) { parts.keys = pickled(list({text("1")})); }); }},
    {"legacy_missing_key",
     [] { return legacy([](LegacyParts& parts) { parts.keys = pickled("]"), parts.storages = ""; }); }},
    {"legacy_key_twice",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.keys = pickled(list({text("0"), text("0")})), parts.storages += parts.storages;
       });
     }},
    {"legacy_no_storages", [] { return legacy([](LegacyParts& parts) { parts.storages = ""; }); }},
    {"legacy_count_differs", [] { return legacy([](LegacyParts& parts) { parts.storages[0] = 5; }); }},
    {"legacy_count_overflows",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.object = pickled(weights(tensor({.of = storage({.count = kMost})})));
         parts.storages = little_endian(static_cast<std::uint64_t>(kMost)) + six_floats();
       });
     }},
    {"legacy_storage_with_two_sizes",
     [] {
       return legacy([](LegacyParts& parts) {
         parts.object = pickled(dict(
             {text("w"), tensor(), text("v"), tensor({.of = storage({.count = 5}), .shape = {1}, .strides = {1}})}));
       });
     }},
    {"legacy_trailing_bytes", [] { return legacy([](LegacyParts& parts) { parts.storages += "x"; }); }},
    {"legacy_tensor_beyond", [] { return legacy_tensor({.offset = 1}); }},

    // --- no checkpoint at all ---
    {"one_byte", [] { return std::string("P"); }},
    {"zeros", [] { return std::string(1000, '\0'); }},
    {"signature_and_noise", [] { return "PK\x03\x04" + repeated("noise", 1000); }},
    {"end_signatures_all_over", [] { return repeated("PK\x05\x06", 100'000); }},
};

class HostileCheckpoint : public testing::TestWithParam<Hostile> {
 protected:
  base::TestFolder folder_;
};

TEST_P(HostileCheckpoint, IsAnErrorWithinASecond) {
  const std::string bytes = GetParam().bytes();
  std::ofstream(folder_ / "x.pth", std::ios::binary) << bytes;
  const auto start = std::chrono::steady_clock::now();
  const auto state = read_checkpoint(folder_ / "x.pth");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(state.ok());
  EXPECT_LT(took.count(), kSeconds);
  const Error& error = state.error();
  EXPECT_TRUE(error.code == ErrorCode::bad_input || error.code == ErrorCode::unsupported) << error.message();
  EXPECT_FALSE(error.what.empty() || error.advice.empty() || error.where.empty()) << error.message();
  for (const char c : error.message()) EXPECT_TRUE(c >= ' ' && c <= '~') << error.message();
  RecordProperty("message", error.message());
}

INSTANTIATE_TEST_SUITE_P(, HostileCheckpoint, testing::ValuesIn(kHostile),
                         [](const auto& hostile) { return std::string(hostile.param.name); });

// Without the file system, for thousands of variants.
Result<ir::StateDict> read(const std::string& text) {
  const base::Bytes bytes = base::Bytes::take(std::vector<char>(text.begin(), text.end()));
  if (is_legacy_form(bytes)) return read_legacy_form(bytes);
  MANTISSA_ASSIGN(const ZipArchive archive, ZipArchive::open(bytes));
  return read_zip_form(archive);
}

TEST(MutatedCheckpoint, BeginningsAreErrors) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    ASSERT_TRUE(read(whole).ok());
    for (std::size_t size = 1; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size)).ok()) << size;
  }
}

// A flipped bit in a zip file is an Error or changes nothing of the weights. The legacy form has no checksum, so there it only must not crash.
TEST(MutatedCheckpoint, FlippedBitsAreNoticedOrHarmless) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    const bool checked = whole[0] == 'P';
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << bit % 8));
      const auto state = read(bytes);
      if (!state.ok() || !checked) continue;
      ASSERT_NE(state->find("w"), nullptr) << bit;
      EXPECT_EQ(as_text(state->find("w")->bytes.span()), six_floats()) << bit;
    }
  }
}

// Every byte replaced by those that are instructions, lengths and signs.
TEST(MutatedCheckpoint, ReplacedBytesDoNotCrash) {
  for (const std::string& whole : {good_zip(), legacy_form()}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const char value : {'\x00', '\x7f', '\x80', '\xff', '(', 't', 'u', 'R', 'Q', '.', 'h', '0'}) {
        std::string bytes = whole;
        bytes[i] = value;
        (void)read(bytes);
      }
    }
  }
}

}  // namespace
}  // namespace mantissa::format
