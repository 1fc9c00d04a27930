"""One engine for every task: schedules, averaged weights, checkpoints, history, teachers."""

from convert.training.checkpoint import checked
from convert.training.engine import Lessons, Pupil, fit
from convert.training.options import TrainOptions, add_training_arguments, training_options

__all__ = ["Lessons", "Pupil", "TrainOptions", "add_training_arguments", "checked", "fit", "training_options"]
