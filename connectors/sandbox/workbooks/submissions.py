"""Submissions: the objects of a write, out of square arrays, judged but not yet saved (§7.1)."""

from dataclasses import dataclass, field

from connectors.sandbox.workbooks.fields import Field, Row
from connectors.sandbox.workbooks.formats import Value, is_true, parse
from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.people_tab import IDS, ROLES
from connectors.sandbox.workbooks.reads import select, visible
from connectors.sandbox.workbooks.refusals import unsuitable
from connectors.sandbox.workbooks.selections import Test
from connectors.sandbox.workbooks.sessions import Caller
from connectors.sandbox.workbooks.tables import Table, differs
from connectors.sandbox.workbooks.world import WorkbooksWorld

STALE = "This record cannot be saved since it has already been updated elsewhere."
MISSING = "Record not found"
_METHODS = ("POST", "PUT", "DELETE")
_KEEP, _NULL = ":no_value:", ":null_value:"


@dataclass(slots=True)
class Submission:
    """One object as submitted, with what stands in its way.

    `failure` is a refusal of the record as it stands (stale, missing); `errors` are the validation
    messages by attribute.
    """

    method: str
    id: int
    lock_version: int
    attributes: dict[str, str]
    row: Row | None = None
    changes: dict[str, Value] = field(default_factory=dict[str, Value])
    failure: str | None = None
    errors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def refused(self) -> bool:
        """Whether this object cannot be saved."""
        return bool(self.failure or self.errors)


def read_submissions(params: Params, objects_max: int) -> list[Submission]:
    """Take the square arrays apart.

    Raises:
        Refusal: 406, missing or short arrays, an unknown method, or too many objects (A24).
    """
    arrays = {
        name: values
        for name, values in params.arrays.items()
        if not name.startswith("_") or name == "__method"
    }
    count = len(arrays.get("id", ()))
    if not count or any(len(arrays.get(name, ())) != count for name in ("__method", *arrays)):
        raise unsuitable("id[], lock_version[], __method[] and attributes must be square arrays")
    if len(arrays.get("lock_version", ())) != count:
        raise unsuitable("lock_version[] is required for every object")
    if count > objects_max:
        raise unsuitable(f"At most {objects_max} objects can be changed at once")
    methods = arrays.pop("__method")
    ids, versions = arrays.pop("id"), arrays.pop("lock_version")
    if any(method.upper() not in _METHODS for method in methods):
        raise unsuitable("__method[] must be POST, PUT or DELETE")
    return [
        Submission(
            methods[place].upper(),
            _number(ids[place], "id"),
            _number(versions[place], "lock_version"),
            {name: values[place] for name, values in arrays.items() if values[place] != _KEEP},
        )
        for place in range(count)
    ]


def _number(text: str, name: str) -> int:
    if not text.strip().isdecimal():
        raise unsuitable(f"{name}[] must hold whole numbers")
    return int(text)


class Judge:
    """Decides, for the objects of one request, what each would change and whether it may."""

    def __init__(self, world: WorkbooksWorld, table: Table, params: Params, caller: Caller) -> None:
        self._world = world
        self._table = table
        self._strict = is_true(caller.options.get("_strict_attribute_checking", ""))
        self._params = params
        self._seen: set[int] = set()
        self._reach = self._within_reach()

    def require_filter(self, submissions: list[Submission]) -> None:
        """Updates and deletes need a filter that selects their objects (§7.1).

        Raises:
            Refusal: 406.
        """
        has_filter = self._params.every("_ff") or self._params.text("_filter_json")
        if not has_filter and any(one.method != "POST" for one in submissions):
            raise unsuitable("A filter selecting the objects is required")

    def judge(self, one: Submission) -> None:
        """Fill in `row`, `changes`, `failure` and `errors`; saves nothing."""
        if one.method != "POST":
            row = self._table.find(one.id)
            if row is None or not self._reach(row):
                one.failure = MISSING
                return
            one.row = row
            # A second object for the same row comes with the version the first one uses up.
            if row.lock_version != one.lock_version or row.id in self._seen:
                one.failure = STALE
                return
        if one.method == "DELETE":
            self._seen.add(one.id)
            return
        self._read_attributes(one)
        self._validate(one)
        if one.row and any(
            differs(self._table.type.by_key[key], one.row, value)
            for key, value in one.changes.items()
        ):
            self._seen.add(one.id)

    def saved(self) -> None:
        """What was judged so far is saved: versions in the rows speak for themselves again."""
        self._seen.clear()

    def _within_reach(self) -> Test:
        selection, _ = select(self._world, self._table, self._params)
        may_see, passes = visible(self._table, names_deleted=False), selection.test
        return lambda row: may_see(row) and passes(row)

    def _read_attributes(self, one: Submission) -> None:
        for name, text in one.attributes.items():
            column = self._table.type.by_name.get(name)
            if column is None:
                if self._strict:
                    one.errors[name] = ["is not a recognised attribute"]
            elif column.updateable:
                self._read_attribute(one, column, text)

    def _read_attribute(self, one: Submission, column: Field, text: str) -> None:
        zone = self._world.knobs.zone_offset_minutes
        try:
            value = None if text == _NULL else parse(column.datatype, text, zone)
        except ValueError as error:
            one.errors[column.name] = [str(error)]
            return
        one.changes[column.key] = value

    def _validate(self, one: Submission) -> None:
        for column in self._table.type.fields:
            blank = one.changes.get(column.key) in (None, "")
            if column.required and blank and (one.row is None or column.key in one.changes):
                one.errors[column.name] = ["cannot be blank"]
        self._validate_refcode(one)
        self._validate_people(one)

    def _validate_refcode(self, one: Submission) -> None:
        """Reference codes of parties are unique in the database (§16)."""
        parties = (self._world.people, self._world.organisations)
        code = one.changes.get("refcode")
        if not code or self._table not in parties:
            return
        for table in parties:
            taken = (table.find(row_id) for row_id in table.ids() if row_id != one.id)
            if any(row and row.values.get("refcode") == code for row in taken):
                one.errors["refcode"] = [f"'{code}' is already used"]

    def _validate_people(self, one: Submission) -> None:
        """Both arrays are parallel, and name parties that exist (§15)."""
        ids, roles = one.changes.get(IDS), one.changes.get(ROLES)
        if isinstance(ids, tuple) and isinstance(roles, tuple) and len(ids) != len(roles):
            one.errors[ROLES] = ["must be as many as the people"]
        known = self._world.party_exists
        if isinstance(ids, tuple) and not all(isinstance(i, int) and known(i) for i in ids):
            one.errors[IDS] = ["is not valid"]
