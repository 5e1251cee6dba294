"""The commands about records: asked about, planned, acted on and undone."""

from __future__ import annotations

from pathlib import Path

from engine.cli.offered import BY, SORTS, codes, one_of, references
from engine.cli.services import OF_A_PAIR
from engine.command import CSV, JSON, AnyPath, Argument, Command, Whole, flag, option


def _plan(
    config: Path | None,
    *,
    ref: tuple[str, ...],
    sample: int | None,
    mapping: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Show what would be created, changed and flagged, and what it costs; does none of it.

    Example: wosync plan --out monday.plan

    Example: wosync plan --mapping new.toml --sample 50
    """
    from engine.cli.planning import plan

    return plan(config, refs=ref, sample=sample, mapping=mapping, out=out, as_json=as_json)


def _apply(plan: Path, config: Path | None, *, as_json: bool) -> int:
    """Do what a plan says and nothing else; leave out, with a list, what has changed since.

    Example: wosync apply monday.plan

    Example: wosync apply monday.plan --json
    """
    from engine.cli.applying import apply

    return apply(config, plan, as_json=as_json)


def _adopt(config: Path | None, *, out: Path | None, as_json: bool, as_csv: bool) -> int:
    """Show what another program, such as the vendor's plugin, has left; does nothing about it.

    Example: wosync adopt --out plugin.plan

    Example: wosync adopt --csv
    """
    from engine.cli.adopting import adopt

    return adopt(config, out=out, as_json=as_json, as_csv=as_csv)


def _shadow(config: Path | None, *, as_json: bool, everything: bool) -> int:
    """Show what `run --shadow` would have sent since it began, and what others have done of it.

    Example: wosync shadow

    Example: wosync shadow --json
    """
    from engine.cli.shadowing import shadow

    return shadow(config, as_json=as_json, everything=everything)


def _approve(
    config: Path | None, *, only: tuple[str, ...], beside: tuple[str, ...], yes: bool, as_json: bool
) -> int:
    """Show a mass change that was stopped for being larger than [fuse] allows; let it go on.

    Example: wosync approve

    Example: wosync approve --except OPP-17 --yes
    """
    from engine.cli.approving import approve

    return approve(config, only=only, beside=beside, yes=yes, as_json=as_json)


def _history(
    x: str | None,
    config: Path | None,
    *,
    since: str | None,
    run: int | None,
    runs: bool,
    limit: int,
    page: int,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Show every decision about a record, with its reason and what was written for it.

    Example: wosync history OPP-17

    Example: wosync history --run 12 --csv
    """
    from engine.cli.history import Asked, history, list_runs

    if runs:
        return list_runs(config, limit=limit, page=page, as_json=as_json, as_csv=as_csv)
    asked = Asked(x, since, run, limit, page)
    return history(config, asked, as_json=as_json, as_csv=as_csv)


def _undo(
    x: str | None,
    config: Path | None,
    *,
    run: int | None,
    since: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Give back what was overwritten, where nobody has changed it since; shows it first.

    Example: wosync undo --run 12

    Example: wosync undo OPP-17 --since 2h --yes
    """
    from engine.cli.undoing import undo

    return undo(config, x, run=run, since=since, yes=yes, as_json=as_json)


def _why(x: str, config: Path | None, *, offline: bool, as_json: bool) -> int:
    """Say why an opportunity or person is in step or not, and what to do.

    Example: wosync why OPP-17

    Example: wosync why https://web.example.com/prospects/4711 --offline
    """
    from engine.cli.why import why

    return why(config, x, offline=offline, as_json=as_json)


def _list(
    config: Path | None,
    *,
    blank: str | None,
    by: str | None,
    sort: str,
    reverse: bool,
    limit: int | None,
    page: int,
    as_json: bool,
    as_csv: bool,
    **kinds: bool,
) -> int:
    """List the records that wait, are held, refused, or lack a field, since when and why.

    Example: wosync list --waiting --by reason

    Example: wosync list --blank owner --csv
    """
    from engine.cli.listing import Asked, list_records

    named = [kind for kind in KINDS if kinds[kind]]
    asked = Asked(named, blank, by, sort, descending=reverse, limit=limit, page=page)
    return list_records(config, asked, as_json=as_json, as_csv=as_csv)


def _retry(
    x: tuple[str, ...], config: Path | None, *, reason: str | None, everything: bool, as_json: bool
) -> int:
    """Reset our error flags and try the records again; a flag of somebody else stays.

    Example: wosync retry OPP-17 PERS-4

    Example: wosync retry --reason value-too-long
    """
    from engine.cli.acting import retry

    return retry(config, x, code=reason, everything=everything, as_json=as_json)


def _skip(x: tuple[str, ...], config: Path | None, *, reason: str, as_json: bool) -> int:
    """Leave opportunities or people alone, whatever the source says, until they are unskipped.

    Example: wosync skip OPP-17 --reason "being merged with OPP-9"

    Example: wosync skip PERS-4 PERS-5 --reason "asked not to be contacted"
    """
    from engine.cli.acting import skip

    return skip(config, x, reason=reason, as_json=as_json)


def _unskip(x: tuple[str, ...], config: Path | None, *, as_json: bool) -> int:
    """Leave opportunities or people alone no more; they are looked at now.

    Example: wosync unskip OPP-17

    Example: wosync unskip PERS-4 PERS-5
    """
    from engine.cli.acting import unskip

    return unskip(config, x, as_json=as_json)


def _resync(x: tuple[str, ...], config: Path | None, *, as_json: bool) -> int:
    """Read what the target holds of these records anew, and repair what differs.

    Example: wosync resync OPP-17

    Example: wosync resync https://web.example.com/opportunities/4711 --json
    """
    from engine.cli.acting import resync

    return resync(config, x, as_json=as_json)


def _explain(code: str | None, *, as_json: bool) -> int:
    """Say what a reason means, why it is so, and what to do; list them all without a code."""
    from engine.cli.explaining import explain

    return explain(code, as_json=as_json)


_X_HELP = "A reference or id of either system, or the address of the record."
KINDS = {
    "waiting": "What waits.",
    "held": "What the fuse holds.",
    "refused": "What is in error.",
    "doubt": "What may have been created.",
    "vanished": "What the source shows no more.",
    "people": "People who are held back.",
    "skipped": "What an operator has told us to leave alone.",
}
_X = Argument("x", metavar="X", shell_complete=references, help=_X_HELP)
_X_OR_NONE = Argument("x", metavar="[X]", required=False, shell_complete=references, help=_X_HELP)
_NAMES = Argument(
    "x",
    metavar="X...",
    kind="list[str]",
    nargs=-1,
    required=True,
    shell_complete=references,
    help="References or ids of either system, or addresses of the records.",
)
_OUT = option("--out", metavar="FILE", type=AnyPath(), help="Keep the plan, to apply it.")
_HISTORY = (
    _X_OR_NONE,
    *OF_A_PAIR,
    option("--since", metavar="WHEN", help="Since then: 2h, or a date, with a time."),
    option("--run", metavar="N", type=Whole(1), help="Of this run alone."),
    flag("--runs", help="List the runs, the latest first."),
    option("--limit", metavar="N", type=Whole(1), default=100, help="Lines of a page."),
    option(
        "--page",
        metavar="N",
        type=Whole(0),
        default=0,
        help="Which page; the latest without one.",
    ),
    JSON,
    CSV,
)
_UNDO = (
    _X_OR_NONE,
    option("--run", metavar="N", type=Whole(1), help="What this run wrote; see history --runs."),
    option("--since", metavar="WHEN", help="What was written since: 2h, or a date, with a time."),
    flag("--yes", help="Do it without asking."),
    *OF_A_PAIR,
    JSON,
)
_PLAN = (
    option(
        "--ref",
        metavar="X",
        multiple=True,
        shell_complete=references,
        help="Only this record, by whatever you have in hand of it.",
    ),
    option("--sample", metavar="N", type=Whole(1), help="Only so many, drawn by lot."),
    option(
        "--mapping",
        metavar="FILE",
        type=AnyPath(),
        help="By the mapping in this file, which is not in force yet.",
    ),
    _OUT,
    *OF_A_PAIR,
    JSON,
)
_APPROVE = (
    option(
        "--only",
        metavar="X",
        multiple=True,
        shell_complete=references,
        help="Only this record, or person.",
    ),
    option(
        "--except",
        "beside",
        metavar="X",
        multiple=True,
        shell_complete=references,
        help="Not this record, or person.",
    ),
    flag("--yes", help="Show nothing, and ask nobody."),
    *OF_A_PAIR,
    JSON,
)
_LIST = (
    *(flag(f"--{kind}", help=text) for kind, text in KINDS.items()),
    option("--blank", metavar="FIELD", help="What has this field blank in the target, and why."),
    option(
        "--by",
        metavar="reason",
        shell_complete=one_of(*BY),
        help="Grouped by reason, with numbers.",
    ),
    option(
        "--sort",
        metavar="since|ref|reason",
        default="since",
        shell_complete=one_of(*SORTS),
        help="What is sorted by.",
    ),
    flag("--reverse", help="The other way round."),
    option("--limit", metavar="N", type=Whole(1), help="Records of a page; 100 of a table."),
    option("--page", metavar="N", type=Whole(1), default=1, help="Which page."),
    *OF_A_PAIR,
    JSON,
    CSV,
)
_RETRY = (
    Argument(
        "x",
        metavar="[X]...",
        kind="list[str]",
        nargs=-1,
        shell_complete=references,
        help="References, ids or addresses of the records.",
    ),
    option(
        "--reason",
        metavar="CODE",
        shell_complete=codes,
        help="Everything that is refused for this reason.",
    ),
    flag("--all", "everything", help="Everything that is refused."),
    *OF_A_PAIR,
    JSON,
)
COMMANDS = (
    Command(
        "why",
        _why,
        _X,
        *OF_A_PAIR,
        flag("--offline", help="Ask neither system: say what is known."),
        JSON,
    ),
    Command("list", _list, *_LIST),
    Command("history", _history, *_HISTORY),
    Command("undo", _undo, *_UNDO),
    Command(
        "explain",
        _explain,
        Argument(
            "code",
            metavar="[CODE]",
            required=False,
            shell_complete=codes,
            help="Such as owner-unknown; all without one.",
        ),
        JSON,
    ),
    Command("plan", _plan, *_PLAN),
    Command(
        "apply",
        _apply,
        Argument(
            "plan", metavar="FILE", kind="path", type=AnyPath(), help="As plan --out wrote it."
        ),
        *OF_A_PAIR,
        JSON,
    ),
    Command("adopt", _adopt, _OUT, *OF_A_PAIR, JSON, CSV),
    Command("shadow", _shadow, *OF_A_PAIR, JSON, flag("--all", "everything", help="Every line.")),
    Command("approve", _approve, *_APPROVE),
    Command("retry", _retry, *_RETRY),
    Command(
        "skip",
        _skip,
        _NAMES,
        option("--reason", metavar="TEXT", required=True, help="Why, for colleagues."),
        *OF_A_PAIR,
        JSON,
    ),
    Command("unskip", _unskip, _NAMES, *OF_A_PAIR, JSON),
    Command("resync", _resync, _NAMES, *OF_A_PAIR, JSON),
)
