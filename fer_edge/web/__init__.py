"""The live page: what the camera sees, what it means, and how the node is. Needs the extra ``web``."""

from fer_edge.web.page import LivePage

__all__ = ["LivePage"]
