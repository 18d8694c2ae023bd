#include "cli/commands.h"

namespace mantissa::cli {

void add_overrides(CLI::App& command, TaskOverrides& overrides) {
  command.add_option("--range", overrides.range,
                     "Black and white in the numbers of a network whose file does not tell, such as 0:255, or "
                     "-1:1,0:1 for in and out");
  command.add_option("--colour", overrides.colour, "rgb, ycbcr or luminance, where the network's file does not tell");
  command.add_option("--network-output", overrides.output,
                     "Where a network has several outputs: the name of the restored picture");
  command.add_flag("--cut-custom", overrides.cut_custom,
                   "Of an ONNX file, cut off operators of other domains that prepare and finish pictures around the "
                   "network, as files of mobile applications have them");
}

}  // namespace mantissa::cli
