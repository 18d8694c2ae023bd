// Pickles that would run something, never end, or hold no weights.
#include "format/checkpoint/test_hostile.h"

namespace mantissa::format {
namespace {

using namespace test;

std::string with_pickle(const std::string& bytes) {
  return zip_of({{"a/data.pkl", bytes}, {"a/data/0", six_floats()}});
}

const Hostile kPickles[] = {
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
};

class HostilePickle : public HostileCheckpoint {};
TEST_P(HostilePickle, IsAnErrorSoon) { expect_error_soon(); }
INSTANTIATE_TEST_SUITE_P(, HostilePickle, testing::ValuesIn(kPickles), name_of);

}  // namespace
}  // namespace mantissa::format
