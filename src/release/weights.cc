#include "mantissa/weights.h"

#include "format/onnx.h"
#include "release/store_weights.h"

namespace mantissa {
namespace {

Result<quant::WeightOptions> options_of(const WeightsRequest& request) {
  quant::WeightOptions options;
  if (request.format == "int4")
    options.format = base::NumberFormat::int4;
  else if (request.format != "int8")
    return usage_error("weights cannot be held in '" + request.format + "'", "Choose int8 or int4");
  if (request.form == "matmulnbits")
    options.form = quant::WeightOperator::matmulnbits;
  else if (request.form != "dequantize")
    return usage_error("there is no operator '" + request.form + "'", "Choose dequantize or matmulnbits");
  if (!request.block) return options;
  if (*request.block != 32 && *request.block != 64 && *request.block != 128)
    return usage_error("a block cannot have " + std::to_string(*request.block) + " weights", "Choose 32, 64 or 128");
  if (request.format == "int8" && request.form == "dequantize")
    return usage_error("int8 weights of DequantizeLinear have a scale for each output, and no blocks",
                       "Leave the block out, or choose the operator matmulnbits");
  options.block = static_cast<std::size_t>(*request.block);
  return options;
}

}  // namespace

Result<WeightsSummary> quantize_weights(const WeightsRequest& request) {
  MANTISSA_ASSIGN(const quant::WeightOptions options, options_of(request));
  MANTISSA_ASSIGN(ir::Graph graph, format::read_onnx(request.network));
  MANTISSA_ASSIGN(format::DataFile data, format::DataFile::create(request.output));
  release::StoredTotals totals;
  {
    release::WeightStore store(data);
    MANTISSA_ASSIGN(totals, release::store_weights(graph, options, store).in("network " + request.network.string()));
  }
  MANTISSA_TRY(format::write_onnx(graph, request.output, std::move(data)));
  WeightsSummary summary{totals.tensors, totals.bytes_before, totals.bytes_after, {}};
  for (quant::StayedWeights& stayed : totals.stayed)
    summary.stayed.push_back({std::move(stayed.reason), stayed.tensors, stayed.bytes});
  return summary;
}

}  // namespace mantissa
