"""The metrics: what is counted (`catalogue`) and by what it is told apart (`labels`)."""

from engine.metrics.catalogue import PREFIX, Metrics

__all__ = ["PREFIX", "Metrics"]
