"""PromQL out of named pieces: every selector asks for the chosen instances only.

Metrics are named without the service's prefix; stock metrics of the process keep their names.
"""

from __future__ import annotations

from engine.metrics import PREFIX

# What every selector carries, so that the variables `job` and `instance` choose for all panels.
CHOSEN = 'job=~"$job", instance=~"$instance"'
_STOCK = ("process_", "python_", "ALERTS", "up")
INSTANCE = ("job", "instance")
# What grafana/prometheus.yml tells the processes of one pair apart by.
PROCESS = "process"
# Whether a process is scraped: the one metric that does not come from the service.
UP = f"up{{{CHOSEN}}}"


def metric(name: str, *matchers: str) -> str:
    """A selector; matchers are written as PromQL writes them, as in `kind="opportunity"`."""
    whole = name if name.startswith(_STOCK) or ":" in name else f"{PREFIX}_{name}"
    return f"{whole}{{{', '.join((CHOSEN, *matchers))}}}"


# Recorded: whether a process of the pair works, while others may stand by.
WORKS = metric("instance:wosync_works:bool")


def one_of(label: str, *values: str) -> str:
    """A matcher for any of the values."""
    return f'{label}=~"{"|".join(values)}"'


def total(name: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The sum of a gauge over the chosen instances.

    Of two processes that took turns between two scrapes both are seen: they are not added up.
    """
    told = metric(name, *matchers)
    return f"sum{_by(by)} ({told if ':' in name else f'max without ({PROCESS}) ({told})'})"


def worst(name: str, *matchers: str, by: tuple[str, ...] = INSTANCE) -> str:
    """The largest value of a gauge."""
    return f"max{_by(by)} ({metric(name, *matchers)})"


def per_minute(counter: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The present rate of a counter, by the minute."""
    return f"60 * {per_second(counter, *matchers, by=by)}"


def recorded_per_minute(rate: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """A rate that is recorded over two minutes, by the minute."""
    return f"60 * {total(f'instance:{PREFIX}_{rate}:rate2m', *matchers, by=by)}"


def per_second(counter: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The present rate of a counter."""
    return f"sum{_by(by)} (rate({metric(counter, *matchers)}[$__rate_interval]))"


def grown(counter: str, *matchers: str, by: tuple[str, ...] = (), over: str = "$__range") -> str:
    """By how much a counter grew."""
    return f"sum{_by(by)} (increase({metric(counter, *matchers)}[{over}]))"


def quantile(share: float, histogram: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """What `share` of the observations did not exceed; while there are none, one of that name."""
    found = (
        f"histogram_quantile({share}, "
        f"{per_second(f'{histogram}_bucket', *matchers, by=('le', *by))})"
    )
    if not by:
        return found
    observed = per_second(f"{histogram}_count", *matchers)
    return f'{found} >= 0 or label_replace({observed} == 0, "{by[0]}", "none", "", "")'


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


def alive(expr: str) -> str:
    """The same by instance, and no number at the moment for one of which no process works.

    Without it the last number of a service that died hours ago would be shown as the present one.
    """
    return f"max by (job, instance) ({expr}) or ({WORKS} == 0) * NaN"


def unlike_zero(expr: str, label: str) -> str:
    """Only the series that are not 0; where all of them are, one of that name: none."""
    return f'({expr}) > 0 or label_replace(sum ({expr}) == 0, "{label}", "none", "", "")'


def at_least(least: float, expr: str, label: str) -> str:
    """Only the series that come to so much; where none does, one at 0 of that name: none."""
    none = f'label_replace(0 * (max ({expr}) < {least}), "{label}", "none", "", "")'
    return f"({expr}) >= {least} or {none}"


def over_all(expr: str, worst: str = "max") -> str:
    """The worst of the chosen instances; none where the worst of them is not scraped."""
    return f"{worst} ({expr})"


def side_by_side(**series: str) -> str:
    """Several expressions as one query, told apart by the label `what`; their names are words."""
    return " or ".join(
        f'label_replace({expr}, "what", "{name.replace("_", " ")}", "", "")'
        for name, expr in series.items()
    )


def setting(key: str) -> str:
    """A numeric setting in force."""
    return metric("config_setting", f'setting="{key}"')


def _by(names: tuple[str, ...]) -> str:
    return f" by ({', '.join(names)})" if names else ""
