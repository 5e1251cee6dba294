"""The one source of the dashboards and of METRICS.md.

What is committed under grafana/ beside it is its output; `python -m grafana.generator`, called in
the repository's own directory, writes it anew.
"""
