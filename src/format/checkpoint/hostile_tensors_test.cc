// Tensors that do not fit their storage, and storages that are not what they say.
#include "format/checkpoint/test_hostile.h"

namespace mantissa::format {
namespace {

using namespace test;

const Hostile kTensors[] = {
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
};

class HostileTensors : public HostileCheckpoint {};
TEST_P(HostileTensors, IsAnErrorSoon) { expect_error_soon(); }
INSTANTIATE_TEST_SUITE_P(, HostileTensors, testing::ValuesIn(kTensors), name_of);

}  // namespace
}  // namespace mantissa::format
