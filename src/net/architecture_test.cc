#include "net/architecture.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/verify.h"
#include "net/test_more_states.h"

namespace mantissa::net {
namespace {

using test::MoreStates;
using test::States;

std::string hyperparameter(const Network& network, std::string_view name) {
  for (const auto& [key, value] : network.hyperparameters) {
    if (key == name) return value;
  }
  return "none";
}

Network built(const ir::StateDict& state) {
  Result<Network> network = network_from_checkpoint(state);
  EXPECT_TRUE(network.ok()) << network.error().message();
  if (!network) return {};
  const Result<void> sound = ir::verify(network->graph);
  EXPECT_TRUE(sound.ok()) << sound.error().message();
  return *std::move(network);
}

std::vector<std::string> operators(const ir::Graph& graph) {
  std::vector<std::string> ops;
  for (const ir::NodeId node : graph.sorted()) ops.push_back(graph.node(node).op);
  return ops;
}

TEST(Architectures, RecogniseEachNetworkExactlyOnce) {
  MoreStates states;
  const std::pair<const char*, ir::StateDict> cases[] = {
      {"SRVGGNetCompact", states.srvgg(3, 8, 3, 2)},
      {"SRVGGNetCompact", states.srvgg(1, 4, 0, 1)},
      {"SRVGGNetCompact", states.srvgg(3, 6, 2, 4, false)},
      {"DnCNN", states.dncnn("model", 3, 8, 5, false)},
      {"DnCNN", states.dncnn("model", 1, 4, 4, true)},
      {"DnCNN", states.dncnn("model", 3, 4, 2, false)},
      {"DnCNN", states.dncnn("dncnn", 1, 8, 3, true)},
      {"ESPCN", states.espcn(3, 16, 3)},
      {"ESPCN", states.espcn(1, 8, 2)},
      {"RFDN", states.rfdn(3, 8, 2, 4)},
      {"RFDN", states.rfdn(1, 4, 1, 2)},
      {"RLFN", states.rlfn(3, 6, 8, 2, 4)},
      {"RLFN", states.rlfn(1, 8, 8, 1, 3)},
      {"EFDN", states.efdn(3, 8, 4)},
      {"BSRN", states.bsrn(3, 8, 2, 4)},
      {"BSRN", states.bsrn(1, 4, 1, 2)},
      {"SPAN", states.span(6, 2, 4)},
      {"SPAN", states.span(4, 1, 2)},
      {"SAFMN", states.safmn(3, 8, 2, 4)},
      {"SAFMN", states.safmn(1, 4, 1, 1)},
      {"FSRCNN", states.fsrcnn(3, 12, 4, 2, 4)},
      {"FSRCNN", states.fsrcnn(1, 8, 3, 1, 3)},
      {"FFDNet", states.ffdnet(3, 8, 4)},
      {"FFDNet", states.ffdnet(1, 4, 2)},
      {"MobileSR", states.mobilesr(3, 8, 2, 2)},
      {"MobileSR", states.mobilesr(1, 16, 1, 1)},
      {"IAT", states.iat(4, 8, 2)},
      {"IAT", states.iat(6, 16, 1)},
      {"CRAFT", states.craft(12, 3, 2, 2, 2, 4)},
      {"CRAFT", states.craft(8, 2, 1, 1, 3, 2)},
      {"RRDBNet", states.rrdbnet(3, 8, 2, 2, 1)},
      {"RRDBNet", states.rrdbnet(1, 4, 1, 2, 4)},
      {"EDSR", states.residual(3, 8, 2, 2, true)},
      {"SRResNet", states.residual(1, 8, 2, 1, false)},
      {"Zero-DCE", states.zerodce(8, 8)},
      {"Zero-DCE", states.zerodce(4, 1)},
  };
  for (const auto& [name, state] : cases) {
    int claims = 0;
    for (const Architecture& architecture : architectures()) claims += architecture.recognises(state) ? 1 : 0;
    EXPECT_EQ(claims, 1) << name;
    EXPECT_EQ(built(state).architecture, name);
  }
}

TEST(Architectures, AreFoundBelowWrappers) {
  States states;
  for (const char* prefix : {"module.", "model.", "net_g.module.", "a.b.c."}) {
    const Network network = built(States::prefixed(prefix, states.srvgg(3, 8, 1, 2)));
    EXPECT_EQ(network.architecture, "SRVGGNetCompact") << prefix;
    EXPECT_TRUE(network.graph.find_value(std::string(prefix) + "body.0.weight"));
    EXPECT_TRUE(network.graph.find_value(std::string(prefix) + "body.1.weight"));
    EXPECT_NE(network.checkpoint.find(std::string(prefix) + "body.0.weight"), nullptr);
  }
  EXPECT_EQ(built(States::prefixed("module.", states.dncnn("model", 1, 4, 3, false))).architecture, "DnCNN");
  ir::StateDict averaged = States::prefixed("module.", states.srvgg(3, 8, 1, 2));
  averaged.tensors.emplace(averaged.tensors.begin(), "n_averaged", ir::Tensor::of_integers({}, {5}));
  EXPECT_EQ(built(averaged).architecture, "SRVGGNetCompact");
}

TEST(Srvgg, IsRebuilt) {
  const Network network = built(States().srvgg(3, 8, 3, 2));
  EXPECT_EQ(hyperparameter(network, "features"), "8");
  EXPECT_EQ(hyperparameter(network, "convolutions"), "3");
  EXPECT_EQ(hyperparameter(network, "scale"), "2");
  EXPECT_EQ(hyperparameter(network, "activation"), "prelu");
  EXPECT_EQ(network.task.kind, "super-resolution");
  EXPECT_EQ(network.task.colour, Colour::rgb);
  EXPECT_EQ(network.task.scale, 2);
  EXPECT_EQ(network.task.radius, 5);
  EXPECT_EQ(network.task.stride, 1);
  EXPECT_TRUE(network.task.assumed.empty());
  const ir::Value& output = network.graph.value(network.graph.outputs.front());
  EXPECT_EQ(output.name, "output");
  EXPECT_EQ(output.shape, (ir::Shape{{-1, "batch"}, {3, ""}, {-1, "height*2"}, {-1, "width*2"}}));
  const ir::Value& slope = network.graph.value(*network.graph.find_value("body.1.weight"));
  EXPECT_EQ(slope.constant->shape, (std::vector<std::int64_t>{8, 1, 1}));
}

TEST(Srvgg, WithoutSlopesAssumesReLU) {
  const Network network = built(States().srvgg(3, 8, 2, 4, false));
  EXPECT_EQ(hyperparameter(network, "activation"), "relu");
  ASSERT_EQ(network.task.assumed.size(), 1U);
  EXPECT_TRUE(network.task.assumed[0].starts_with("activation ReLU"));
}

TEST(Srvgg, WithoutEnlargementNeedsNoShuffle) {
  const Network network = built(States().srvgg(1, 4, 0, 1));
  EXPECT_EQ(operators(network.graph), (std::vector<std::string>{"Conv", "PRelu", "Conv", "Add"}));
  EXPECT_EQ(network.task.colour, Colour::luminance);
}

TEST(Dncnn, IsRebuilt) {
  const Network network = built(States().dncnn("model", 3, 8, 5, false));
  EXPECT_EQ(hyperparameter(network, "convolutions"), "5");
  EXPECT_EQ(hyperparameter(network, "batch_normalization"), "none");
  EXPECT_EQ(network.task.kind, "denoising");
  EXPECT_EQ(network.task.radius, 5);
  EXPECT_EQ(operators(network.graph).back(), "Sub");
  EXPECT_EQ(network.graph.node_count(), 5U + 4U + 1U);
}

TEST(Dncnn, FoldsNormalization) {
  const ir::StateDict state = States().dncnn("dncnn", 1, 4, 3, true);
  const Network network = built(state);
  EXPECT_EQ(hyperparameter(network, "batch_normalization"), "folded");
  const auto all = operators(network.graph);
  EXPECT_EQ(std::count(all.begin(), all.end(), "BatchNormalization"), 0);
  const auto at = [&](const char* key) { return *state.find(key)->floats(); };
  const double scale = at("dncnn.3.weight")[1] / std::sqrt(at("dncnn.3.running_var")[1] + 1e-5);
  const auto folded = *network.graph.value(*network.graph.find_value("dncnn.2.weight")).constant->floats();
  const auto bias = *network.graph.value(*network.graph.find_value("dncnn.2.bias")).constant->floats();
  EXPECT_FLOAT_EQ(folded[36], static_cast<float>(at("dncnn.2.weight")[36] * scale));
  EXPECT_FLOAT_EQ(bias[1], static_cast<float>(at("dncnn.3.bias")[1] - at("dncnn.3.running_mean")[1] * scale));
  EXPECT_NE(network.checkpoint.find("dncnn.3.running_var"), nullptr);
}

TEST(Dncnn, RefusesANegativeVariance) {
  ir::StateDict state = States().dncnn("dncnn", 1, 2, 3, true);
  for (auto& [key, tensor] : state.tensors) {
    if (key == "dncnn.3.running_var") tensor = ir::Tensor::of_floats({2}, {-1, 1});
  }
  const auto network = network_from_checkpoint(state);
  ASSERT_FALSE(network.ok());
  EXPECT_NE(network.error().message().find("dncnn.3"), std::string::npos);
}

TEST(Dncnn, TellsThatSevenLayersMayBeAnIrcnn) {
  EXPECT_EQ(built(States().dncnn("model", 1, 4, 7, false)).task.assumed.size(), 1U);
  EXPECT_TRUE(built(States().dncnn("model", 1, 4, 8, false)).task.assumed.empty());
}

TEST(Espcn, IsRebuilt) {
  const Network colour = built(States().espcn(3, 16, 3));
  EXPECT_EQ(colour.task.colour, Colour::ycbcr);
  EXPECT_EQ(colour.task.scale, 3);
  EXPECT_EQ(colour.task.radius, 4);
  EXPECT_EQ(built(States().espcn(1, 16, 2)).task.colour, Colour::luminance);
  EXPECT_EQ(operators(colour.graph),
            (std::vector<std::string>{"Conv", "Tanh", "Conv", "Tanh", "Conv", "DepthToSpace", "Clip"}));
}

// What is wrong with a checkpoint that is nearly one is said by the name of the tensor.
TEST(Checkpoint, ThatIsMixedUpIsToldByItsTensor) {
  States states;
  const auto message_of = [](const ir::StateDict& state) {
    const auto network = network_from_checkpoint(state);
    EXPECT_FALSE(network.ok());
    return network.ok() ? "" : network.error().message();
  };
  ir::StateDict missing = states.rfdn(3, 8, 2, 4);
  std::erase_if(missing.tensors, [](const auto& entry) { return entry.first == "B2.c5.weight"; });
  EXPECT_EQ(message_of(missing), "architecture RFDN: the tensor B2.c5.weight is missing.");
  ir::StateDict other = states.rlfn(3, 6, 8, 1, 4);
  for (auto& [key, tensor] : other.tensors) {
    if (key == "block_1.c5.weight") tensor = ir::Tensor::of_floats({6, 4, 1, 1}, std::vector<float>(24));
  }
  EXPECT_EQ(message_of(other),
            "architecture RLFN: the shape [6, 4, 1, 1] of block_1.c5.weight does not fit the 6 channels before it.");
  ir::StateDict two = states.bsrn(3, 8, 1, 2);
  for (auto& entry : states.rfdn(3, 8, 3, 2).tensors) {
    if (entry.first.starts_with("B3.")) two.tensors.push_back(entry);
  }
  EXPECT_TRUE(message_of(two).starts_with("architecture BSRN: tensors are left over that have no place in it: B3.c1_d"))
      << message_of(two);
}

TEST(Fsrcnn, ScaleIsTheOneAtWhichGreyStaysGrey) {
  for (const int scale : {2, 3, 4}) EXPECT_EQ(built(States().fsrcnn(3, 12, 4, 2, scale)).task.scale, scale);
  ir::StateDict state = States().fsrcnn(3, 12, 4, 2, 2);
  for (auto& [key, tensor] : state.tensors) {
    if (key == "deconv.weight") tensor = ir::Tensor::of_floats(tensor.shape, std::vector<float>(12 * 3 * 81));
  }
  const auto network = network_from_checkpoint(state);
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, ErrorCode::unsupported);
}

TEST(Craft, IndicesMustNameAPlace) {
  for (const std::int64_t wrong : {-1, 21}) {
    ir::StateDict state = MoreStates().craft(8, 2, 1, 1, 1, 2);
    std::vector<std::int64_t> index(64);
    index[63] = wrong;
    for (auto& [key, tensor] : state.tensors) {
      if (key == "relative_position_index_v") tensor = ir::Tensor::of_integers({8, 8}, index);
    }
    const auto network = network_from_checkpoint(state);
    ASSERT_FALSE(network.ok());
    EXPECT_EQ(network.error().message(),
              "architecture CRAFT: the tensor relative_position_index_v names a row that is not in 0 ... 20.");
  }
}

TEST(Ffdnet, IsToldTheLevelOfNoise) {
  const Network network = built(States().ffdnet(3, 8, 4));
  ASSERT_TRUE(network.task.condition);
  EXPECT_EQ(network.task.condition->input, "sigma");
  EXPECT_FALSE(network.task.condition->is_map);
  EXPECT_EQ(network.task.condition->divisor, 255);
  EXPECT_EQ(network.task.stride, 2);
  EXPECT_EQ(network.task.size_multiple, 1);
}

TEST(Checkpoint, OfAnotherNumberFormatBecomesFloat32) {
  ir::StateDict state = States().espcn(1, 4, 2);
  for (auto& [key, tensor] : state.tensors) {
    tensor.bytes = base::from_floats(base::NumberFormat::float16, *tensor.floats());
    tensor.format = base::NumberFormat::float16;
  }
  const Network network = built(state);
  for (const ir::ValueId id : network.graph.constants()) {
    EXPECT_EQ(network.graph.value(id).constant->format, base::NumberFormat::float32);
  }
  EXPECT_EQ(network.checkpoint.tensors.front().second.format, base::NumberFormat::float16);
}

TEST(Checkpoint, ThatNobodyKnowsIsAnError) {
  States states;
  ir::StateDict state;
  for (int i = 0; i < 6; ++i) states.conv(state, "feature_" + std::to_string(i), 4, 4, 3);
  const auto network = network_from_checkpoint(state);
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, ErrorCode::bad_input);
  const std::string message = network.error().message();
  EXPECT_NE(message.find("feature_0.weight"), std::string::npos) << message;
  EXPECT_NE(message.find("12 tensors"), std::string::npos) << message;
  EXPECT_FALSE(network_from_checkpoint({}).ok());
}

TEST(Checkpoint, NearestArchitectureIsNamed) {
  ir::StateDict state = States().srvgg(3, 4, 2, 2);
  States().add(state, "body.99.scale", {1}, 0, 1);
  const auto network = network_from_checkpoint(state);
  ASSERT_FALSE(network.ok());
  EXPECT_NE(network.error().message().find("nearest is SRVGGNetCompact"), std::string::npos)
      << network.error().message();
}

// Every way to damage one tensor of a sound checkpoint is refused, or builds something sound.
TEST(Checkpoint, DamageIsRefused) {
  States states;
  const std::int64_t huge = std::int64_t{1} << 62;
  const std::vector<std::vector<std::int64_t>> shapes = {{},
                                                         {0},
                                                         {-1},
                                                         {7},
                                                         {huge},
                                                         {3, 3},
                                                         {0, 0, 0, 0},
                                                         {-4, -1, 3, 3},
                                                         {huge, huge, 3, 3},
                                                         {8, 3, 2, 2},
                                                         {1, 1, 1, 1, 1},
                                                         {8, 5, 3, 3},
                                                         {9, 3, 3, 3}};
  for (const ir::StateDict& sound :
       {states.srvgg(3, 8, 1, 2), states.srvgg(3, 8, 1, 2, false), states.dncnn("model", 1, 4, 3, true),
        states.dncnn("dncnn", 3, 4, 4, true), states.espcn(3, 8, 2), states.rfdn(3, 12, 1, 2),
        states.rlfn(3, 4, 6, 1, 2), states.efdn(1, 12, 2), states.bsrn(3, 16, 1, 2), states.span(8, 1, 2),
        states.safmn(3, 16, 1, 2), states.fsrcnn(3, 12, 4, 1, 2), states.ffdnet(3, 6, 3), states.zerodce(4, 2)}) {
    for (std::size_t i = 0; i < sound.tensors.size(); ++i) {
      const bool counter = sound.tensors[i].first.ends_with("num_batches_tracked");
      for (const auto& shape : shapes) {
        ir::StateDict damaged = sound;
        damaged.tensors[i].second.shape = shape;  // the bytes no longer fit
        EXPECT_EQ(network_from_checkpoint(damaged).ok(), counter) << sound.tensors[i].first;
      }
      ir::StateDict missing = sound;
      missing.tensors.erase(missing.tensors.begin() + static_cast<std::ptrdiff_t>(i));
      if (const auto network = network_from_checkpoint(missing); network.ok()) {
        EXPECT_TRUE(ir::verify(network->graph).ok());
      }
      ir::StateDict integers = sound;
      integers.tensors[i].second = ir::Tensor::of_integers({1}, {1});
      EXPECT_EQ(network_from_checkpoint(integers).ok(), counter) << sound.tensors[i].first;
      ir::StateDict renamed = sound;
      for (const char* key : {"", ".", "body", "body.", "body..weight", "body.-1.weight", "body.99999999999.weight",
                              "body.2147483647.weight", "model.1.weight.weight", "conv_1"}) {
        renamed.tensors[i].first = key;
        EXPECT_FALSE(network_from_checkpoint(renamed).ok()) << sound.tensors[i].first << " as " << key;
      }
    }
  }
}

}  // namespace
}  // namespace mantissa::net
