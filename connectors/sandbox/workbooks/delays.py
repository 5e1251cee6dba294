"""Delaying redirects: how Workbooks slows a caller down (workbooks-api §11, A10).

A delayed request is kept, not executed. Whoever gets the delaying URL, with neither body nor
cookie, waits and receives the original answer or another redirect; whoever repeats the request to
its own URL receives the same.
"""

from collections import OrderedDict
from dataclasses import dataclass

from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.refusals import Redirect, not_found
from connectors.sandbox.workbooks.world import WorkbooksWorld

DELAY_PATH = "/delay/"
_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """One request, complete enough to be executed later."""

    method: str
    path: str
    params: Params
    session_id: str | None
    user_agent: str

    def fingerprint(self) -> str:
        """Equal for two sendings of the same request by the same sender."""
        return "\n".join((self.method, self.path, self.session_id or "", self.params.fingerprint()))


@dataclass(slots=True)
class _Kept:
    call: Call
    hops_left: int


class Delays:
    """Requests being delayed, by single-use token and by what a repetition looks like."""

    def __init__(self, world: WorkbooksWorld) -> None:
        self._world = world
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._repeatable: OrderedDict[str, int] = OrderedDict()
        self._turn = 0

    def consider(self, call: Call) -> None:
        """Delay this request if it is its turn, or if it repeats one that has hops left.

        Raises:
            Redirect: to the delaying URL.
        """
        knobs = self._world.knobs
        if not knobs.delay_every and not self._repeatable:
            return
        fingerprint = call.fingerprint()
        hops_left = self._repeatable.pop(fingerprint, None)
        if hops_left is not None:
            self._world.delays.repeated += 1
        else:
            self._turn += 1
            if not knobs.delay_every or self._turn % knobs.delay_every:
                return
            hops_left = knobs.delay_hops
        if hops_left <= 0:
            return
        self._repeatable[fingerprint] = hops_left - 1
        _trim(self._repeatable)
        raise self._redirect(_Kept(call, hops_left - 1))

    def follow(self, token: str) -> Call:
        """The request behind a delaying URL, once its hops are used up; each token works once.

        Raises:
            Refusal: 404, a token never issued or used before.
            Redirect: to the next hop.
        """
        kept = self._kept.pop(token, None)
        if kept is None:
            raise not_found()
        self._world.delays.followed += 1
        if kept.hops_left > 0:
            kept.hops_left -= 1
            raise self._redirect(kept)
        self._repeatable.pop(kept.call.fingerprint(), None)
        return kept.call

    def _redirect(self, kept: _Kept) -> Redirect:
        self._world.delays.issued += 1
        token = f"{self._world.rng.getrandbits(128):032x}"
        self._kept[token] = kept
        _trim(self._kept)
        return Redirect(f"{DELAY_PATH}{token}")


def _trim(kept: OrderedDict[str, _Kept] | OrderedDict[str, int]) -> None:
    """Forget the oldest that nobody came back for."""
    while len(kept) > _KEPT_MAX:
        kept.popitem(last=False)
