"""Tokens for the REST API: client credentials in, a bearer token for an hour out (RFC 6749 section 4.4).

Fetched when one is needed, kept until shortly before its end, fetched again when the service refuses it. The secret
goes to the token address alone, in the body, and no message or repr carries it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from reconciler.core.model.messages import Request, Response
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.client import Client, ServiceProfile
from reconciler.live.rate_limiter import PaceClock

SECONDS_TO_SPARE = 60.0
USUAL_LIFE = 3600
_CODE = re.compile(r"[a-z_]{1,40}")
RENEWAL = (
    "Look at the application in 4me under Settings, Applications (is it enabled, with the grant type client "
    "credentials?), and update the variables that the tenant's `permissions.oauth` names"
)
TOKEN_ADDRESS = ServiceProfile(
    expects="an OAuth token",
    refused=RENEWAL,
    setting="the tenant's permissions.oauth.token_url",
    sends="application/x-www-form-urlencoded",
    repeatable=True,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's name and secret."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(slots=True)
class ClientCredentials:
    """Tokens from a token address; all who ask at once wait for one request."""

    client: Client
    credentials: Credentials
    clock: PaceClock
    _token: str | None = field(default=None, repr=False)
    _ends: float = 0.0
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self) -> str:
        """The token that is there, or a new one. Raises Unreachable where the credentials are refused."""
        async with self._fetching:
            if self._token is None or self.clock.now() >= self._ends:
                self._token, life = _read_token(self.client.url, await self._fetch())
                self._ends = self.clock.now() + max(life - SECONDS_TO_SPARE, life / 2)
            return self._token

    def refuse(self, token: str) -> bool:
        """That one is not used again; somebody else may have fetched another already."""
        if self._token == token:
            self._token = None
        return True

    async def _fetch(self) -> Response:
        """Asks for a token."""
        form: dict[str, object] = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        }
        return await self.client.send(Request("POST", "", form))


def _read_token(url: str, response: Response) -> tuple[str, float]:
    """The token and its life in seconds. Of a refusal only OAuth's own code is told: the rest may repeat the secret."""
    body = response.body if isinstance(response.body, dict) else {}
    if not response.succeeded:
        code = str(body.get("error", ""))
        said = f"{response.status} {code}" if _CODE.fullmatch(code) else str(response.status)
        raise Unreachable(f"{url} refuses the client credentials ({said}). {RENEWAL}")
    token, life = body.get("access_token"), body.get("expires_in", USUAL_LIFE)
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotAnAnswer(f"{url} answers no token where one was expected: check {TOKEN_ADDRESS.setting}")
    return token, float(life) if isinstance(life, int | float) and life > 0 else USUAL_LIFE
