"""The systems that bench/cpu/compare.py measures beside Tenon, each if its package is installed.

A peer has a name, a version, and `prepare(model, feed, threads)`, which returns a call that runs the
model once on the feed; what cannot run the model raises.
"""

import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys
import tempfile


class Peer:
    """`package` is what pip calls it, `module` what Python does."""
    name = package = module = ""

    @classmethod
    def is_installed(cls):
        return importlib.util.find_spec(cls.module) is not None

    @classmethod
    def version(cls):
        return importlib.metadata.version(cls.package)


class OnnxRuntime(Peer):
    name, package, module = "ONNX Runtime", "onnxruntime", "onnxruntime"

    @staticmethod
    def prepare(model, feed, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, feed)


class OpenVino(Peer):
    name, package, module = "OpenVINO", "openvino", "openvino"

    @staticmethod
    def prepare(model, feed, threads):
        import openvino
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(str(model)), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32"})  # what the others compute in
        request = compiled.create_infer_request()
        return lambda: request.infer(feed, share_inputs=True, share_outputs=True)


class Iree(Peer):
    name, package, module = "IREE", "iree-base-compiler", "iree"

    @staticmethod
    def prepare(model, feed, threads):
        import iree.compiler
        import iree.runtime
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "model.mlir"
            subprocess.run([sys.executable, "-m", "iree.compiler.tools.import_onnx", str(model), "-o", text],
                           check=True, capture_output=True)
            code = iree.compiler.compile_file(str(text), target_backends=["llvm-cpu"],
                                              extra_args=["--iree-llvmcpu-target-cpu=host"])
        config = iree.runtime.Config("local-task" if threads > 1 else "local-sync")
        module = iree.runtime.load_vm_flatbuffer(code, backend="llvm-cpu", config=config)
        entry = getattr(module, module.vm_module.function_names[0].removesuffix("$async"))
        arguments = [iree.runtime.asdevicearray(config.device, value) for value in feed.values()]
        return lambda: entry(*arguments)


class TorchCompile(Peer):
    """The ONNX graph turned back into a module by onnx2torch."""
    name, package, module = "torch.compile", "torch", "onnx2torch"

    @staticmethod
    def prepare(model, feed, threads):
        import onnx2torch
        import torch
        torch.set_num_threads(threads)
        module = torch.compile(onnx2torch.convert(str(model)).eval())
        arguments = [torch.from_numpy(value) for value in feed.values()]

        def call():
            with torch.inference_mode():
                module(*arguments)
        return call


ALL = [OnnxRuntime, OpenVino, Iree, TorchCompile]


def installed(names=()):
    """Those asked for by name (as the module is called), or all that are here."""
    return [peer for peer in ALL if peer.is_installed() and (not names or peer.module in names)]
