"""Pictures with labels, read whole and checked: Kaggle CSV, folder trees and .npz files."""

from convert.data.dataset import Dataset, class_weights, stratified_split
from convert.data.load import Want, load, load_training, load_unlabelled, reshaped

__all__ = [
    "Dataset",
    "Want",
    "class_weights",
    "load",
    "load_training",
    "load_unlabelled",
    "reshaped",
    "stratified_split",
]
