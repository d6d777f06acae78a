"""The token endpoint of the embedded 4me: grants a bearer token for client credentials (RFC 6749 section 4.4).

Tokens are not stored: each contains its last second, signed with the client's secret. Parameters are in the body (4me:
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
    """Issues tokens for the right secret (None: for any secret), and accepts them for `seconds`."""

    secret: str | None = None
    seconds: int = LIFE

    def answer(self, method: str, form: Mapping[str, str], now: datetime) -> Response:
        """Returns a token, or an error of RFC 6749 section 5.2 with status 400, as 4me documents for all errors."""
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
        """Checks whether this issuer made the token, and it has not expired."""
        last, _, _seal = token.partition(".")
        return last.isdecimal() and hmac.compare_digest(self._sealed(int(last)), token) and now.timestamp() < int(last)

    def _sealed(self, last_second: int) -> str:
        seal = hmac.new((self.secret or "anybody").encode(), str(last_second).encode(), "sha256").hexdigest()
        return f"{last_second}.{seal}"
