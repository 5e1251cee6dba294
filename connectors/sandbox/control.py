"""The control port: a sandbox driven from another process, in JSON.

    method  path                        what it does
    GET     /                           counters of both systems
    DELETE  /counters                   both start counting anew
    GET     /{system}/knobs             knobs of the emulator, at their present values
    PATCH   /{system}/knobs             {"name": value, ...}: turn them
    PATCH   /{system}/latency           {"latency_s": 0.2}: delay every request from now on
    GET     /{system}/faults            faults that can still happen
    POST    /{system}/faults            one fault, members as in `faults.Fault`
    DELETE  /{system}/faults            nothing goes wrong any more
    GET     /{system}/{table}           {"ids": [...]} of the records that are not deleted
    POST    /{system}/{table}           create a record: {"id": n}
    GET     /{system}/{table}/{id}      the record
    PATCH   /{system}/{table}/{id}      change it; answers as GET
    DELETE  /{system}/{table}/{id}      delete it, as a user of that system does

`system` is `workbooks` or `outreach`; tables and their members are described in `desks`. Edits
are those of a person at the screen: they change `updated_at` and cost no request. A mistake is
answered with 400 or, for what is not there, 404, and `{"error": "..."}`.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.desks import Desk, JsonObject, OutreachDesk, WorkbooksDesk, knobs_of, turn
from connectors.sandbox.faults import Fault

Endpoint = Callable[[Request], Awaitable[Response]]


def control_app(workbooks: WorkbooksDesk, outreach: OutreachDesk) -> Starlette:
    """The application of the control port."""
    control = _Control({"workbooks": workbooks, "outreach": outreach})
    return Starlette(
        routes=[
            Route("/", _answering(control.counters), methods=["GET"]),
            Route("/counters", _answering(control.reset), methods=["DELETE"]),
            Route("/{system}/knobs", _answering(control.knobs), methods=["GET", "PATCH"]),
            Route("/{system}/latency", _answering(control.latency), methods=["PATCH"]),
            Route(
                "/{system}/faults", _answering(control.faults), methods=["GET", "POST", "DELETE"]
            ),
            Route("/{system}/{table}", _answering(control.table), methods=["GET", "POST"]),
            Route(
                "/{system}/{table}/{id:int}",
                _answering(control.record),
                methods=["GET", "PATCH", "DELETE"],
            ),
        ]
    )


def _answering(act: Callable[[Request, JsonObject], JsonObject]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(act(request, _given(await request.body())))
        except LookupError as error:
            return JSONResponse({"error": f"there is no {error.args[0]}"}, 404)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _given(body: bytes) -> JsonObject:
    given: Any = json.loads(body) if body else {}
    if not isinstance(given, dict):
        raise ValueError("the body is not a JSON object")
    return cast("JsonObject", given)


class _Control:
    def __init__(self, desks: dict[str, Desk]) -> None:
        self._desks = desks

    def counters(self, _request: Request, _given: JsonObject) -> JsonObject:
        return {name: _counters(desk) for name, desk in self._desks.items()}

    def reset(self, request: Request, given: JsonObject) -> JsonObject:
        for desk in self._desks.values():
            desk.traffic.reset()
        return self.counters(request, given)

    def knobs(self, request: Request, given: JsonObject) -> JsonObject:
        desk = self._desk(request)
        for name, value in given.items():
            turn(desk, name, value)
        return knobs_of(desk)

    def latency(self, request: Request, given: JsonObject) -> JsonObject:
        latency_s = given.get("latency_s")
        if isinstance(latency_s, bool) or not isinstance(latency_s, int | float) or latency_s < 0:
            raise ValueError("latency_s is a number of seconds, 0 or more")
        traffic = self._desk(request).traffic
        traffic.latency_s = float(latency_s)
        return {"latency_s": traffic.latency_s}

    def faults(self, request: Request, given: JsonObject) -> JsonObject:
        plan = self._desk(request).traffic.plan
        if request.method == "DELETE":
            plan.clear()
        elif request.method == "POST":
            plan.add(_fault(given))
        return {"faults": [asdict(fault) for fault in plan.waiting]}

    def table(self, request: Request, given: JsonObject) -> JsonObject:
        desk, table = self._desk(request), str(request.path_params["table"])
        if request.method == "POST":
            return {"id": desk.create(table, given)}
        return {"ids": desk.ids(table)}

    def record(self, request: Request, given: JsonObject) -> JsonObject:
        desk, table = self._desk(request), str(request.path_params["table"])
        record_id: int = request.path_params["id"]
        if request.method == "DELETE":
            desk.delete(table, record_id)
            return {"id": record_id}
        if request.method == "PATCH":
            desk.update(table, record_id, given)
        return desk.read(table, record_id)

    def _desk(self, request: Request) -> Desk:
        return self._desks[request.path_params["system"]]


def _counters(desk: Desk) -> JsonObject:
    traffic = desk.traffic
    return {
        "requests": traffic.total,
        "by_route": {f"{method} {path}": n for (method, path), n in sorted(traffic.counts.items())},
        "in_flight": traffic.in_flight,
        "peak_in_flight": traffic.peak_in_flight,
        "latency_s": traffic.latency_s,
    }


def _fault(given: JsonObject) -> Fault:
    known = {member.name for member in fields(Fault)}
    unknown = given.keys() - known
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; a fault has {sorted(known)}")
    return Fault(**given)
