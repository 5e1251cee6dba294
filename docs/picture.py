"""Draw demo.svg, the picture of the demo, from what the demo shows: python docs/picture.py"""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 116
BEGIN, END = "2  A working day", "Left in error"
TO = Path(__file__).with_name("demo.svg")
_STYLE = (
    "font-family: Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: {char_height}px;"
    " white-space: pre"
)
# As the library draws a terminal, but without the web fonts that it asks another machine for.
FORMAT = (
    """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>wosync demo: edits arrive, and what happened</title>
<style>.{unique_id}-matrix {{ """
    + _STYLE
    + """ }}
{styles}</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
)


def main() -> None:
    """Run the demo, and draw its second half."""
    shown = subprocess.run(
        [sys.executable, "-m", "engine", "demo"],
        env={**os.environ, "COLUMNS": str(COLUMNS)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    console = Console(record=True, width=COLUMNS, file=StringIO())
    for line in ("$ make demo", "…", *_between(shown.splitlines())):
        console.print(_coloured(line), soft_wrap=True)
    svg = console.export_svg(title="wosync demo", code_format=FORMAT, unique_id="demo")
    TO.write_text(re.sub(r' clip-path="[^"]*"|[ \t]+(?=\n)', "", svg), encoding="utf-8")


def _coloured(line: str) -> Text:
    text = Text(line, style="bold" if re.match(r"\d  |\$", line) else "")
    text.highlight_regex(r"(OPP|PERS)-\d+", "cyan")
    text.highlight_regex(r"→ .*(?= after)", "green")
    text.highlight_regex(r"Duplicates in Outreach   0", "bold green")
    return text


def _between(lines: list[str]) -> list[str]:
    first = next(at for at, line in enumerate(lines) if line.startswith(BEGIN))
    last = next(at for at, line in enumerate(lines) if line.startswith(END))
    return lines[first : last - 1]


if __name__ == "__main__":
    main()
