"""Query parameters as the API reads them: any bracket encoding, repeated names (§16.9)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters in order; where one name comes twice the last one counts."""

    pairs: tuple[tuple[str, str], ...]

    @staticmethod
    def parse(query_string: bytes) -> "Query":
        """Read a raw query string."""
        return Query(tuple(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)))

    def get(self, name: str) -> str | None:
        """The last value of a name."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    def is_true(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.get(name) == "true"

    def grouped(self, prefix: str) -> Iterator[tuple[str, list[str]]]:
        """Names that begin so, each once, with their values in order and without repeats."""
        found: dict[str, dict[str, None]] = {}
        for key, value in self.pairs:
            if key.startswith(prefix):
                found.setdefault(key, {})[value] = None
        return ((key, list(values)) for key, values in found.items())

    def with_changes(self, changes: Mapping[str, str | None]) -> str:
        """The query string of a link: sorted by name, None removes (§6.1)."""
        lists = [(key, value) for key, value in self.pairs if key.endswith("[]")]
        scalars = {key: value for key, value in self.pairs if not key.endswith("[]")}
        for key, value in changes.items():
            scalars.pop(key, None)
            if value is not None:
                scalars[key] = value
        return urlencode(sorted([*dict.fromkeys(lists), *scalars.items()]))
