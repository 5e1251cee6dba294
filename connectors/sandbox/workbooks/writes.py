"""Writing records: one transaction or one per object, and the answer to it (§7.2 to §7.5)."""

from connectors.sandbox.workbooks.fields import Field, Row
from connectors.sandbox.workbooks.formats import OutputFormats, is_true, render
from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.sessions import Caller
from connectors.sandbox.workbooks.submissions import Judge, Submission, read_submissions
from connectors.sandbox.workbooks.tables import Table
from connectors.sandbox.workbooks.world import WorkbooksWorld

Answer = dict[str, object]


def write(
    world: WorkbooksWorld, table: Table, params: Params, caller: Caller, formats: OutputFormats
) -> Answer:
    """Carry out one write request and give the body that answers it, always with status 200.

    Raises:
        Refusal: 406, the request is not a write that can be understood.
    """
    if not table.type.writable:
        message = f"Update or Delete Operation not supported for {table.type.class_name}"
        return {"success": False, "failures": [message]}
    submissions = read_submissions(params, world.knobs.objects_max)
    judge = Judge(world, table, params, caller)
    judge.require_filter(submissions)
    scribe = _Scribe(table, caller, formats)
    if is_true(caller.options.get("_per_object_transactions", "")):
        affected: list[Answer] = []
        for one in submissions:
            judge.judge(one)
            affected.append(_as_sent(one) if one.refused else scribe.save(one))
            judge.saved()
        return _per_object(submissions, affected, world.knobs)
    for one in submissions:
        judge.judge(one)
    if any(one.refused for one in submissions):
        return _nothing_saved(submissions, world.knobs)
    return _success([scribe.save(one) for one in submissions])


class _Scribe:
    """Saves judged objects and reports what each one's row has become."""

    def __init__(self, table: Table, caller: Caller, formats: OutputFormats) -> None:
        self._table = table
        self._caller = caller
        self._formats = formats

    def save(self, one: Submission) -> Answer:
        if one.row is None:
            return self._create(one)
        if one.method == "DELETE":
            # The answer carries the version that was sent, not the new one (A28).
            self._table.flag_deleted(one.row, self._caller.user_id)
            return _as_sent(one)
        return self._update(one.row, one)

    def _create(self, one: Submission) -> Answer:
        row = self._table.new_row(None, self._caller.user_id, self._caller.application)
        self._table.insert(row, one.changes)
        return self._shown(row, list(self._table.type.by_name.values()))

    def _update(self, row: Row, one: Submission) -> Answer:
        """Version and every attribute that changed, side effects included; a no-op shows none."""
        record_type = self._table.type
        keys = self._table.save(row, one.changes, self._caller.user_id)
        columns = [record_type.by_name["id"], record_type.by_name["lock_version"]]
        if keys:
            for key in (*keys, "updated_at", "updated_by"):
                columns += [record_type.by_key[key], *record_type.followers.get(key, ())]
        return self._shown(row, columns)

    def _shown(self, row: Row, columns: list[Field]) -> Answer:
        return {
            one.name: render(one.datatype, one.read(row), self._formats)
            for one in columns
            if one.served
        }


def _as_sent(one: Submission) -> Answer:
    return {"id": one.id, "lock_version": one.lock_version}


def _success(affected: list[Answer]) -> Answer:
    return {
        "success": True,
        "flash": "saved successfully",
        "updates": {},
        "affected_objects": affected,
        "affected_object_information": [_report({}) for _ in affected],
    }


def _report(errors: dict[str, list[str]]) -> Answer:
    return {"success": not errors, "errors": errors, "warnings": {}}


def _errors(one: Submission) -> dict[str, list[str]]:
    """What refused an object, by attribute; a refusal of the whole record is under `base` (A6)."""
    return {"base": [one.failure]} if one.failure else one.errors


def _per_object(
    submissions: list[Submission], affected: list[Answer], knobs: WorkbooksKnobs
) -> Answer:
    """Each object answers for itself, matched by position (A8)."""
    answer = _success(affected)
    answer["affected_object_information"] = [_report(_errors(one)) for one in submissions]
    failures = [one.failure for one in submissions if one.failure]
    if failures and knobs.stale_shape == "both":
        answer["failures"] = failures
    if any(one.refused for one in submissions):
        answer["success"] = knobs.partial_success_flag
    return answer


def _nothing_saved(submissions: list[Submission], knobs: WorkbooksKnobs) -> Answer:
    """One transaction: any refusal saves nothing (§7.4, §7.5)."""
    failures = [one.failure for one in submissions if one.failure]
    if failures and knobs.stale_shape == "failures":
        return {"success": False, "failures": failures}
    if not failures and knobs.validation_shape == "manual":
        return _manual_validation(submissions)
    answer: Answer = {
        "success": False,
        "flash": "",
        "updates": {},
        "affected_objects": [_as_sent(one) for one in submissions],
        "affected_object_information": [_report(_errors(one)) for one in submissions],
    }
    return {**answer, "failures": failures} if failures and knobs.stale_shape == "both" else answer


def _manual_validation(submissions: list[Submission]) -> Answer:
    """The shape of the manual's sample of 2009 (§7.4.3)."""
    firsts = {name: words[0] for one in submissions for name, words in one.errors.items()}
    return {
        "success": False,
        "errors": {"[]": firsts},
        "affected_object_errors": [one.errors for one in submissions],
    }
