"""The world: one Workbooks database in memory, edited by HTTP callers and by Python ones alike."""

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from connectors.sandbox.workbooks import catalogue
from connectors.sandbox.workbooks.custom_fields import CustomFields
from connectors.sandbox.workbooks.fields import RecordType, Row
from connectors.sandbox.workbooks.formats import Value
from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.login import DATABASE_INSTANCE_ID, Database
from connectors.sandbox.workbooks.people_tab import PeopleTab
from connectors.sandbox.workbooks.sessions import Sessions, User, Users
from connectors.sandbox.workbooks.tables import Ids, Table


@dataclass(slots=True)
class DelayCounts:
    """What became of delaying redirects (§22.31)."""

    issued: int = 0
    followed: int = 0
    repeated: int = 0


class WorkbooksWorld:
    """Tables, users, sessions and set-up of one database.

    `clock` gives epoch seconds. Edits made through the tables count as the CRM user's
    (`crm_user_id`); `api_user_id` is a user to give API keys to. `stats` counts requests by
    effective method and path.
    """

    def __init__(
        self, clock: Callable[[], float], knobs: WorkbooksKnobs | None = None, seed: int = 0
    ) -> None:
        self.clock = clock
        self.knobs = knobs or WorkbooksKnobs()
        self.rng = Random(seed)
        self.users = Users()
        self.sessions = Sessions(self.knobs, clock, Random(seed + 1))
        self.databases = [Database(12, "Main")]
        self.stats: Counter[tuple[str, str]] = Counter()
        self.delays = DelayCounts()
        self.maintenance: str | None = None
        self.login_refusal: str | None = None
        self.denied_paths: set[str] = set()
        self.crm_user_id = 1
        self._stages: dict[int, str] = {}
        self._tables = self._make_tables()
        self.people_tab = PeopleTab(self.opportunities, self.contacts, self.knobs)
        self.people.after_delete.append(self.people_tab.forget_party)
        self.organisations.after_delete.append(self.people_tab.forget_party)
        self.custom_fields = CustomFields(self._tables)
        self._set_up()

    def _make_tables(self) -> dict[str, Table]:
        parties = Ids()
        opportunity = catalogue.opportunity_type(self)
        opportunity.by_key["assigned_to_name"].served = self.knobs.assigned_to_name_column
        opportunity.index()
        self.opportunities = self._table(opportunity)
        self.people = self._table(catalogue.person_type(self), parties)
        self.organisations = self._table(catalogue.organisation_type(self), parties)
        self.contacts = self._table(catalogue.contact_type(self))
        self.mappings = self._table(catalogue.mapping_type(self))
        tables = [self.opportunities, self.people, self.organisations, self.contacts]
        if self.knobs.custom_records_licensed:
            tables.append(self.mappings)
        tables += [self._table(one) for one in catalogue.reference_types(self).values()]
        by_path = {table.type.path: table for table in tables}
        self.queues = by_path["crm/opportunity_queues"]
        return by_path

    def _table(self, record_type: RecordType, ids: Ids | None = None) -> Table:
        return Table(record_type, self._server_time, lambda: self.crm_user_id, ids)

    def date(self) -> float | None:
        """What the `Date` of the next answer says, in epoch seconds; None when it has none."""
        return self._server_time() if self.knobs.date_header else None

    def _server_time(self) -> float:
        """The clock of whichever of the two servers does the next thing."""
        apart_s = self.knobs.servers_apart_s
        ahead = bool(apart_s) and self.rng.random() < 0.5
        return self.clock() + (apart_s if ahead else 0.0)

    def _set_up(self) -> None:
        self.crm_user_id = self.add_user("CRM User", "crm@example.com")
        self.api_user_id = self.add_user("API User", "api@example.com", "secret")
        self.custom_fields.install(licensed=self.knobs.custom_records_licensed)

    def table(self, path: str) -> Table | None:
        """The table served at a controller path, unless it is denied or not there (A15)."""
        if path in self.denied_paths:
            return None
        if path == self.contacts.type.path and not self.knobs.opportunity_contacts_resource:
            return None
        return self._tables.get(path)

    def tables(self) -> list[Table]:
        """Every table that `table` would find."""
        return [one for path, one in self._tables.items() if self.table(path) is not None]

    # What an administrator does.

    def add_user(
        self, person_name: str, login_name: str | None = None, password: str | None = None
    ) -> int:
        """Add a user with a queue of the same name, so that records can be assigned to them."""
        user_id = max(self.users.by_id, default=0) + 1
        login = login_name or f"user{user_id}@example.com"
        queue_id = self.queue_id(person_name)
        self.users.by_id[user_id] = User(user_id, person_name, login, password, queue_id)
        return user_id

    def add_api_key(self, key: str, user_id: int | None = None) -> None:
        """Let a key act as a user, by default the API user.

        Raises:
            KeyError: no such user.
        """
        self.users.keys[key] = self.users.by_id[user_id or self.api_user_id].id

    def revoke_api_key(self, key: str) -> None:
        """Make a key unknown; sessions it opened live on."""
        self.users.keys.pop(key, None)

    def refuse_logins(self, reason: str | None) -> None:
        """Refuse every login for a reason of §3.3, or, with None, no longer."""
        self.login_refusal = reason

    def start_maintenance(self, reason: str = "database_being_migrated") -> None:
        """Answer every request with 403 and this database reason (A27)."""
        self.maintenance = reason

    def end_maintenance(self) -> None:
        """Serve again."""
        self.maintenance = None

    def expire_sessions(self) -> None:
        """End all sessions at once, as a service upgrade does (§3.2)."""
        self.sessions.close_all()

    def deny(self, path: str) -> None:
        """Take away access to a whole resource, which then answers 404 (§1)."""
        self.denied_paths.add(path)

    def allow(self, path: str) -> None:
        """Give access back."""
        self.denied_paths.discard(path)

    def add_mapping(
        self,
        outreach_field: str,
        workbooks_field: str,
        *,
        outreach_type: str = "Opportunity",
        workbooks_type: str = "Opportunity",
        enabled: bool = True,
        direction: str = "Send",
    ) -> int:
        """Add an Outreach Mapping record (§18.1) and return its id."""
        return self.mappings.create(
            name=f"{workbooks_field} to {outreach_field}",
            cf_outreach_mapping_outreach_record_type=outreach_type,
            cf_outreach_mapping_outreach_field_name=outreach_field,
            cf_outreach_mapping_workbooks_record_type=workbooks_type,
            cf_outreach_mapping_workbooks_field_name=workbooks_field,
            cf_outreach_mapping_enabled=enabled,
            cf_outreach_mapping_sync_direction=direction,
        )

    def set_people(self, opportunity_id: int, entries: Sequence[tuple[int, str]]) -> None:
        """Make the People tab hold these `(party id, role)` entries, as the CRM user (§15, A18).

        Raises:
            KeyError: no such opportunity or party.
        """
        if not self.opportunities.is_live(opportunity_id):
            raise KeyError(f"no opportunity {opportunity_id}")
        for party_id, _ in entries:
            if not self.party_exists(party_id):
                raise KeyError(f"no person or organisation {party_id}")
        self.people_tab.replace(opportunity_id, entries, self.crm_user_id)

    # What calculated columns look up.

    def party_exists(self, party_id: int) -> bool:
        """Whether a person or an organisation has this id."""
        return self.people.is_live(party_id) or self.organisations.is_live(party_id)

    def user_name(self, user_id: Value) -> str | None:
        """Full name of a user."""
        user = self.users.by_id.get(user_id) if isinstance(user_id, int) else None
        return user.person_name if user else None

    def user_login(self, user_id: Value) -> str | None:
        """Login name of a user."""
        user = self.users.by_id.get(user_id) if isinstance(user_id, int) else None
        return user.login_name if user else None

    def queue_name(self, queue_id: Value) -> str | None:
        """Name of a queue, which is what *Assigned To* shows."""
        row = self.queues.find(queue_id) if isinstance(queue_id, int) else None
        return str(row.values["name"]) if row else None

    def queue_id(self, name: str) -> int:
        """The queue of this name, made if there is none yet."""
        for queue_id in self.queues.ids():
            if self.queue_name(queue_id) == name:
                return queue_id
        return self.queues.create(name=name, queue_type="User")

    def stage_name(self, stage_id: Value) -> str | None:
        """Name of an opportunity stage."""
        return self._stages.get(stage_id) if isinstance(stage_id, int) else None

    def stage_id(self, name: str) -> int:
        """The stage of this name, made if there is none yet."""
        for stage_id, known in self._stages.items():
            if known == name:
                return stage_id
        self._stages[len(self._stages) + 1] = name
        return len(self._stages)

    def party_value(self, party_id: Value, key: str) -> Value:
        """A column of a person or an organisation."""
        row = self._party(party_id) if isinstance(party_id, int) else None
        return row.values.get(key) if row else None

    def _party(self, party_id: int) -> Row | None:
        return self.people.find(party_id) or self.organisations.find(party_id)

    def people_on(self, opportunity_id: int) -> list[tuple[int, str]]:
        """The People tab as `(party id, role)` entries, in order; served as two arrays (§15)."""
        return self.people_tab.people_on(opportunity_id)

    def object_url(self, object_ref: str) -> str:
        """The link to a record; its database part is reversed Base64 (§1)."""
        database = base64.b64encode(str(DATABASE_INSTANCE_ID + 17).encode()).decode()[::-1]
        return f"https://sandbox.workbooks.com/link/{database}/{object_ref}"
