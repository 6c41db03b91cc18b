"""Where networks compute and in which precision: one process or many, CPU or GPU.

Lightning Fabric starts the processes, or finds itself started by `torchrun` or SLURM; here
stands what the kit asks of it. Every process computes on the device of its own number.

Notebook: 04_teacher_training.
"""

import logging
import os
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

# Several processes on one machine: `torchrun` and Fabric say which is which, SLURM likewise.
_LOCAL_RANKS = ("LOCAL_RANK", "SLURM_LOCALID")


def fabric(accelerator: str, devices: int, nodes: int, precision: str) -> Any:
    """A launched Fabric: from here on every process of the training runs the same code.

    Args:
        accelerator: "auto", "cpu", "cuda", ... as Lightning Fabric takes it.
        devices: processes on this machine.
        nodes: machines.
        precision: "32-true", "bf16-mixed", or "auto": bf16 where the hardware computes in it,
            otherwise float32, on a GPU with TF32 products.
    """
    try:
        fabrics = import_module("lightning_fabric")
    except ImportError:  # the whole of lightning brings it under another name
        fabrics = import_module("lightning.fabric")

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    chosen = precision
    if precision == "auto":
        chosen = "bf16-mixed" if computes_in_bf16(accelerator) else "32-true"
    launched = fabrics.Fabric(
        accelerator=accelerator, devices=devices, num_nodes=nodes, precision=chosen
    )
    launched.launch()
    if launched.device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # all batches have one shape
        torch.backends.cuda.matmul.allow_tf32 = precision != "32-true"
        torch.backends.cudnn.allow_tf32 = precision != "32-true"
    return launched


def local(accelerator: str = "auto") -> torch.device:
    """The device of this process, before anything has been launched."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        number = next((int(os.environ[n]) for n in _LOCAL_RANKS if n in os.environ), 0)
        return torch.device("cuda", number % torch.cuda.device_count())
    return torch.device("cpu")


def speaks() -> bool:
    """True in the one process of several that should print, before anything has been launched."""
    numbers = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return int(next((os.environ[n] for n in numbers if n in os.environ), 0)) == 0


def computes_in_bf16(accelerator: str = "auto") -> bool:
    """True where bf16 is arithmetic of the hardware, and not an emulation that is slower."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if accelerator not in ("cpu", "auto"):
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` on `device`, without waiting for what the device is doing."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def synchronised(model: nn.Module, processes: int, device: torch.device) -> nn.Module:
    """`model` with batch norms that see the whole batch when several GPUs share it.

    On CPU, which is for tests of the code path only, every process normalises its own rows.
    """
    if processes > 1 and device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return model
