"""One training loop for every task: schedules, averaged weights, checkpoints, history."""

from convert.training.checkpoint import checked
from convert.training.loop import Task, fit
from convert.training.options import TrainOptions, add_training_arguments, training_options

__all__ = ["Task", "TrainOptions", "add_training_arguments", "checked", "fit", "training_options"]
