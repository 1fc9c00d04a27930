"""Settings of what reads the picture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fer_edge.settings.base import Section


class HaarDetector(Section):
    """OpenCV's cascade: no model file, frontal faces only."""

    kind: Literal["haar"] = "haar"
    cascade: str | None = Field(None, description="path of a cascade XML; empty: OpenCV's frontal face")
    scale_factor: float = Field(1.15, gt=1.0, le=2.0, description="scale step between search sizes")
    min_neighbours: int = Field(5, ge=1, le=50, description="number of agreeing windows required for a face")
    width: int = Field(320, ge=64, le=1920, description="width to which the picture is scaled for the search, pixels")


class YuNetDetector(Section):
    """OpenCV Zoo's YuNet through cv2.FaceDetectorYN; you provide the ONNX file."""

    kind: Literal["yunet"] = "yunet"
    path: str = Field(description="path of the YuNet ONNX file")
    score: float = Field(0.7, gt=0, lt=1, description="minimum score of a face")
    width: int = Field(320, ge=64, le=1920, description="width to which the picture is scaled for the search, pixels")


class TinyDetector(Section):
    """The network shipped with fer-edge, for all head poses of a driver and all lighting."""

    kind: Literal["tiny"] = "tiny"
    path: str | None = Field(
        None, description="path of your own detector, with its card next to it; empty: the shipped one"
    )
    score: float = Field(
        0.6,
        gt=0,
        lt=1,
        description="score from which the detector is sure; below it, the landmark network must be certain",
    )


Detector = Annotated[HaarDetector | YuNetDetector | TinyDetector, Field(discriminator="kind")]


class PerceptionSettings(Section):
    """Face detection and signals."""

    detector: Detector = Field(
        TinyDetector(), description="face detector: kind tiny, haar or yunet, each with its own settings"
    )
    runtime: Literal["auto", "litert", "tflite-runtime"] = Field(
        "auto", description="interpreter of the models: auto, litert, tflite-runtime"
    )
    threads: int = Field(1, ge=1, le=16, description="threads of each model; more than 1 is slower on a busy machine")
    min_face: int = Field(32, ge=16, le=1000, description="smallest face considered, pixels")
    seat: Literal["largest", "left", "right"] = Field(
        "largest", description="which face is the driver's: largest, or the left / right one in the picture"
    )
    max_people: int = Field(8, ge=1, le=64, description="maximum number of faces followed in profile kiosk")


class EmotionSettings(Section):
    """Expressions. If disabled, the model is never loaded."""

    enabled: bool = Field(True, description="read expressions; the EU AI Act restricts this at work (see README)")
    model: str | None = Field(
        None, description="path of your own .tflite expression model, with its card next to it; empty: the shipped one"
    )
    rate_hz: float = Field(5.0, gt=0, le=60, description="expression readings of a face, per second")
    window_s: float = Field(1.0, ge=0, le=30, description="time constant of the smoothing of probabilities, seconds")
    margin: float = Field(
        0.15, ge=0, le=1, description="margin over the runner-up that makes an expression the leading one"
    )
    hold_s: float = Field(2.0, ge=0, le=60, description="how long it must lead before an event is raised, seconds")
