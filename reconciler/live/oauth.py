"""Fetches tokens for the REST API with client credentials (RFC 6749 section 4.4); a token lasts an hour.

A token is fetched when it is needed, kept until shortly before its end, and fetched again if the service refuses it.
The secret is sent to the token address only, in the body, and is in no message or repr.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.http_time import read_count
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.client import Client, ServiceProfile
from reconciler.live.rate_limiter import PaceClock

SECONDS_TO_SPARE = 60.0
USUAL_LIFE, LONGEST_LIFE = 3_600, 86_400
_CODE = re.compile(r"[a-z_]{1,40}")
RENEWAL = (
    "Check in 4me under Settings, Applications that the application is enabled, with the grant type client "
    "credentials, and update the variables that the tenant's `permissions.oauth` names"
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
    """The id and secret of an OAuth client."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(slots=True)
class ClientCredentials:
    """Tokens from a token address; concurrent callers share one request."""

    client: Client
    credentials: Credentials
    clock: PaceClock
    _token: str | None = field(default=None, repr=False)
    _ends: float = 0.0
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self) -> str:
        """Returns the current token, or fetches a new one. Raises Unreachable if the credentials are refused."""
        async with self._fetching:
            if self._token is None or self.clock.now() >= self._ends:
                self._token, life = _read_token(self.client.url, await self._request_token())
                self._ends = self.clock.now() + max(life - SECONDS_TO_SPARE, life / 2)
            return self._token

    def refuse(self, token: str) -> bool:
        """Drops the token, unless another request replaced it already; another one can always be fetched."""
        if self._token == token:
            self._token = None
        return True

    async def _request_token(self) -> Response:
        form: dict[str, object] = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        }
        return await self.client.send(Request("POST", "", form))


def _read_token(url: str, response: Response) -> tuple[str, float]:
    """Returns the token and its life in seconds.

    Raises Unreachable with OAuth's code only, because the rest of a refusal may repeat the secret.
    """
    body = response.body if isinstance(response.body, dict) else {}
    if not response.succeeded:
        code = str(body.get("error", ""))
        reason = f"{response.status} {code}" if _CODE.fullmatch(code) else str(response.status)
        raise Unreachable(f"{url} refuses the client credentials ({reason}). {RENEWAL}")
    token = body.get("access_token")
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotAnAnswer(f"{url} answers without a token: check {TOKEN_ADDRESS.setting}")
    return token, _read_life(body.get("expires_in"))


def _read_life(written: object) -> float:
    """Returns the seconds that a token lives: at most a day, and an hour if the answer has none or no number."""
    seconds = read_count(str(written)) if isinstance(written, int | str) and not isinstance(written, bool) else written
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return float(min(seconds, LONGEST_LIFE))
    return USUAL_LIFE
