"""``quantize`` for classifiers: calibrated, converted, compared with its float parent, or refused."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import calibration, layers, metrics
from convert.arguments import class_names, number, whole
from convert.backend import load_keras
from convert.card import check_place, read_notes, write_model
from convert.data import Dataset, Want, load_training
from convert.data.load import add_data_arguments
from convert.errors import AgreementError, ModelError, UsageError
from convert.networks import load_model, predict, with_mirror, with_softmax
from convert.predictors import Predictor, are_probabilities, check_card, input_shape, read_card
from convert.preprocess import SCALINGS, Preprocess
from convert.tflite import MODES, Runner, convert

OF_THE_PARENT = ("options", "averaged")
"""What a float model's card says of that model only."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``quantize --task expression``."""
    add = parser.add_argument
    add("model", type=Path, help="trained Keras model: .keras, .h5, or an architecture .json with --weights")
    add("--weights", type=Path, help="weights of an architecture .json")
    add_data_arguments(parser)
    add("--mode", choices=MODES, default="int8")
    add("--out", type=Path, required=True, help="the .tflite file; its card is written beside it")
    add("--samples", type=whole(), default=500, help="training pictures that int8 takes its ranges from")
    add("--min-agreement", type=number(), default=0.98, help="share of val pictures with the float model's answer")
    add("--layers", action="store_true", help="say of every layer how far it is from the float model's, in decibels")
    add("--labels", type=class_names, help="7, 5, 3 or names in the model's order, where it has no card")
    add("--scaling", choices=tuple(SCALINGS), help="its input, where it has no card: -1..1, 0..1, 0..255")
    add("--no-calibrate", action="store_true", help="leave the probabilities' temperature as trained")
    add("--fit-bias", type=whole(0), default=0, metavar="N", help="fit class biases on N training pictures' labels")
    add("--mirror", action="store_true", help="one file that averages over a face and its mirror image: twice the work")
    add("--notes", type=Path, help="YAML of entries for the card: data, terms, not_for, input.crop …")
    add("--seed", type=whole(0), default=1, help="of the choice of samples")


def quantize(args: argparse.Namespace) -> int:
    """Convert; returns 0. Raises AgreementError, and writes nothing, where int8 lost too much."""
    check_place(args.out)
    notes = read_notes(args.notes)
    load_keras("tensorflow")
    model = load_model(args.model, args.weights)
    card = read_card(args.model) or {}
    labels, prepare = _interface(args, model, card)
    want = Want(prepare.size, prepare.channels, labels)
    train, held = load_training(args.data, want, val=args.val, fraction=args.val_fraction, seed=args.split_seed)
    inputs = prepare(held.images)
    looks = [inputs, inputs[:, :, ::-1]] if args.mirror else [inputs]
    before = _said(model, looks)
    if not are_probabilities(before[0]):
        print(f"{args.model}: it ends in logits; a softmax is added", file=sys.stderr)
        model = with_softmax(model)
        before = _said(model, looks)
    bias = _fit_bias(model, train, prepare, args)
    temperature = None if args.no_calibrate else _calibrate(model, _said(model, looks), held)
    model = with_mirror(model) if args.mirror else model
    parent = predict(model, inputs)
    content = convert(model, args.mode, prepare(_samples(train, args)), prepare.size)
    child = Predictor(args.out, labels, prepare, Runner(content)).probabilities(held.images)
    if args.layers:
        for name, decibels in _layers(model, content, inputs, prepare.size):
            print(f"layer {name:12} {decibels:6.1f} dB", file=sys.stderr)
    agreement = float((parent.argmax(axis=1) == child.argmax(axis=1)).mean())
    if agreement < args.min_agreement:
        lost = layers.told(_layers(model, content, inputs, prepare.size)) or "not known"
        raise AgreementError(
            f"{args.out}: not written; {_disagreement(parent, child, held, args)}; most is lost in layers {lost}"
        )
    figures = {
        "data": f"{Path(held.source).name}, {len(held)} pictures, {_trained_on(card)}",
        "float": _figures(parent, held),
        args.mode: _figures(child, held),
        "agreement": round(agreement, 4),
        "calibration": _calibration_figures(before.mean(axis=0), child, held, temperature)
        | ({"bias": bias, "bias_fitted_on": f"{args.fit_bias} training pictures"} if bias else {}),
    }
    base = {name: value for name, value in card.items() if name not in OF_THE_PARENT}
    base |= {"labels": list(labels), "input": prepare.card(), "output": "probabilities"}
    if args.mirror:
        base["mirrored"] = "the mean over the picture and its mirror image, within the file"
    base |= {"figures": figures, "quantization": args.mode}
    whole = write_model(args.out, content, base, notes)
    print(
        f"{args.out}: {whole['bytes'] / 1024:.0f} KiB, {whole['macs'] / 1e6:.1f} M MACs, agreement {agreement:.4f}, "
        f"accuracy {figures['float']['accuracy']:.4f} float, {figures[args.mode]['accuracy']:.4f} {args.mode}",
        file=sys.stderr,
    )
    return 0


def _trained_on(card: dict[str, Any]) -> str:
    """Whether the model has learned from its validation pictures: known only of what ``train`` made."""
    return "none trained on" if "options" in card else "whether it was trained on them is not known"


def _interface(args: argparse.Namespace, model: Any, card: dict[str, Any]) -> tuple[tuple[str, ...], Preprocess]:
    labels = args.labels or tuple(card.get("labels", ()))
    if not labels:
        raise UsageError(f"{args.model}: it has no card beside it; say --labels (7, 5, 3 or names in its order)")
    given = getattr(model, "output_shape", None)
    if not isinstance(given, tuple) or len(given) != 2:
        raise ModelError(f"{args.model}: its output is {given}, not one row of values a picture (N, classes)")
    if given[-1] != len(labels):
        raise UsageError(f"{args.model}: it gives {given[-1]} values for {len(labels)} labels ({', '.join(labels)})")
    if args.scaling is None and not card:
        raise UsageError(f"{args.model}: it has no card beside it; say --scaling ({', '.join(SCALINGS)})")
    told = Preprocess.from_card(card) if card else Preprocess()
    shape = input_shape(model, told.size)
    if args.scaling is None:
        check_card(args.model, told, shape)
        return labels, told
    return labels, Preprocess(shape[1], shape[3], *SCALINGS[args.scaling])


def _samples(train: Dataset, args: argparse.Namespace) -> NDArray[np.uint8]:
    """Training pictures, and two flat ones that pin the input's range to all of 0 to 255."""
    chosen = np.random.default_rng(args.seed).permutation(len(train))[: args.samples]
    images = train.images[np.sort(chosen)]
    split = images[:1].copy()
    split[:, : split.shape[1] // 2], split[:, split.shape[1] // 2 :] = 0, 255
    return np.concatenate([images, split])


def _said(model: Any, looks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Outputs (looks, N, classes) of a model for the same pictures seen in several ways."""
    return np.stack([predict(model, look) for look in looks])


def _fit_bias(model: Any, train: Dataset, prepare: Preprocess, args: argparse.Namespace) -> list[float] | None:
    """Fit class biases on training labels and fold them in; None where not asked for."""
    if not args.fit_bias:
        return None
    chosen = np.random.default_rng(args.seed).permutation(len(train))[: args.fit_bias]
    probabilities = predict(model, prepare(train.images[chosen]))
    bias = calibration.fit_bias(np.log(np.maximum(probabilities, 1e-9)), train.labels[chosen])
    if not calibration.fold(model, 1.0, bias):
        raise UsageError(f"{args.model}: --fit-bias needs a dense layer with a bias and a softmax at the end")
    return [round(float(value), 4) for value in bias]


def _calibrate(model: Any, probabilities: NDArray[np.float32], held: Dataset) -> float | None:
    """Fit the temperature on one half of val and fold it in; None where the model has no softmax end.

    ``probabilities`` are (looks, N, classes).
    """
    fitted, _ = calibration.halves(len(held))
    logits = np.log(np.maximum(probabilities[:, fitted], 1e-9))
    temperature = calibration.fit_temperature(logits, held.labels[fitted])
    if calibration.fold(model, temperature):
        return temperature
    print("no dense softmax at the end: the probabilities stay as trained", file=sys.stderr)
    return None


def _calibration_figures(
    before: NDArray[np.float32], child: NDArray[np.float32], held: Dataset, temperature: float | None
) -> dict[str, Any]:
    """Calibration error on the half of val the temperature was not fitted on."""
    _, measured = calibration.halves(len(held))
    labels = held.labels[measured]
    return {
        "temperature": None if temperature is None else round(temperature, 4),
        "folded_in": temperature is not None,
        "ece_before": round(metrics.calibration_error(before[measured], labels), 4),
        "ece_after": round(metrics.calibration_error(child[measured], labels), 4),
        "measured_on": f"the half of val not fitted on, {len(measured)} pictures",
    }


def _figures(probabilities: NDArray[np.float32], held: Dataset) -> dict[str, float]:
    report = metrics.report(probabilities, held.labels, held.classes)
    figures = {name: report[name] for name in ("accuracy", "macro_f1", "log_loss", "ece")}
    majority = held.vote_majority()
    known = majority >= 0
    if known.any():
        right = probabilities.argmax(axis=1)[known] == majority[known]
        figures |= {"ferplus_accuracy": round(float(right.mean()), 4), "ferplus_n": int(known.sum())}
    return figures


def _layers(model: Any, content: bytes, inputs: NDArray[np.float32], size: int) -> list[tuple[str, float]]:
    """Signal to noise of every layer of a converted model, over a few validation pictures."""
    return layers.signal_to_noise(convert(model, "float32", size=size), content, inputs[:: max(1, len(inputs) // 32)])


def _disagreement(
    parent: NDArray[np.float32], child: NDArray[np.float32], held: Dataset, args: argparse.Namespace
) -> str:
    """By class and by probability, where the two models part."""
    same = parent.argmax(axis=1) == child.argmax(axis=1)
    theirs = {name: parent.argmax(axis=1) == label for label, name in enumerate(held.classes)}
    by_class = ", ".join(f"{name} {same[chosen].mean():.3f}" for name, chosen in theirs.items() if chosen.any())
    gap = np.abs(parent - child).max(axis=1)
    return (
        f"{args.mode} agrees with float on {same.mean():.4f} of {len(same)} pictures, under --min-agreement "
        f"{args.min_agreement}. By the float model's class: {by_class}; probabilities move by {np.median(gap):.3f} "
        f"(median), {gap.max():.3f} (most)"
    )
