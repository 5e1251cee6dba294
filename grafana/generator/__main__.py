"""Write the dashboards, METRICS.md and the generated pages of docs where they are committed."""

from __future__ import annotations

from grafana.generator.output import write

if __name__ == "__main__":
    write()
