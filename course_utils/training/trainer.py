"""One run of training: what changes from step to step, and the step itself.

`fit` is the way in; this is what it turns. Follow `Trainer.train_step` to see a batch become a gradient.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from course_utils.training.averaging import WeightAverage
from course_utils.training.config import TrainConfig
from course_utils.training.distributed import Group, wrap
from course_utils.training.evaluation import Evaluation, in_full, sum_over
from course_utils.training.mixing import mix
from course_utils.training.optimizers import build_optimizer
from course_utils.training.precision import Precision, choose_precision
from course_utils.training.random_states import random_states, restore_random_states
from course_utils.training.schedules import learning_rate


class Trainer:
    """A model, its optimizer and all else that a step changes.

    Attributes:
        model: the network with its weights, on the device.
        network: the same for the forward pass: compiled, or spread over processes, where that is asked for.
        step: steps done; `total_steps` are planned.
        loss_sum, correct, bad_step: of the epoch so far, kept on the device; -1 while all is well.
        seen: images of the epoch so far, over all processes.
    """

    def __init__(self, model: nn.Module, config: TrainConfig, group: Group, total_steps: int) -> None:
        self.config, self.group, self.total_steps = config, group, total_steps
        self.device = group.device(config.device)
        self.precision = choose_precision(config.precision, self.device)
        channels_last = prefers_channels_last(config, self.precision)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model.to(self.device, memory_format=self.layout)
        self.network = wrap(self.model, group)
        if config.compile:
            mode = None if config.compile is True else config.compile
            self.network = torch.compile(self.network, mode=mode)
        self.restart()

    def restart(self) -> None:
        """Forget all steps; the weights stay as they are."""
        self.optimizer = build_optimizer(self.model, self.config, self.device)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.precision.needs_scaling)
        self.average = WeightAverage(self.model, self.config.ema) if self.config.ema else None
        self.step = 0
        self.start_epoch()

    def start_epoch(self) -> None:
        """Begin the sums of an epoch anew. On the device: to ask for a number after every step would make
        the device wait for Python and Python for the device."""
        self.loss_sum = torch.zeros((), device=self.device)
        self.correct = torch.zeros((), device=self.device, dtype=torch.int64)
        self.bad_step = torch.full((), -1, device=self.device, dtype=torch.int64)
        self.seen = 0

    def train_step(self, images: torch.Tensor, labels: torch.Tensor, whole: int) -> None:
        """One step down the gradient of one batch.

        Args:
            images: (n, C, H, W) float, this process's part of the batch.
            labels: (n,) int64.
            whole: images in the batch over all processes; n where there is one.
        """
        lr = learning_rate(self.step, self.total_steps, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        images = images.to(self.device, memory_format=self.layout, non_blocking=True)
        labels = labels.to(self.device, non_blocking=True)
        mixed, target = mix(images, labels, self.config, self.step)

        self.network.train()
        with self.precision.autocast():
            logits = self.network(mixed)  # (n, K)
        loss = target.loss(in_full(logits), self.config.label_smoothing)  # summed: whole divides it
        # Where several processes train, the gradients are averaged over them: `world` undoes that division.
        self.scaler.scale(loss * (self.group.world / whole)).backward()
        if self.config.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update(self.model)
        self._add_up(loss.detach(), logits.detach(), labels, whole)
        self.step += 1

    def _add_up(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor, whole: int) -> None:
        self.loss_sum += loss
        self.correct += (logits.argmax(dim=1) == labels).sum()
        bad = ~loss.isfinite() & (self.bad_step < 0)
        self.bad_step = torch.where(bad, self.step, self.bad_step)
        self.seen += whole

    def first_bad_step(self) -> int | None:
        """The first step whose loss was not finite, on any process. Waits for the device."""
        # All processes must agree, or those that stop would leave the others waiting.
        steps = self.group.gather(self.bad_step).flatten().tolist()
        return min((step for step in steps if step >= 0), default=None)

    def epoch_sums(self) -> torch.Tensor:
        """(2,): loss and right answers of the epoch so far, over all processes. Waits for the device."""
        exact = torch.float32 if self.device.type == "mps" else torch.float64
        return self.group.sum_(torch.stack([self.loss_sum.to(exact), self.correct.to(exact)]))

    def epoch_means(self) -> tuple[float, float]:
        """Mean loss and share of right answers of the epoch so far, over all processes."""
        loss, correct = (self.epoch_sums() / self.seen).tolist()
        return loss, correct

    @property
    def validated_model(self) -> nn.Module:
        """What is validated and kept: the average where there is one, else the model."""
        return self.model if self.average is None else self.average.model

    def evaluate(self, val) -> Evaluation:
        """Loss and accuracy on `val`, which yields this process's part."""
        sums = self.group.sum_(sum_over(self.validated_model, val, self.device, precision=self.precision))
        return Evaluation.from_sums(sums)

    def state_dict(self) -> dict[str, Any]:
        """All that a later process needs to go on exactly here; tensors, numbers and text only.

        All processes must call it: the sums of the epoch are added up over them.
        """
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict()["state"],
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.model.state_dict(),
            "average_steps": 0 if self.average is None else self.average.steps,
            "step": self.step,
            "sums": self.epoch_sums(),
            "seen": self.seen,
            "random": random_states(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self._load_optimizer(state["optimizer"])
        if state["scaler"] and self.precision.needs_scaling:  # else one of the two devices does not scale
            self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.model.load_state_dict(state["average"])
            self.average.steps = state["average_steps"]
        self.step = state["step"]
        self.start_epoch()
        if self.group.is_main:  # the sums so far are of all processes: they must count once
            loss, correct = state["sums"].tolist()
            self.loss_sum, self.correct = self.loss_sum + loss, self.correct + round(correct)
        self.seen = state["seen"]
        restore_random_states(state["random"], self.config.seed, self.group.rank, self.step)

    def _load_optimizer(self, slots: dict[str, dict[str, Any]]) -> None:
        """Momentum and the like of each parameter, laid out in memory like the parameter: fused optimizers
        walk through both side by side."""
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        restored = {
            int(index): {name: _laid_out_like(parameters[int(index)], value) for name, value in slot.items()}
            for index, slot in slots.items()
        }
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": restored})


def batch_length(train: Iterable, number: int, own: int, world: int) -> int:
    """Images in batch `number` over all processes; a loader that cannot say has parts of equal size."""
    return train.batch_length(number) if hasattr(train, "batch_length") else own * world


def prefers_channels_last(config: TrainConfig, precision: Precision) -> bool:
    """Whether images and weights lie as (N, H, W, C) in memory; a loader may lay them out so at once."""
    if config.channels_last is not None:
        return config.channels_last
    # The units that multiply short numbers want it so, and so do a CPU's convolutions.
    return precision.name != "float32" or precision.device_type == "cpu"


def _laid_out_like(parameter: torch.Tensor, value: Any) -> Any:
    if torch.is_tensor(value) and value.shape == parameter.shape:
        return torch.empty_like(parameter, dtype=value.dtype).copy_(value)
    return value
