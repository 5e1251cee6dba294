"""A Singer target: one sink on the SDK, fed by standard input as a tap feeds it."""

from __future__ import annotations

import io
import json
from typing import Any

import backoff
import requests
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import RecordSink
from wire import HEADERS, OPPORTUNITIES, ROLES, TIMEOUT_S, TRIES, records, role_body

STREAM = "opportunities"
SCHEMA = th.PropertiesList(
    th.Property("body", th.ObjectType(additional_properties=True)),
    th.Property("people", th.ArrayType(th.ArrayType(th.AnyType()))),
)


class OutreachSink(RecordSink):
    """Creates one opportunity, and its roles, per record."""

    session = requests.Session()
    session.headers.update(HEADERS)

    @backoff.on_exception(
        backoff.expo,
        (requests.ConnectionError, requests.Timeout),
        max_tries=TRIES,
        factor=0.01,
    )
    def _post(self, url: str, body: dict[str, Any]) -> int:
        answer = self.session.post(url, json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()["data"]["id"]

    def process_record(self, record: dict[str, Any], _: dict[str, Any]) -> None:
        """Send what came."""
        created = self._post(OPPORTUNITIES, record["body"])
        for prospect_id, role in record["people"]:
            self._post(ROLES, role_body(created, prospect_id, role))


class OutreachTarget(Target):
    """The target."""

    name = "target-outreach"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = OutreachSink


def messages() -> io.StringIO:
    """What a tap would have written."""
    schema = {"type": "SCHEMA", "stream": STREAM, "schema": SCHEMA.to_dict(), "key_properties": []}
    lines = [json.dumps(schema)]
    lines += [json.dumps({"type": "RECORD", "stream": STREAM, "record": one}) for one in records()]
    return io.StringIO("\n".join([*lines, ""]))


OutreachTarget(config={}).listen(messages())
