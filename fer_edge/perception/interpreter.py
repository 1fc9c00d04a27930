"""The one place that knows TensorFlow Lite: runs a model through LiteRT or tflite-runtime.

Both packages are the same interpreter under two names. A model is never used without its card
(``<name>.json`` beside ``<name>.tflite``): labels, scaling and checksum travel with the weights.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.core import Image

MODELS = Path(__file__).parent.parent / "models"
"""The folder of the models that ship with the package."""

_RUNTIMES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
_PACKAGES = {"auto": "ai-edge-litert", "litert": "ai-edge-litert", "tflite-runtime": "tflite-runtime"}


class Model:
    """A .tflite file with its card, ready to run on one picture at a time.

    ``labels`` are the outputs' names in order, empty where the card has none. ``size`` is the
    input's (height, width), ``output_sizes`` the number of values of each output. Raises ModelError
    when the file or its card is missing, damaged or of another shape than the card says, or where the
    card names another task than the one given.
    """

    def __init__(self, path: Path | str, *, task: str | None = None, runtime: str = "auto", threads: int = 1) -> None:
        self.path = Path(path)
        self.card = read_card(self.path)
        found = self.card.get("task", task)
        if task and found != task:
            raise ModelError(f"{self.path}: its card says task {found}; choose a model for task {task}")
        self.name = str(self.card.get("name", self.path.stem))
        self.labels: tuple[str, ...] = tuple(self.card.get("labels", ()))
        content = _checked(self.path, self.card)
        self.runtime, self._interpreter = _build(content, self.path, runtime, threads)
        inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        self._input = inputs[0]["index"]
        self.shape: tuple[int, ...] = tuple(int(n) for n in inputs[0]["shape"])
        expected = tuple(self.card["input"]["shape"])
        if len(inputs) != 1:
            raise ModelError(f"{self.path}: has {len(inputs)} inputs; a model with one, the picture, is needed")
        if self.shape != expected:
            raise ModelError(
                f"{self.path}: takes {self.shape}, but its card says {expected}; file and card must belong together"
            )
        self.size = (self.shape[1], self.shape[2])
        self.output_sizes = [int(np.prod(detail["shape"][1:])) for detail in self._outputs]
        self._table = _pixel_table(self.card["input"], inputs[0], self.path)

    def run(self, picture: Image) -> list[NDArray[np.float32]]:
        """Every output for one picture, dequantized, without the batch dimension.

        ``picture`` is uint8, (height, width) or (height, width, channels) of the input's size.
        """
        self._interpreter.set_tensor(self._input, self._table[picture].reshape(self.shape))
        self._interpreter.invoke()
        return [self._read(detail) for detail in self._outputs]

    def _read(self, detail: Mapping[str, Any]) -> NDArray[np.float32]:
        raw = self._interpreter.get_tensor(detail["index"])[0]
        scale, zero = detail["quantization"]
        values: NDArray[np.float32] = raw.astype(np.float32)
        return (values - zero) * scale if scale else values


def read_card(path: Path) -> dict[str, Any]:
    """The card beside a model file. Raises ModelError where it is missing or not a card."""
    card_path = path.with_suffix(".json")
    try:
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; {_mend(path, 'correct the path')}")
        card: dict[str, Any] = json.loads(card_path.read_text("utf-8"))
    except FileNotFoundError:
        do = _mend(path, "copy it there, too (fer-edge-convert quantize writes it)")
        raise ModelError(f"{card_path}: the model's card is missing; {do}") from None
    except (OSError, ValueError, RecursionError) as fault:
        why = getattr(fault, "strerror", None) or fault
        do = _mend(path, "correct it, or copy it there again")
        raise ModelError(f"{card_path}: the model's card cannot be read ({why}); {do}") from None
    wrong = _wrong_with(card)
    if wrong:
        do = _mend(path, "correct it, or convert the model again")
        raise ModelError(f"{card_path}: not a model card ({wrong}); {do}")
    return card


def _mend(path: Path, own: str) -> str:
    """What to do about a faulty file: a shipped one comes back with the package, a user's own does not."""
    return "reinstall fer-edge" if path.parent == MODELS else own


def _wrong_with(card: Any) -> str | None:
    """What keeps a card from being used, of the things that are read from it."""
    given = card.get("input") if isinstance(card, dict) else None
    if not isinstance(given, dict):
        return "input is missing"
    match given.get("shape"):
        case [int(), int(), int(), *_]:
            pass
        case _:
            return "input.shape is missing or not a shape"
    crop, labels = given.get("crop", {}), card.get("labels", [])
    if not isinstance(crop, dict):
        return "input.crop is not an object"
    numbers = {
        "scale": given.get("scale", 1.0),
        "offset": given.get("offset", 0.0),
        "crop.scale": crop.get("scale", 1.0),
    }
    for name, value in numbers.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            return f"input.{name} is not a number"
    if numbers["crop.scale"] <= 0:
        return "input.crop.scale is not above 0"
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return "labels is not a list of names"
    if len(set(labels)) < len(labels):
        return "labels has a name twice"
    return None


def shipped(name: str) -> Path:
    """The path of a model that ships with the package."""
    return MODELS / f"{name}.tflite"


def _checked(path: Path, card: Mapping[str, Any]) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ModelError(f"{path}: cannot be read ({fault.strerror}); correct its permissions or the path") from None
    expected = card.get("sha256")
    if expected and hashlib.sha256(content).hexdigest() != expected:
        do = _mend(path, "copy both files again, from one conversion")
        raise ModelError(f"{path}: damaged, or not the file its card describes (sha256 differs); {do}")
    if content[4:8] != b"TFL3":
        do = _mend(path, "give a .tflite file, as fer-edge-convert quantize writes it")
        raise ModelError(f"{path}: not a TensorFlow Lite model; {do}")
    return content


def _build(content: bytes, path: Path, runtime: str, threads: int) -> tuple[str, Any]:
    """An interpreter with its tensors allocated, from the first runtime that works."""
    names: Sequence[str] = list(_RUNTIMES) if runtime == "auto" else [runtime]
    fault = ""
    for name in names:
        try:
            module = importlib.import_module(_RUNTIMES[name])
        except ImportError as missing:
            fault = fault or f"{name} is not installed ({missing})"
            continue
        try:
            with _without_chatter():
                interpreter = module.Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()
        except Exception as broken:
            # tflite-runtime imports under numpy 2 and fails only here, so a failure may be the
            # runtime's or the model's: the next runtime tells.
            fault = f"{name}: {str(broken).strip().splitlines()[0] if str(broken).strip() else broken!r}"
            continue
        return name, interpreter
    if "not installed" in fault:
        other = "" if runtime == "auto" else "; set perception.runtime: auto, or install it"
        raise MissingExtra(f"no interpreter for {path.name}: {fault}{other}", _PACKAGES[runtime])
    raise ModelError(f"{path}: cannot be loaded ({fault}); {_mend(path, 'convert it again')} or choose another runtime")


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keeps the runtime's INFO lines, which no setting turns off, from stderr; everything else is passed on."""
    sys.stderr.flush()
    real = os.dup(2)
    held = os.memfd_create("stderr")
    os.dup2(held, 2)
    try:
        yield
    finally:
        os.dup2(real, 2)
        said = os.pread(held, os.fstat(held).st_size, 0)
        for line in said.splitlines(keepends=True):
            if not line.startswith(b"INFO:"):
                os.write(2, line)
        os.close(held)
        os.close(real)


def _pixel_table(card: Mapping[str, Any], detail: Mapping[str, Any], path: Path) -> NDArray[Any]:
    """What each of the 256 grey levels becomes at the input: scaling and quantization in one step."""
    real = np.arange(256, dtype=np.float32) * float(card.get("scale", 1 / 255)) + float(card.get("offset", 0.0))
    dtype = detail["dtype"]
    if dtype == np.float32:
        return real
    scale, zero = detail["quantization"]
    if not (np.issubdtype(dtype, np.integer) and scale):
        raise ModelError(f"{path}: its input is neither float32 nor quantized integers; convert it again")
    limits = np.iinfo(dtype)
    table: NDArray[Any] = np.clip(np.round(real / scale + zero), limits.min, limits.max).astype(dtype)
    return table
