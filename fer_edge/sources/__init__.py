"""Where frames come from: :func:`make_source` turns a user's word into one, :func:`cameras` lists what is there."""

from fer_edge.sources.camera import cameras
from fer_edge.sources.choose import make_source

__all__ = ["cameras", "make_source"]
