"""Networks that Keras 2 saved, told so that Keras 3 understands them.

Keras 3 reads many .h5 files of Keras 2 by itself, but no architecture (.json), no .keras file (2.12 to 2.15), no
network within a functional one, no depthwise convolution and no layer that varies pictures at random.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

UNKNOWN = {
    "DepthwiseConv2D": ("groups",),
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
}
"""Settings by layer that Keras 3 refuses and that said nothing: groups were always 1, the kernels have others."""
NEWER = ("module", "registered_name", "build_config", "rng_type")
"""What the last versions of Keras 2 added, in a form that Keras 3 takes for its own and misreads."""


def wrote(architecture: Any) -> bool:
    """Whether Keras 2 wrote an architecture: Keras 3 names a module beside every class."""
    return isinstance(architecture, dict) and "class_name" in architecture and "module" not in architecture


def opened(path: Path) -> Any:
    """The network in an .h5 or .keras file of Keras 2, with its weights; None where another program wrote it."""
    import h5py

    if path.suffix.lower() == ".keras":
        return _of_archive(path) if zipfile.is_zipfile(path) else None
    with h5py.File(path) as file:
        told = json.loads(file.attrs["model_config"]) if "model_config" in file.attrs else None
    if told is None or not wrote(told):
        return None
    model = rebuilt(told)
    model.load_weights(path)
    return model


def _of_archive(path: Path) -> Any:
    import h5py

    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        if not json.loads(archive.read("metadata.json")).get("keras_version", "").startswith("2."):
            return None
        model = rebuilt(json.loads(archive.read("config.json")))
        weights = Path(archive.extract("model.weights.h5", folder))
        with h5py.File(weights, "r+") as file:
            _rename_layers(file)
        model.load_weights(weights)
        return model


def _rename_layers(group: Any) -> None:
    """Call layers what Keras 3 calls them: before 2.14 they stood under the name of a property."""
    import h5py

    if "_layer_checkpoint_dependencies" in group and "layers" not in group:
        group.move("_layer_checkpoint_dependencies", "layers")
    for inner in [inner for inner in group.values() if isinstance(inner, h5py.Group)]:
        _rename_layers(inner)


def rebuilt(architecture: dict[str, Any]) -> Any:
    """The network that Keras 2 described, without its weights."""
    from keras.src.legacy.saving import saving_utils

    return saving_utils.model_from_config(_plain(architecture))


def _plain(told: Any) -> Any:
    """As the first versions of Keras 2 wrote it, which is what Keras 3 still reads, without what it refuses."""
    if isinstance(told, list):
        return [_plain(part) for part in told]
    if not isinstance(told, dict):
        return told
    plain = {name: _plain(part) for name, part in told.items() if name not in NEWER}
    if "output_layers" in plain:
        _number_calls(plain)
    if isinstance(plain.get("config"), dict):
        for name in UNKNOWN.get(plain.get("class_name", ""), ()):
            plain["config"].pop(name, None)
    return plain


def _number_calls(network: dict[str, Any]) -> None:
    """Number the calls of networks within a functional one from 0, and let one output be no list of one.

    In Keras 2 the call that made a network was its first; of functional ones Keras 3 allows for that in outputs.
    """
    inner = {layer["name"]: layer["class_name"] for layer in network["layers"] if _has_input(layer)}
    for layer in network["layers"]:
        for source in (source for call in layer["inbound_nodes"] for source in call if source[0] in inner):
            source[1] -= 1
    for source in (source for source in network["output_layers"] if inner.get(source[0]) == "Sequential"):
        source[1] -= 1
    for side in ("input_layers", "output_layers"):
        if len(network[side]) == 1:
            network[side] = network[side][0]


def _has_input(layer: dict[str, Any]) -> bool:
    parts: Any = layer["config"].get("layers", ()) if isinstance(layer["config"], dict) else ()
    return bool(parts) and parts[0]["class_name"] == "InputLayer"
