#!/usr/bin/env python3
"""Frozen TensorFlow graphs, each with a few operators in the forms that networks have them, and what TensorFlow computes.

    tensorflow_graphs.py FOLDER

writes, for each, `name.pb`, and for three pictures `name.in_0.npy`, `name.out_0.npy`, ... (channels first). The test that starts this is
tests/tensorflow_graphs_test.cc.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
RANDOM = np.random.default_rng(1)
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def weight(*shape):
    return tf.constant((RANDOM.standard_normal(shape) * 0.3).astype("f"))


def conv(x, kernel, inputs, outputs, stride=1, padding="SAME", dilation=1):
    return tf.nn.conv2d(x, weight(kernel, kernel, inputs, outputs), stride, padding, dilations=dilation)


def transposed(x, kernel, inputs, outputs, stride, padding="SAME", more=0):
    size = tf.shape(x)
    height, width = size[1] * stride + more, size[2] * stride + more
    shape = tf.stack([size[0], height, width, outputs])
    return tf.nn.conv2d_transpose(x, weight(kernel, kernel, outputs, inputs), shape, stride, padding)


for k in (1, 3, 4):
    CASES[f"same_at_a_stride_{k}"] = lambda x, k=k: tf.nn.depth_to_space(conv(conv(x, k, 3, 8, 2), 3, 8, 12), 2)
for k in (1, 2, 3, 4, 5, 9):
    for s in (2, 3):
        CASES[f"transposed_{k}_{s}"] = lambda x, k=k, s=s: transposed(conv(x, 3, 3, 5), k, 5, 3, s)
CASES["transposed_valid"] = lambda x: conv(transposed(x, 4, 3, 3, 2, "VALID", 2), 3, 3, 3, 1, "VALID")
CASES["transposed_valid_small"] = lambda x: transposed(x, 2, 3, 3, 3, "VALID")
CASES["transposed_odd"] = lambda x: tf.pad(transposed(x, 4, 3, 3, 2, "SAME", -1), [[0, 0], [0, 1], [0, 1], [0, 0]])

for op in ("resize_bilinear", "resize_nearest_neighbor", "resize_bicubic"):
    for rule in ({}, {"align_corners": True}, {"half_pixel_centers": True}):
        for f in (2, 3, 4):
            if op == "resize_bicubic" and (f == 3 or "align_corners" in rule):
                continue  # refused
            CASES["_".join([op, *rule, str(f)])] = lambda x, op=op, rule=rule, f=f: getattr(tf1.image, op)(
                x, tf.shape(x)[1:3] * f, **rule
            )


@case
def dilated(x):
    return conv(x, 3, 3, 3, dilation=2)


@case
def explicit_padding(x):
    return tf.nn.conv2d(x, weight(3, 3, 3, 3), 1, [[0, 0], [1, 1], [0, 2], [0, 0]])


@case
def pads(x):
    y = conv(tf.pad(x, [[0, 0], [1, 1], [2, 0], [0, 0]]), 3, 3, 3, padding="VALID")
    y = conv(tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), 3, 3, 3, padding="VALID")
    return conv(tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=0.7), 3, 3, 3, padding="VALID")


@case
def resized_to_a_layer_before(x):
    y = tf.nn.relu(conv(x, 3, 3, 6, 2))
    return x + conv(tf1.image.resize_bilinear(y, tf.shape(x)[1:3]), 3, 6, 3)


@case
def pooled_and_resized(x):
    y = tf.nn.max_pool2d(conv(x, 3, 3, 6), 2, 2, "SAME")
    y = tf1.image.resize_nearest_neighbor(y, tf.shape(x)[1:3], half_pixel_centers=True)
    return x + conv(tf.concat([y, x], -1), 3, 9, 3)


@case
def pools(x):
    return x + conv(tf.nn.avg_pool2d(tf.nn.max_pool2d(x, 3, 1, "SAME"), 3, 1, "SAME"), 1, 3, 3)


@case
def elements(x):
    y = conv(x, 3, 3, 4) - 0.1
    y = tf.nn.softsign(tf.nn.softplus(tf.nn.selu(tf.nn.elu(tf.sigmoid(tf.tanh(tf.nn.leaky_relu(tf.nn.relu6(y))))))))
    y = tf.exp(tf.math.rsqrt(tf.sqrt(tf.square(tf.abs(y)) + 1) + 1))
    y = tf.clip_by_value(-tf.math.log(y + 2), -0.9, 0.5)
    y = tf.maximum(tf.minimum(tf.math.squared_difference(y, 0.3), 0.6), 0.1)
    return conv(1.0 - tf.pow(y, 2.0) / 3.0, 1, 4, 3)


@case
def prelus(x):
    y = conv(x, 3, 3, 8)
    y = conv(tf.nn.relu(y) - weight(8) * tf.nn.relu(-y), 3, 8, 8)
    y = conv(tf.nn.relu(y) + weight(8) * (y - tf.abs(y)) * 0.5, 3, 8, 8)
    y = conv(tf.maximum(y, 0.2 * y), 3, 8, 8)
    return conv(tf.maximum(0.0, y) + weight(8) * tf.minimum(0.0, y), 3, 8, 3)


@case
def attention(x):
    y = tf.nn.relu(conv(x, 3, 3, 8))
    m = tf.reduce_mean(y, [1, 2], keepdims=True)
    m = tf.sigmoid(conv(tf.nn.relu(conv(m, 1, 8, 2)), 1, 2, 8))
    return x + conv(y * m, 3, 8, 3)


@case
def parts(x):
    y = conv(x, 3, 3, 8)
    a, b = tf.split(y, 2, -1)
    joined = tf.concat([conv(a, 3, 4, 2), tf.slice(y, [0, 0, 0, 1], [-1, -1, -1, 1])], 3)
    return joined * b[..., :3] + y[:, :, :, 2:5] + y[..., :1]


@case
def cropped(x):
    return tf.pad(conv(x, 3, 3, 3), [[0, 0], [2, 2], [2, 2], [0, 0]])[:, 2:-2, 2:-2, :]


@case
def blocks(x):
    y = tf.nn.space_to_depth(tf.concat([x, x], -1), 2)
    return tf.nn.depth_to_space(conv(y, 3, 24, 12), 2)


@case
def normalized(x):
    y = conv((x - tf.constant([0.4, 0.5, 0.6])) / 0.3, 3, 3, 6)
    scale, variance = weight(6) + 1, tf.abs(weight(6)) + 0.5
    y = tf1.nn.fused_batch_norm(y, scale, weight(6), weight(6), variance, epsilon=1e-3, is_training=False)[0]
    y = tf.nn.batch_normalization(conv(y, 3, 6, 6), weight(6), variance, weight(6), scale, 1e-3)
    return tf.clip_by_value(conv(tf.nn.relu(y), 3, 6, 3) + tf.constant([0.4, 0.5, 0.6]), 0.0, 1.0)


@case
def depthwise(x):
    return conv(tf.nn.depthwise_conv2d(x, weight(3, 3, 3, 4), [1, 1, 1, 1], "SAME"), 1, 12, 3)


@case
def sums(x):
    y = conv(x, 3, 3, 3)
    return tf.add_n([x, y, conv(y, 3, 3, 3)])


@case
def channels_first_in_between(x):
    y = tf.transpose(conv(x, 3, 3, 4), [0, 3, 1, 2])
    y = tf.nn.bias_add(tf.nn.relu(y), weight(4), data_format="NCHW")
    return conv(tf.transpose(tf.concat([y, y * weight(4, 1, 1)], 1), [0, 2, 3, 1]), 1, 8, 3)


def main():
    tf1.disable_eager_execution()
    tf1.logging.set_verbosity(tf1.logging.ERROR)
    folder = Path(sys.argv[1])
    for name, function in CASES.items():
        with tf1.Graph().as_default() as graph, tf1.Session() as session:
            x = tf1.placeholder(tf.float32, [None, None, None, 3])
            y = function(x)
            (folder / f"{name}.pb").write_bytes(graph.as_graph_def().SerializeToString())
            for i, (height, width) in enumerate(((16, 24), (12, 20), (20, 16))):
                picture = RANDOM.random((1, height, width, 3)).astype("f")
                np.save(folder / f"{name}.in_{i}.npy", np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
                result = session.run(y, {x: picture}).transpose(0, 3, 1, 2)
                np.save(folder / f"{name}.out_{i}.npy", np.ascontiguousarray(result))


main()
