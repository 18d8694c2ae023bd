// More state dicts of small networks: U-Nets, and those with attention in windows. For tests.
#pragma once

#include "net/test_states.h"

namespace mantissa::net::test {

class MoreStates : public States {
 public:
  using States::States;

  ir::StateDict imdn(std::int64_t channels, std::int64_t features, int blocks, int scale) {
    ir::StateDict state;
    conv(state, "fea_conv", features, channels, 3);
    const std::int64_t quarter = features / 4;
    for (int i = 1; i <= blocks; ++i) {
      const std::string at = "IMDB" + std::to_string(i) + ".";
      conv(state, at + "c1", features, features, 3);
      conv(state, at + "c2", features, features - quarter, 3);
      conv(state, at + "c3", features, features - quarter, 3);
      conv(state, at + "c4", quarter, features - quarter, 3);
      conv(state, at + "c5", features, features, 1);
      conv(state, at + "cca.conv_du.0", 2, features, 1);
      conv(state, at + "cca.conv_du.2", features, 2, 1);
    }
    conv(state, "c.0", features, features * blocks, 1);
    conv(state, "LR_conv", features, features, 3);
    conv(state, "upsampler.0", channels * scale * scale, features, 3);
    return state;
  }

  ir::StateDict nafnet(std::int64_t channels, std::int64_t features, int levels) {
    ir::StateDict state;
    conv(state, "intro", features, channels, 3);
    conv(state, "ending", channels, features, 3);
    for (int i = 0; i < levels; ++i) {
      const std::string level = std::to_string(i);
      naf_block(state, "encoders." + level + ".0.", features << i);
      conv(state, "downs." + level, features << (i + 1), features << i, 2);
      conv(state, "ups." + level + ".0", features << (levels - i + 1), features << (levels - i), 1, false);
      naf_block(state, "decoders." + level + ".0.", features << (levels - i - 1));
    }
    naf_block(state, "middle_blks.0.", features << levels);
    return state;
  }

  ir::StateDict drunet(std::int64_t channels, std::int64_t features, bool told) {
    return u_net("m_head", "m_tail", told ? channels + 1 : channels, channels, features,
                 [&](ir::StateDict& state, const std::string& at, std::int64_t width) {
                   conv(state, at + "res.0", width, width, 3, false);
                   conv(state, at + "res.2", width, width, 3, false);
                 });
  }

  ir::StateDict scunet(std::int64_t channels, std::int64_t features, std::int64_t window) {
    return u_net("m_head.0", "m_tail.0", channels, channels, features,
                 [&](ir::StateDict& state, const std::string& at, std::int64_t width) {
                   const std::int64_t half = width / 2;
                   const std::string msa = at + "trans_block.msa.";
                   add(state, msa + "relative_position_params", {2, 2 * window - 1, 2 * window - 1}, -1, 1);
                   linear(state, msa + "embedding_layer", 3 * half, half);
                   linear(state, msa + "linear", half, half);
                   norm(state, at + "trans_block.ln1", half);
                   norm(state, at + "trans_block.ln2", half);
                   linear(state, at + "trans_block.mlp.0", 4 * half, half);
                   linear(state, at + "trans_block.mlp.2", half, 4 * half);
                   conv(state, at + "conv1_1", width, width, 1);
                   conv(state, at + "conv1_2", width, width, 1);
                   conv(state, at + "conv_block.0", half, half, 3, false);
                   conv(state, at + "conv_block.2", half, half, 3, false);
                 });
  }

  // `kind`: "classic", "lightweight", "real", or nothing for one that does not enlarge.
  ir::StateDict swinir(const std::string& kind, std::int64_t channels, std::int64_t features, std::int64_t window) {
    ir::StateDict state;
    conv(state, "conv_first", features, channels, 3);
    norm(state, "patch_embed.norm", features);
    for (const char* block : {"0", "1"}) {
      const std::string at = "layers.0.residual_group.blocks." + std::string(block) + ".";
      add(state, at + "attn.relative_position_bias_table", {(2 * window - 1) * (2 * window - 1), 2}, -1, 1);
      linear(state, at + "attn.qkv", 3 * features, features);
      linear(state, at + "attn.proj", features, features);
      norm(state, at + "norm1", features);
      norm(state, at + "norm2", features);
      linear(state, at + "mlp.fc1", 2 * features, features);
      linear(state, at + "mlp.fc2", features, 2 * features);
    }
    conv(state, "layers.0.conv", features, features, 3);
    norm(state, "norm", features);
    conv(state, "conv_after_body", features, features, 3);
    if (kind == "classic" || kind == "real") conv(state, "conv_before_upsample.0", 6, features, 3);
    if (kind == "classic") conv(state, "upsample.0", 24, 6, 3);
    if (kind == "lightweight") conv(state, "upsample.0", 4 * channels, features, 3);
    if (kind == "real") conv(state, "conv_up1", 6, 6, 3);
    if (kind == "real") conv(state, "conv_hr", 6, 6, 3);
    if (kind != "lightweight") conv(state, "conv_last", channels, kind.empty() ? features : 6, 3);
    return state;
  }

  ir::StateDict plksr(std::int64_t channels, std::int64_t features, int scale, bool real) {
    ir::StateDict state;
    conv(state, "feats.0", features, channels, 3);
    const std::string mixer = std::string("feats.1.") + (real ? "channel_mixer." : "channe_mixer.");
    conv(state, mixer + "0", 2 * features, features, 3);
    conv(state, mixer + "2", features, 2 * features, 3);
    conv(state, "feats.1.lk.conv", features / 4, features / 4, 9);
    conv(state, "feats.1.attn.f.0", features, features, 3);
    conv(state, "feats.1.refine", features, features, 1);
    if (real) norm(state, "feats.1.norm", features);
    conv(state, real ? "feats.3" : "feats.2", channels * scale * scale, features, 3);
    return state;
  }

 private:
  void naf_block(ir::StateDict& state, const std::string& at, std::int64_t width) {
    conv(state, at + "conv1", 2 * width, width, 1);
    conv(state, at + "conv2", 2 * width, 1, 3);
    conv(state, at + "conv3", width, width, 1);
    conv(state, at + "sca.1", width, width, 1);
    conv(state, at + "conv4", 2 * width, width, 1);
    conv(state, at + "conv5", width, width, 1);
    norm(state, at + "norm1", width);
    norm(state, at + "norm2", width);
    add(state, at + "beta", {1, width, 1, 1}, -1, 1);
    add(state, at + "gamma", {1, width, 1, 1}, -1, 1);
  }

  // One block a stage.
  template <class Block>
  ir::StateDict u_net(const std::string& head, const std::string& tail, std::int64_t in, std::int64_t out,
                      std::int64_t features, Block block) {
    ir::StateDict state;
    conv(state, head, features, in, 3, false);
    for (int i = 0; i < 3; ++i) {
      const std::string down = "m_down" + std::to_string(i + 1) + ".";
      block(state, down + "0.", features << i);
      conv(state, down + "1", features << (i + 1), features << i, 2, false);
      const std::string up = "m_up" + std::to_string(i + 1) + ".";
      conv(state, up + "0", features << (i + 1), features << i, 2, false);  // [in, out, ...] of a transposed one
      block(state, up + "1.", features << i);
    }
    block(state, "m_body.0.", features << 3);
    conv(state, tail, out, features, 3, false);
    return state;
  }
};

}  // namespace mantissa::net::test
