"""The consent page: who asks for what, with a button to allow it and one to cancel (§3.1).

A scope can be left out by clearing its box, and the user who consents be chosen, as nobody has to
sign in here.
"""

from collections.abc import Mapping, Sequence
from html import escape
from string import Template

from connectors.sandbox.outreach.rows import Row

#: What the buttons send, and under which name.
DECISION = "decision"
ALLOW, CANCEL = "allow", "cancel"
#: Members of the request that come back with the form; the scopes do as boxes.
CARRIED = ("client_id", "redirect_uri", "response_type", "state")

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allow $client?</title></head>
<body><h1>Allow $client to use Outreach?</h1>
<form method="post" action="/oauth/authorize">
$carried
<p><label>Signed in as <select name="user">$users</select></label></p>
<fieldset><legend>It asks to</legend>
$scopes
</fieldset>
<p><button id="allow" name="$decision" value="$allow">Allow</button>
<button id="cancel" name="$decision" value="$cancel">Cancel</button></p>
</form></body></html>
""")


def page(asked: Mapping[str, str], users: Sequence[Row], chosen: int | None) -> str:
    """The page for this request; `chosen` is the user who is signed in."""
    carried = [
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
        for name in CARRIED
        if name in asked
    ]
    options = [
        f'<option value="{row.id}"{" selected" if row.id == chosen else ""}>'
        f"{escape(str(row.attributes.get('name')))}</option>"
        for row in users
    ]
    scopes = [
        f'<div><label><input type="checkbox" name="scope" value="{escape(scope)}" checked>'
        f" {escape(scope)}</label></div>"
        for scope in asked.get("scope", "").split()
    ]
    return _PAGE.substitute(
        client=escape(asked["client_id"]),
        carried="\n".join(carried),
        users="".join(options),
        scopes="\n".join(scopes),
        decision=DECISION,
        allow=ALLOW,
        cancel=CANCEL,
    )
