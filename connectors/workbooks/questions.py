"""What `wosync init` asks for Workbooks."""

from __future__ import annotations

from engine import Question

KEY, SESSION = "api_key", "session"

QUESTIONS = (
    Question(
        "base_url",
        "Address of Workbooks",
        "the one you sign in at",
        default="https://secure.workbooks.com",
    ),
    Question(
        "auth",
        "Sign in with an API key, or in a session as a user with a password",
        "api_key is simpler; it belongs to one user and one database",
        default=KEY,
        choices=(KEY, SESSION),
    ),
    Question(
        "api_key",
        "API key",
        "made in Workbooks by the user whose rights the service is to have; that user needs the API"
        " capability, may read opportunities, people and organisations, and may change the plugin's"
        " fields on opportunities and people",
        secret=True,
        when=("auth", KEY),
    ),
    Question(
        "username",
        "E-mail address of the user",
        "whose rights the service is to have",
        when=("auth", SESSION),
    ),
    Question(
        "password",
        "Password of that user",
        "it is kept in a file of its own",
        secret=True,
        when=("auth", SESSION),
    ),
)
