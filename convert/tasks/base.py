"""What a task is: everything that the verbs need to know of one kind of network."""

from __future__ import annotations

import abc
import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from convert.errors import UsageError
from convert.networks import load_model
from convert.parity import Parity
from convert.training import Lessons


@dataclass(frozen=True, slots=True)
class Export:
    """What ``quantize`` converts: a network, inputs that set int8's ranges, others to compare it on.

    ``classes`` names them where the outputs are probabilities of classes; ``size`` stands in for open sides of the
    input; ``card`` gives the card's entries from how near the converted network is.
    """

    net: Any
    samples: NDArray[np.float32]
    compared: NDArray[np.float32]
    card: Callable[[Parity], dict[str, Any]]
    classes: tuple[str, ...] = ()
    size: int = 48


class Task(abc.ABC):
    """One kind of network. A new one is a file in this folder with ``TASK``, and its name in the table of it.

    ``training`` replaces defaults of :class:`convert.training.TrainOptions`; ``classes`` says that the network names
    classes (its gate is agreement) and does not measure (its gate is ``min_decibels`` of rounding noise);
    ``float_ends`` keeps input, output and dense layers in float32.
    """

    name: ClassVar[str]
    training: ClassVar[Mapping[str, Any]] = {}
    classes: ClassVar[bool] = False
    min_decibels: ClassVar[float] = 15.0
    samples: ClassVar[int] = 400
    float_ends: ClassVar[bool] = False

    @abc.abstractmethod
    def add_data(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that name the data to ``train``, ``quantize`` and ``average``."""

    @abc.abstractmethod
    def add_network(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of network, targets and variation to ``train``."""

    def add_export(self, parser: argparse.ArgumentParser) -> None:  # noqa: B027
        """Add options of the task's own to ``quantize``."""

    @abc.abstractmethod
    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of ``evaluate``: ``--data`` and the task's own."""

    def check(self, args: argparse.Namespace) -> None:  # noqa: B027
        """Raise UsageError for options of ``train`` that do not go together, before anything is read."""

    @abc.abstractmethod
    def card(self, args: argparse.Namespace) -> dict[str, Any]:
        """What a network trained with these options says of itself: labels and input at least."""

    @abc.abstractmethod
    def lessons(self, args: argparse.Namespace) -> Callable[[Any], Lessons]:
        """Read the data; what is returned makes the lessons once the network is there."""

    @abc.abstractmethod
    def network(self, args: argparse.Namespace) -> Any:
        """The network that the options describe, untrained."""

    def start(self, net: Any, args: argparse.Namespace) -> None:
        """Give a network the weights of the Keras model ``args.start``, or the rounded ones of a .tflite."""
        if args.start.suffix == ".tflite":
            from convert.seeing import rounded

            rounded.load(net, args.start)
            return
        try:
            net.set_weights(load_model(args.start).get_weights())
        except ValueError:
            raise UsageError(f"--start {args.start}: not the network these options describe") from None

    def trained(self, net: Any) -> Any:
        """What of a network is trained: all of it, or all but a closing softmax."""
        return net

    @abc.abstractmethod
    def export(self, args: argparse.Namespace, net: Any) -> Export:
        """What ``quantize`` is to convert of a trained network."""

    @abc.abstractmethod
    def averaging(
        self, args: argparse.Namespace, card: Mapping[str, Any], net: Any
    ) -> tuple[NDArray[np.float32], Callable[[Any], dict[str, float]] | None]:
        """Inputs for ``average`` to take batch norm's statistics from, and what measures a network, where there is."""

    @abc.abstractmethod
    def measure(self, args: argparse.Namespace) -> dict[str, Any]:
        """The figures of ``evaluate`` for ``args.model``."""

    def text(self, report: Mapping[str, Any]) -> str:
        """The figures for people."""
        return "\n".join(f"{name}: {value}" for name, value in report.items())


def together(args: argparse.Namespace, *names: str) -> None:
    """Raises UsageError where some but not all of these options are given."""
    missing = [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) is None]
    if 0 < len(missing) < len(names):
        raise UsageError(f"{missing[0]} is missing: it is required with --{' and --'.join(names).replace('_', '-')}")


def add_data(add: Callable[..., Any], **kinds: str) -> None:
    """Add options that name files or folders, with what each holds; what begins with ``*`` must be given."""
    for name, about in kinds.items():
        must = about.startswith("*")
        add(f"--{name.replace('_', '-')}", type=Path, required=must, help=about.removeprefix("*"))
