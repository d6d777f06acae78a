"""The token endpoint of the embedded 4me: client credentials in, a bearer token for an hour out (RFC 6749 section 4.4).

Nothing is kept: a token carries its last second, sealed with the client's secret. Parameters come in the body (4me:
OAuth, client credentials grant).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model.messages import Response

LIFE = 3600


@dataclass(frozen=True, slots=True)
class Issuer:
    """Gives tokens to whoever has the secret (None: to anybody), and knows its own again, for `seconds`."""

    secret: str | None = None
    seconds: int = LIFE

    def answer(self, method: str, form: Mapping[str, str], now: datetime) -> Response:
        """The token, or RFC 6749 section 5.2's error, with the status 400 that 4me documents for all of them."""
        if method != "POST":
            return Response(405, {"error": "invalid_request"})
        if form.get("grant_type") != "client_credentials":
            return Response(400, {"error": "unsupported_grant_type"})
        if not form.get("client_id") or not form.get("client_secret"):
            return Response(400, {"error": "invalid_request"})
        if self.secret is not None and not hmac.compare_digest(form["client_secret"].encode(), self.secret.encode()):
            return Response(400, {"error": "invalid_client"})
        token = self._sealed(int(now.timestamp()) + self.seconds)
        return Response(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds})

    def accepts(self, token: str, now: datetime) -> bool:
        """Whether this token was given here, and still counts."""
        last, _, _seal = token.partition(".")
        return last.isdecimal() and hmac.compare_digest(self._sealed(int(last)), token) and now.timestamp() < int(last)

    def _sealed(self, last_second: int) -> str:
        seal = hmac.new((self.secret or "anybody").encode(), str(last_second).encode(), "sha256").hexdigest()
        return f"{last_second}.{seal}"
