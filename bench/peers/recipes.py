"""What users of other tools do: each recipe takes a network and the inputs to calibrate on, and writes one file."""

import importlib
from pathlib import Path

import engines


def quantize_with_onnxruntime(network, batches, out, method="MinMax", activations="QUInt8", **options):
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    names = [each.name for each in onnx.load(network).graph.input]

    class Batches(CalibrationDataReader):
        def __init__(self):
            self.left = iter(batches)

        def get_next(self):
            batch = next(self.left, None)
            return None if batch is None else dict(zip(names, batch))

    prepared = out.with_suffix(".prepared.onnx")
    quant_pre_process(str(network), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(out), Batches(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
                    activation_type=getattr(QuantType, activations), calibrate_method=getattr(CalibrationMethod, method), **options)
    prepared.unlink()


def quantize_with_nncf(network, batches, out, overflow_fix=None):
    import logging

    import nncf
    import openvino
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix

    nncf.set_log_level(logging.ERROR)
    options = {"advanced_parameters": AdvancedQuantizationParameters(overflow_fix=OverflowFix[overflow_fix])} if overflow_fix else {}
    model = openvino.Core().read_model(str(network))
    quantized = nncf.quantize(model, nncf.Dataset(batches), subset_size=len(batches), **options)
    openvino.save_model(quantized, str(out), compress_to_fp16=False)


def round_to_half(network, out):
    import onnx
    from onnxconverter_common import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(network), keep_io_types=True), str(out))


def weights_to_half(network, out):
    import onnx
    from onnxconverter_common import float16

    onnx.save(float16.convert_float_to_float16(onnx.load(network), keep_io_types=True), str(out), save_as_external_data=True)


def weights_with_matmul_nbits(network, out, bits):
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(network), bits=bits, block_size=128)
    quantizer.process()
    quantizer.model.save_model_to_file(str(out), True)


def weights_with_quantize_dynamic(network, out):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(network), str(out), weight_type=QuantType.QInt8, use_external_data_format=True)


MODULES = {
    quantize_with_onnxruntime: ("onnx", "onnxruntime.quantization", "onnxruntime.quantization.shape_inference"),
    quantize_with_nncf: ("openvino", "nncf.quantization.advanced_parameters"),
    round_to_half: ("onnx", "onnxconverter_common.float16"),
    weights_to_half: ("onnx", "onnxconverter_common.float16"),
    weights_with_matmul_nbits: ("onnx", "onnxruntime.quantization.matmul_nbits_quantizer"),
    weights_with_quantize_dynamic: ("onnxruntime.quantization",),
}


class Recipe:
    """A tool with its settings, and the engine that its file is for."""

    def __init__(self, name, engine, suffix, make, **options):
        self.name, self.engine, self.suffix, self.make, self.options = name, engine, suffix, make, options

    def file(self, folder):
        return Path(folder) / (self.name.replace(" ", "-") + self.suffix)

    def load(self):
        """Imports what run() uses, so that its time is that of the work alone."""
        for module in MODULES[self.make]:
            importlib.import_module(module)

    def run(self, network, *batches, out):
        self.make(network, *batches, out, **self.options)

    def open(self, folder):
        return engines.ENGINES[self.engine](self.file(folder))


EIGHT_BITS = (
    Recipe("ORT u8s8", "onnxruntime-cpu", ".onnx", quantize_with_onnxruntime),
    Recipe("ORT u8s8 rr", "onnxruntime-cpu", ".onnx", quantize_with_onnxruntime, reduce_range=True),
    Recipe("ORT u8s8 Percentile", "onnxruntime-cpu", ".onnx", quantize_with_onnxruntime, method="Percentile"),
    Recipe("ORT s8s8", "onnxruntime-cpu", ".onnx", quantize_with_onnxruntime, activations="QInt8"),
    Recipe("NNCF", "openvino-cpu", ".xml", quantize_with_nncf),
    Recipe("NNCF OverflowFix", "openvino-cpu", ".xml", quantize_with_nncf, overflow_fix="ENABLE"),
)
PLAIN = {"onnxruntime-cpu": EIGHT_BITS[0], "openvino-cpu": EIGHT_BITS[4]}  # each engine's own tool as it comes
HALF = Recipe("onnxconverter-common", None, ".onnx", round_to_half)
WEIGHTS = (
    Recipe("ORT MatMulNBits 4 bit, block 128", None, ".onnx", weights_with_matmul_nbits, bits=4),
    Recipe("ORT MatMulNBits 8 bit, block 128", None, ".onnx", weights_with_matmul_nbits, bits=8),
    Recipe("ORT quantize_dynamic 8 bit", None, ".onnx", weights_with_quantize_dynamic),
    Recipe("onnxconverter-common fp16", None, ".onnx", weights_to_half),
)
