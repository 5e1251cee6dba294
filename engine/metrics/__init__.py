"""The metrics: what is counted (`catalogue`) and by what it is told apart (`labels`)."""

from engine.metrics.catalogue import Metrics
from engine.metrics.families import PREFIX

__all__ = ["PREFIX", "Metrics"]
