"""Runs a file in ONNX Runtime or OpenVINO, with the settings of mantissa's own providers: float32 stays float32 unless
a release says otherwise, and no thread spins."""

import os

import numpy as np

THREADS = len(os.sched_getaffinity(0))


def open_onnxruntime(file, floats="f32"):  # which it never changes
    """A function from a picture tensor and the further inputs to the first output, and the names of the inputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = THREADS, 1, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda tensors: session.run(None, dict(zip(names, tensors)))[0]


def open_openvino(file, floats="f32"):
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": THREADS, "ENABLE_CPU_PINNING": False,
                "EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_PRECISION_HINT": floats}
    core = openvino.Core()
    model = core.read_model(str(file))
    compiled = {}

    def run(tensors):
        shapes = tuple(tensor.shape for tensor in tensors)
        if shapes not in compiled:
            fixed = model.clone()
            fixed.reshape(dict(enumerate(shapes)))
            compiled[shapes] = core.compile_model(fixed, "CPU", settings)
        return compiled[shapes](list(tensors))[0]

    return run


ENGINES = {"onnxruntime-cpu": open_onnxruntime, "openvino-cpu": open_openvino}


def inputs_for(tensor, task):
    """A picture tensor and, where the network is told the level of noise, that."""
    condition = task.get("condition")
    if not condition:
        return [tensor]
    number = condition["levels"][0] / condition["divisor"]
    height, width = (side // condition["step"] for side in tensor.shape[2:]) if condition["form"] == "map" else (1, 1)
    return [tensor, np.full((1, 1, height, width), number, np.float32)]
