"""Who is calling: keys, sessions, their life and their options (workbooks-api §3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from connectors.sandbox.workbooks.knobs import WorkbooksKnobs
from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.refusals import Redirect, Refusal, refused

LOGIN_PAGE = "/login"
_STICKY = (
    "_strict_attribute_checking",
    "_per_object_transactions",
    "_json_output_date_format",
    "_json_output_time_format",
    "_json_output_datetime_format",
)


@dataclass(slots=True)
class User:
    """A Workbooks user; `login_refusal` is a reason of §3.3 that keeps this one out."""

    id: int
    person_name: str
    login_name: str
    password: str | None
    queue_id: int
    login_refusal: str | None = None


@dataclass(slots=True)
class Session:
    """One API session; `options` are those given at login and hold for its life (§3.1)."""

    id: str
    token: str
    user_id: int
    application: str
    options: dict[str, str]
    last_used_at: float
    responses: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated sender of one request."""

    user_id: int
    application: str
    session: Session | None
    options: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class Sessions:
    """All live sessions; a replaced id stays good for a grace time, then it is invalid."""

    knobs: WorkbooksKnobs
    clock: Callable[[], float]
    rng: Random
    live: dict[str, Session] = field(default_factory=dict[str, Session])
    replaced: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])

    def open(self, user_id: int, application: str, params: Params) -> Session:
        """Start a session with the options given at login."""
        session = Session(
            id=self._hex(32),
            token=self._hex(40),
            user_id=user_id,
            application=application,
            options=sticky_options(params),
            last_used_at=self.clock(),
        )
        self.live[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """The live session behind an id; finding it counts as activity."""
        newer, until = self.replaced.get(session_id, (session_id, float("inf")))
        session = self.live.get(newer)
        if session is None or self.clock() > until:
            return None
        if self.clock() - session.last_used_at > self.knobs.session_ttl_s:
            del self.live[session.id]
            return None
        session.last_used_at = self.clock()
        return session

    def close(self, session_id: str) -> None:
        """End one session, if it is there."""
        newer, _ = self.replaced.get(session_id, (session_id, 0.0))
        self.live.pop(newer, None)

    def close_all(self) -> None:
        """End every session, as a service upgrade does (§3.2)."""
        self.live.clear()
        self.replaced.clear()

    def renew(self, session: Session) -> None:
        """Give a session a new id at once, with no grace for the old (§3.4, reconnect)."""
        del self.live[session.id]
        session.id = self._hex(32)
        self.live[session.id] = session

    def cookie(self, session: Session) -> str:
        """The `Set-Cookie` of one response, rotating the id when it is time (§3.2, §22.3)."""
        session.responses += 1
        every = self.knobs.rotate_session_every
        if every and session.responses % every == 0 and session.id in self.live:
            self._rotate(session)
        return f"Workbooks-Session={session.id}; path=/; secure; HttpOnly"

    def _rotate(self, session: Session) -> None:
        old, until = session.id, self.clock() + self.knobs.rotation_grace_s
        self.renew(session)
        kept = {
            one: (session.id if newest == old else newest, end)
            for one, (newest, end) in self.replaced.items()
            if end >= self.clock()
        }
        self.replaced = {**kept, old: (session.id, until)}

    def _hex(self, digits: int) -> str:
        return f"{self.rng.getrandbits(digits * 4):0{digits}x}"


@dataclass(slots=True)
class Users:
    """Users, their API keys, and what keeps them from coming in."""

    by_id: dict[int, User] = field(default_factory=dict[int, User])
    keys: dict[str, int] = field(default_factory=dict[str, int])

    def of_key(self, key: str) -> User:
        """The user a key acts as.

        Raises:
            Refusal: 401 for an unknown or revoked key (A25), or the user's own refusal.
        """
        user = self.by_id.get(self.keys.get(key, -1))
        if user is None:
            raise refused("unrecognised_name_or_password")
        return admitted(user)

    def of_name(self, login_name: str | None) -> User | None:
        """The user with this login name."""
        return next((one for one in self.by_id.values() if one.login_name == login_name), None)


def admitted(user: User) -> User:
    """The user, unless something keeps this user out (§3.3).

    Raises:
        Refusal: with the user's `login_refusal`.
    """
    if user.login_refusal:
        raise refused(user.login_refusal)
    return user


def authenticate(
    params: Params, session_id: str | None, user_agent: str, users: Users, sessions: Sessions
) -> Caller:
    """Find out who sends a plain request; a key goes before a cookie (§22.9).

    Raises:
        Refusal: 401, bad key (A25) or no credentials at all.
        Redirect: the session is invalid: go and log in (§3.4, A2).
    """
    options = sticky_options(params)
    key = params.credential("api_key")
    if key:
        user = users.of_key(key)
        return Caller(user.id, application_name(params, user_agent), None, options)
    if session_id is None:
        raise refused("no_session")
    session = sessions.find(session_id)
    if session is None:
        raise Redirect(LOGIN_PAGE)
    return Caller(session.user_id, session.application, session, {**session.options, **options})


def check_token(caller: Caller, params: Params, knobs: WorkbooksKnobs) -> None:
    """Require a session's token on its writes; with a key there is none (§3, §3.2).

    Raises:
        Refusal: 401, missing or wrong token (A26).
    """
    if caller.session and params.text("_authenticity_token") != caller.session.token:
        raise Refusal(401, refused(knobs.token_refusal).body)


def sticky_options(params: Params) -> dict[str, str]:
    """The options that hold for one request, or for a session when given at login (§3.1)."""
    found = ((name, params.text(name)) for name in _STICKY)
    return {name: value for name, value in found if value is not None}


def application_name(params: Params, user_agent: str) -> str:
    """What `created_through` will say: as given, else the agent's first word, up to `/` (§3.1)."""
    given = params.credential("_application_name") or params.credential("application_name")
    words = user_agent.split()
    return given or (words[0].split("/")[0] if words else "")
