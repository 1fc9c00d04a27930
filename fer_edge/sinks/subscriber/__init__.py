"""The other side: listens to a node's topics."""

from fer_edge.sinks.subscriber.subscriber import Subscriber

__all__ = ["Subscriber"]
