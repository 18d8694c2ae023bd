// The IR's text form: what `inspect --text` prints, what text cases under tests/cases hold,
// and what passes show as before and after.
//
//   graph srvgg {
//     meta author = "..."
//     input  %x : float32[1,3,h,w]
//     const  %w : float32[64,3,3,3] = {sha256 9f86d081884c7d65}
//     const  %b : float32[2] = {0.5, -1}
//     %y : float32[1,64,h,w] ~ uint8(scale=0.02, zero=128) = Conv(%x, %w, %b) {pads=[1,1,1,1]} @/body/0 in float16
//     %left : float32[?,2], %right : float32[*] = Split(%y) {num_outputs=2}
//     output %left, %right
//   }
//
// In full (a line break is a space like any other, and # begins a comment):
//
//   graph        = "graph" [NAME] "{" { statement } "}"
//   statement    = "meta" NAME "=" STRING | "input" value | "const" value "=" data | [values "="] node
//                | "output" %NAME { "," %NAME }
//   values       = (value | "_") { "," (value | "_") }               _ is an output that is left out
//   value        = %NAME [":" type ["~" quantization]]
//   type         = (FORMAT | "?") "[" ("*" | [size { "," size }]) "]"   ? an unknown format, * an unknown rank
//   size         = INTEGER ["=" SYMBOL] | SYMBOL | "?"               4=n: known, and named as well
//   quantization = FORMAT "(" ["axis=" INTEGER ","] "scale=" numbers ["," "zero=" numbers] ")"     no zero: all zero
//   node         = [NAME "::"] NAME "(" [(%NAME | "_") {"," ...}] ")" ["{" NAME "=" attribute {"," ...} "}"]
//                  ["@" NAME] ["in" FORMAT]
//   attribute    = INTEGER | FLOAT | STRING | "[" ... "]" of one of them | "floats[]" | "strings[]"
//                | FORMAT "[" sizes "]" data
//   data         = "{" [number {"," number}] "}" | "{hex " DIGITS "}" | "{sha256 " DIGITS "}"
//
// A FLOAT has a point, an exponent, or is nan or inf (nan:7fc00001 where its bits matter); floats print as the shortest
// text that reads back to the same bits. NAME is made of letters, digits and _ . / : - $ +, anything else stands in
// double quotes with \" \\ \n \t \xHH, as in a STRING. Large constants print as a checksum and cannot be read back.
// Nothing nests, so no text can exhaust the stack, and memory grows with the text only.
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::ir {

// How much of a constant is printed.
struct TextOptions {
  int values_up_to = 16;  // larger constants print as their shape and a checksum, and cannot be parsed back
};

[[nodiscard]] std::string print(const Graph& graph, const TextOptions& options = {});
// The graph as the text has it; it is not verified. Errors (bad_input): with line and column.
[[nodiscard]] Result<Graph> parse(std::string_view text);

}  // namespace mantissa::ir
