"""Checkpoints as training scripts wrap them: which dictionary holds the weights, what stands in front of their names, and that an optimizer's
numbers, which have the same shapes, are never taken for them."""

import struct
import sys
import unittest
import zipfile

from cli_tools import Case, integer, tensor, text, tiny_state

BAD_INPUT = 3


class Pickler:
    """Dictionaries, lists, text, whole numbers and tensors, (shape, values), as torch.save pickles them."""

    def __init__(self):
        self.storages = []

    def of(self, value):
        if isinstance(value, dict):
            return b"}(" + b"".join(self.of(key) + self.of(each) for key, each in value.items()) + b"u"
        if isinstance(value, list):
            return b"](" + b"".join(map(self.of, value)) + b"e"
        if isinstance(value, tuple):
            self.storages.append(value[1])
            return tensor(str(len(self.storages) - 1), value[0])
        return text(value) if isinstance(value, str) else integer(value)

    def write(self, path, value):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02" + self.of(value) + b".")
            for i, values in enumerate(self.storages):
                archive.writestr(f"archive/data/{i}", struct.pack(f"<{len(values)}f", *values))
        return path


WEIGHTS, OTHERS = tiny_state(features=4), tiny_state(features=6)  # told apart by their features
# torch.optim.Adam and SGD: {parameter: numbers of its shape}, by number, as state_dict() has it, and by name.
ADAM = {"state": {i: {"step": 3, "exp_avg": each, "exp_avg_sq": each} for i, each in enumerate(OTHERS.values())}, "param_groups": [{"lr": 1}]}
SGD = {"state": {i: {"momentum_buffer": each} for i, each in enumerate(OTHERS.values())}, "param_groups": [{"lr": 1}]}
BY_NAME = {"state": OTHERS, "param_groups": [{"lr": 1}]}


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


class Wrappers(Case):
    def write(self, value):
        return Pickler().write(self.folder / "x.pth", value)

    def features(self, value):
        return self.json_of("inspect", self.write(value))["hyperparameters"]["features"]

    def test_each_wrapper(self):
        for wrapper in ("params", "params_ema", "state_dict", "model", "net", "generator", "model_state_dict", "net_g"):
            with self.subTest(wrapper):
                self.assertEqual(self.features({wrapper: WEIGHTS}), "4")
                self.assertEqual(self.features({"epoch": 3, "note": "best", "history": [1, 2], wrapper: WEIGHTS}), "4")

    def test_the_average_is_preferred(self):
        self.assertEqual(self.features({"params": OTHERS, "params_ema": WEIGHTS}), "4")
        self.assertEqual(self.features({"params_ema": WEIGHTS, "params": OTHERS}), "4")
        for name in ("ema", "model_ema", "state_dict_ema", "g_ema"):
            self.assertEqual(self.features({"model": OTHERS, "state_dict": OTHERS, name: WEIGHTS}), "4")

    def test_nested_wrappers(self):
        for names in (("model", "state_dict"), ("state_dict", "generator"), ("net", "params_ema"), ("checkpoint", "model"), ("state", "model", "net")):
            value = WEIGHTS
            for name in reversed(names):
                value = {name: value, "epoch": 1}
            with self.subTest(names):
                self.assertEqual(self.features(value), "4")

    def test_prefixes(self):
        for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "generator.", "net_g.module."):
            with self.subTest(prefix):
                self.assertEqual(self.features(prefixed(prefix, WEIGHTS)), "4")
                self.assertEqual(self.features({"state_dict": prefixed(prefix, WEIGHTS)}), "4")

    def test_an_optimizer_beside_the_weights(self):
        for optimizer in (ADAM, SGD, BY_NAME):
            for value in ({"optimizer": optimizer, "model": WEIGHTS}, {"optimizer_state_dict": optimizer, "model_state_dict": WEIGHTS},
                          {"optimizer_states": [optimizer], "lr_schedulers": [{"last": 1}], "state_dict": WEIGHTS},  # Lightning
                          {"optim_g": optimizer, "optim_d": optimizer, "net_g": WEIGHTS}, {"adam": optimizer, "weights": WEIGHTS},
                          {"params": WEIGHTS, "model": optimizer}, {"optimizer": {"generator": OTHERS}, "best": WEIGHTS}):
                with self.subTest(list(value)):
                    self.assertEqual(self.features(value), "4")

    def test_an_optimizer_alone(self):
        for value in (ADAM, SGD, BY_NAME, {"optimizer": ADAM}, {"optimizer_states": [SGD]}, {"optimizer": OTHERS}, {"state": BY_NAME}, {"model": ADAM},
                      {"exp_avg": OTHERS, "exp_avg_sq": OTHERS}, {"momentum_buffer": OTHERS}):
            with self.subTest(list(value)):
                self.refused(BAD_INPUT, "inspect", self.write(value), says=["x.pth", "torch.save(network.state_dict()"])

    def test_two_networks(self):
        self.refused(BAD_INPUT, "inspect", self.write({"net_g": WEIGHTS, "net_d": OTHERS}), says=["net_g", "net_d"])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
