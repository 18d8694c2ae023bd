// More state dicts of small networks: U-Nets, and those with attention. For tests.
#pragma once

#include "net/test_states.h"

namespace mantissa::net::test {

class MoreStates : public States {
 public:
  using States::States;

  ir::StateDict mobilesr(std::int64_t channels, std::int64_t features, int blocks, int stages) {
    ir::StateDict state;
    conv(state, "head", features, channels, 3);
    for (int i = 0; i < blocks; ++i) {
      const std::string layers = "body.layers." + std::to_string(i) + ".";
      conv(state, layers + "0.pos_embed", features, 1, 3);
      norm(state, layers + "0.norm1", features);
      linear(state, layers + "0.attn.qkv", 3 * features, features, false);
      linear(state, layers + "0.attn.proj_out", features, features);
      norm(state, layers + "0.norm2", features);
      linear(state, layers + "0.mlp.fc.0", 2 * features, features);
      linear(state, layers + "0.mlp.fc.2", features, 2 * features);
      conv(state, layers + "1.net.0", 2 * features, features, 1);
      conv(state, layers + "1.net.2", 2 * features, 1, 3);
      conv(state, layers + "1.net.4", features, 2 * features, 1);
    }
    conv(state, "fuse", features, 2 * features, 3);
    for (int i = 0; i < stages; ++i) conv(state, "upsapling." + std::to_string(2 * i), 4 * features, features, 1);
    conv(state, "tail", channels, features, 3);
    return state;
  }

  ir::StateDict iat(std::int64_t features, std::int64_t global_features, int blocks) {
    ir::StateDict state;
    conv(state, "local_net.conv1", features, 3, 3);
    for (const std::string kind : {"mul", "add"}) {
      for (int i = 0; i < blocks; ++i) {
        const std::string at = "local_net." + kind + "_blocks." + std::to_string(i) + ".";
        add(state, at + "gamma_1", {1, features, 1, 1}, 0.5F, 1);
        add(state, at + "gamma_2", {1, features, 1, 1}, 0.5F, 1);
        conv(state, at + "pos_embed", features, 1, 3);
        for (const char* name : {"norm1", "norm2"}) {
          add(state, at + name + ".alpha", {1, 1, features}, 0.5F, 1.5F);
          add(state, at + name + ".beta", {1, 1, features}, -0.1F, 0.1F);
          add(state, at + name + ".color", {features, features}, -0.5F, 0.5F);
        }
        conv(state, at + "conv1", features, features, 1);
        conv(state, at + "conv2", features, features, 1);
        conv(state, at + "attn", features, 1, 5);
        conv(state, at + "mlp.fc1", 2 * features, features, 1);
        conv(state, at + "mlp.fc2", features, 2 * features, 1);
      }
      conv(state, "local_net." + kind + "_end.0", 3, features, 3);
    }
    const std::string at = "global_net.generator.";
    add(state, "global_net.gamma_base", {1}, 1, 1);
    add(state, "global_net.color_base", {3, 3}, 0.2F, 0.4F);
    conv(state, "global_net.conv_large.proj.0", global_features / 2, 3, 3);
    batch_norm(state, "global_net.conv_large.proj.1", global_features / 2);
    conv(state, "global_net.conv_large.proj.3", global_features, global_features / 2, 3);
    batch_norm(state, "global_net.conv_large.proj.4", global_features);
    conv(state, at + "pos_embed", global_features, 1, 3);
    norm(state, at + "norm1", global_features);
    add(state, at + "attn.q", {1, 10, global_features}, 0.5F, 1.5F);
    linear(state, at + "attn.k", global_features, global_features, false);
    linear(state, at + "attn.v", global_features, global_features, false);
    linear(state, at + "attn.proj", global_features, global_features);
    norm(state, at + "norm2", global_features);
    linear(state, at + "mlp.fc1", 2 * global_features, global_features);
    linear(state, at + "mlp.fc2", global_features, 2 * global_features);
    linear(state, "global_net.gamma_linear", 1, global_features);
    linear(state, "global_net.color_linear", 1, global_features);
    return state;
  }

  // Windows of 2x4; `heads` for each half of the channels, and as many for the attention between channels.
  ir::StateDict craft(std::int64_t features, std::int64_t heads, int layers, int rounds, int blocks, int scale) {
    ir::StateDict state;
    const std::int64_t pixels = 8;
    const std::int64_t places = 3 * 7;
    for (const std::string direction : {"h", "v"}) {
      std::vector<std::int64_t> index(pixels * pixels);
      for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::int64_t>(i) % places;
      state.tensors.emplace_back("relative_position_index_" + direction,
                                 ir::Tensor::of_integers({pixels, pixels}, std::move(index)));
      add(state, "biases_" + direction, {places, 2}, -3, 3);
    }
    conv(state, "conv_first", features, 3, 3);
    for (int i = 0; i < layers; ++i) {
      const std::string group = "layers." + std::to_string(i) + ".residual_group.";
      for (int k = 0; k < rounds * blocks; ++k) {
        const std::string at = group + "srwa_blocks." + std::to_string(k) + ".";
        norm(state, at + "norm1", features);
        linear(state, at + "qkv", 3 * features, features);
        linear(state, at + "proj", features, features);
        conv(state, at + "get_v", features, 1, 3);
        for (const char* half : {"attns.0.pos.", "attns.1.pos."}) {
          linear(state, at + half + "pos_proj", 2, 2);
          for (const std::string step : {"pos1", "pos2", "pos3"}) {
            norm(state, at + half + step + ".0", 2);
            linear(state, at + half + step + ".2", step == "pos3" ? heads : 2, 2);
          }
        }
        norm(state, at + "norm2", features);
        linear(state, at + "mlp.fc1", 2 * features, features);
        linear(state, at + "mlp.fc2", features, 2 * features);
      }
      for (int k = 0; k < rounds; ++k) {
        std::string at = group + "hfer_blocks." + std::to_string(k) + ".";
        conv(state, at + "last_fc", features, features, 1);
        conv(state, at + "fc", features / 2, features / 2, 1);
        conv(state, at + "conv", features / 2, features / 2, 3);
        at = group + "hf_blocks." + std::to_string(k) + ".";
        norm(state, at + "norm1.body", features);
        add(state, at + "attn.temperature", {heads, 1, 1}, 0.5F, 1.5F);
        conv(state, at + "attn.q", features, features, 1, false);
        conv(state, at + "attn.q_dwconv", features, 1, 3, false);
        conv(state, at + "attn.kv", 2 * features, features, 1, false);
        conv(state, at + "attn.kv_dwconv", 2 * features, 1, 3, false);
        conv(state, at + "attn.project_out", features, features, 1, false);
        norm(state, at + "norm2.body", features);
        conv(state, at + "ffn.project_in", 2 * features, features, 1, false);
        conv(state, at + "ffn.dwconv", 2 * features, 1, 3, false);
        conv(state, at + "ffn.project_out", features, features, 1, false);
      }
      conv(state, "layers." + std::to_string(i) + ".conv", features, features, 3);
    }
    norm(state, "norm.body", features);
    conv(state, "conv_after_body", features, features, 3);
    conv(state, "upsample.0", 3 * scale * scale, features, 3);
    return state;
  }

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
