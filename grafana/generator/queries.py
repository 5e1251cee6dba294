"""PromQL out of named pieces: every selector asks for the chosen instances only.

Metrics are named without the service's prefix; stock metrics of the process keep their names.
"""

from __future__ import annotations

from engine.metrics import PREFIX

# What every selector carries, so that the variables `job` and `instance` choose for all panels.
CHOSEN = 'job=~"$job", instance=~"$instance"'
_STOCK = ("process_", "python_")
INSTANCE = ("job", "instance")
# Long enough for a pace to be one; the same wherever an end is foretold.
PACE = "15m"
PACE_S = 900


def metric(name: str, *matchers: str) -> str:
    """A selector; matchers are written as PromQL writes them, as in `kind="opportunity"`."""
    whole = name if name.startswith(_STOCK) or ":" in name else f"{PREFIX}_{name}"
    return f"{whole}{{{', '.join((CHOSEN, *matchers))}}}"


def one_of(label: str, *values: str) -> str:
    """A matcher for any of the values."""
    return f'{label}=~"{"|".join(values)}"'


def total(name: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The sum of a gauge over the chosen instances."""
    return f"sum{_by(by)} ({metric(name, *matchers)})"


def worst(name: str, *matchers: str, by: tuple[str, ...] = INSTANCE) -> str:
    """The largest value of a gauge."""
    return f"max{_by(by)} ({metric(name, *matchers)})"


def per_second(counter: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The present rate of a counter."""
    return f"sum{_by(by)} (rate({metric(counter, *matchers)}[$__rate_interval]))"


def grown(counter: str, *matchers: str, by: tuple[str, ...] = (), over: str = "$__range") -> str:
    """By how much a counter grew."""
    return f"sum{_by(by)} (increase({metric(counter, *matchers)}[{over}]))"


def quantile(share: float, histogram: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """What `share` of the observations did not exceed."""
    return (
        f"histogram_quantile({share}, "
        f"{per_second(f'{histogram}_bucket', *matchers, by=('le', *by))})"
    )


def cells(histogram: str, *matchers: str) -> str:
    """The buckets of a histogram, for a heatmap."""
    return grown(f"{histogram}_bucket", *matchers, by=("le",), over="$__rate_interval")


def mean(histogram: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The mean observation."""
    return (
        f"{per_second(f'{histogram}_sum', *matchers, by=by)}"
        f" / {per_second(f'{histogram}_count', *matchers, by=by)}"
    )


def age(timestamp: str, by: str) -> str:
    """Seconds since a moment; 0 while it has not come."""
    moment = metric(timestamp)
    return f"time() - max by ({by}) ({moment} > 0) or 0 * max by ({by}) ({moment})"


def setting(key: str) -> str:
    """A numeric setting in force."""
    return metric("config_setting", f'setting="{key}"')


def _by(names: tuple[str, ...]) -> str:
    return f" by ({', '.join(names)})" if names else ""
