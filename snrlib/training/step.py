r"""One step of training: a batch, its loss, its gradients, one move of the weights.

The same code on every device. Nothing in it waits for a GPU: rows and positions are drawn on
the CPU, audio never leaves the device, and the loss is handed back as a tensor that is read
later. With several processes each takes every $p$-th row of the batch, and weighs its mean loss
by $r\,p / b$ ($r$ rows of its own out of $b$), so that the mean of the processes' gradients is the
gradient of the whole batch also where the rows do not divide evenly.

Notebook: 04_teacher_training.
"""

import logging
from typing import Any

import torch
from torch import Tensor, nn

from snrlib.datasets.crops import Crops
from snrlib.support import devices
from snrlib.support.errors import SnrlibError
from snrlib.training.objectives import Objective

log = logging.getLogger("snrlib")


class Step:
    """The training step of one process.

    Attributes:
        network: what the objective calls: the model, in the precision asked for and, with
            several processes, with gradients averaged over them.
        adam: the optimizer (paper, section 2.2); one fused kernel on a GPU.
        captured: whether forward and backward pass are replayed as CUDA graphs.

    Args:
        fabric: from :func:`snrlib.support.devices.fabric`.
        model: the network, on any device.
        crops: the training examples; from now on this process's share of them.
        objective: the loss of one batch.
        capture: replay forward and backward pass as CUDA graphs where that is possible: small
            batches leave a GPU waiting for the CPU to start its kernels one by one.
        adam: state of an earlier optimizer, to go on from.

    Raises:
        SnrlibError: fewer rows in a batch than processes.
    """

    def __init__(
        self,
        fabric: Any,
        model: nn.Module,
        crops: Crops,
        objective: Objective,
        capture: bool = True,
        adam: dict[int, dict[str, Tensor]] | None = None,
    ) -> None:
        processes, rank = fabric.world_size, fabric.global_rank
        if crops.batch < processes:
            raise SnrlibError(
                f"A batch of {crops.batch} rows cannot be shared by {processes} processes; "
                "take fewer devices or a larger batch."
            )
        crops.share(rank, processes)
        rows = len(range(rank, crops.batch, processes))
        self._share = rows * processes / crops.batch
        self.fabric, self.crops, self.objective = fabric, crops, objective
        # Moved before the optimizer is made: its state goes where the weights are.
        model = devices.synchronised(model.to(fabric.device), processes, fabric.device)
        optimizer = torch.optim.Adam(
            model.parameters(), lr=1e-3, betas=(0.9, 0.999),
            fused=True if fabric.device.type == "cuda" else None,
        )  # fmt: skip
        if adam:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": adam})
        self.captured = (
            capture
            and fabric.device.type == "cuda"
            and processes == 1
            and not hasattr(model, "loss")  # a loss of its own does not go through forward
            and _capture(fabric, model, rows, crops.samples)
        )
        self.adam = optimizer
        self.network, self.optimizer = fabric.setup(model, optimizer)
        if hasattr(model, "loss"):
            # Called in forward's place by the baselines: gradients are averaged there, too.
            self.network.mark_forward_method("loss")

    def __call__(self, step: int, rate: float, done: float) -> Tensor:
        """The loss of batch number `step`, not yet read, after one move of the weights.

        Args:
            step: number of the batch.
            rate: the learning rate.
            done: how much of the training is over, 0 to 1.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        noisy, clean, snr_db = self.crops.batch_at(step)
        with self.fabric.autocast():  # the teachers' part of the objective, too
            loss = self.objective(self.network, noisy, clean, snr_db, done)
        # Untouched where the rows are even: multiplying by one would still cost a kernel.
        self.fabric.backward(loss if self._share == 1 else loss * self._share)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()


def _capture(fabric: Any, model: nn.Module, rows: int, samples: int) -> bool:
    """Makes forward and backward pass of `model` CUDA graphs; False, and why, where it fails."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    example = torch.zeros(rows, samples, device=fabric.device)
    half = "bf16" in str(fabric.strategy.precision.precision)
    try:
        model.train()
        # The cache of casts must not outlive the capture: weights change between replays.
        with torch.autocast("cuda", torch.bfloat16, enabled=half, cache_enabled=False):
            torch.cuda.make_graphed_callables(model, (example,))
    except (RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        log.info("Training runs without CUDA graphs, so small batches are slower: %s", reason)
        return False
    finally:
        # Warming up ran batch norm over silence.
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
    return True
