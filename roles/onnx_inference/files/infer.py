"""How fast a network of the package onnx is under onnxruntime, one picture at a time.

    infer.py NETWORK THREADS SECONDS [PROVIDER]

The package brings the graphs of well-known networks, with weights that are constants and computed when the graph is
loaded, and what comes out for one picture. The first inference is held against that; most of these networks find all
classes equally likely then, so a broken library is noticed, and an error of rounding is not. Three more are left out, then
it infers for SECONDS, and at least 20 times.
Prints "throughput 12.34 images/s", "latency_p50 81.2 ms" and "latency_p99 95.0 ms" (nearest rank).
Exit status: 0 good, 1 wrong results, 2 the arguments or the machine cannot do it.
"""

import math
import sys
import time
from pathlib import Path

import numpy
import onnx
import onnx.numpy_helper
import onnxruntime

AT_LEAST = 20
FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"


def refuse(message):
    print(f"infer: {message}", file=sys.stderr)
    sys.exit(2)


def network(name):
    """The files of a network: its graph and what comes out."""
    graph, result = FOLDER / f"light_{name}.onnx", FOLDER / f"light_{name}_output_0.pb"
    if not (graph.exists() and result.exists()):
        there = ", ".join(sorted(path.stem.removeprefix("light_") for path in FOLDER.glob("light_*.onnx")))
        refuse(f"onnx {onnx.__version__} has no network '{name}'; it has {there or 'none'}")
    return graph, result


def whole(what, text):
    if not text.isdecimal() or int(text) < 1:
        refuse(f"{what} must be a whole number from 1, not '{text}'")
    return int(text)


def percentile(sorted_times, percent):
    return sorted_times[math.ceil(len(sorted_times) * percent / 100) - 1]


def main():
    if len(sys.argv) not in (4, 5):
        refuse("usage: infer.py NETWORK THREADS SECONDS [PROVIDER]")
    graph, result = network(sys.argv[1])
    threads, seconds = whole("THREADS", sys.argv[2]), whole("SECONDS", sys.argv[3])
    provider = sys.argv[4] if len(sys.argv) > 4 else "CPUExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        refuse(f"this onnxruntime has no {provider}; it has {', '.join(onnxruntime.get_available_providers())}")

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=[provider])
    entry = session.get_inputs()[0]
    size = math.prod(entry.shape)
    # The picture that the package's results are of.
    picture = (numpy.arange(size, dtype=numpy.float32) / size).reshape(entry.shape).astype(numpy.float32)

    def infer():
        return session.run(None, {entry.name: picture})[0]

    expected = onnx.numpy_helper.to_array(onnx.TensorProto.FromString(result.read_bytes()))
    found = infer()
    if found.shape != expected.shape or not numpy.allclose(found, expected, rtol=1e-3, atol=1e-7):
        print(f"infer: wrong results: {found.ravel()[:4]} …, not {expected.ravel()[:4]} …", file=sys.stderr)
        sys.exit(1)
    for _ in range(3):
        infer()

    times = []
    begin = time.perf_counter()
    while len(times) < AT_LEAST or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        infer()
        times.append(time.perf_counter() - start)
    whole_time = time.perf_counter() - begin
    times.sort()
    print(f"infer: {sys.argv[1]}, onnxruntime {onnxruntime.__version__}, {threads} threads, {len(times)} inferences")
    print(f"throughput {len(times) / whole_time:.3f} images/s")
    print(f"latency_p50 {percentile(times, 50) * 1e3:.4f} ms")
    print(f"latency_p99 {percentile(times, 99) * 1e3:.4f} ms")


main()
