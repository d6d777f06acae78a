"""Opens HTTP clients with the proxies and authorities of the environment, and receives answers within bounds.

Knows no service. Whatever a server sends, an answer ends: it has one deadline for head and body, and a largest size.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from reconciler.core.scim.http_body import LARGEST_BODY, Unfolding
from reconciler.errors import Unreachable
from reconciler.settings import check_proxies, explain_tls_and_proxies, name_proxies

OTHER_HOST = 62  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH


def open_client(
    address: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport | None, seconds: float
) -> httpx.AsyncClient:
    """Returns a client that follows no redirect; raises Unreachable if the environment's proxy or authority is wrong.

    A proxy of the environment tunnels https, but could read http.
    """
    from_environment = address.startswith("https:")
    try:
        if from_environment:
            check_proxies()
        return httpx.AsyncClient(
            transport=transport,
            timeout=seconds,
            follow_redirects=False,
            trust_env=from_environment,
            headers={"Accept-Encoding": "gzip", **headers},
        )
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:  # OSError: ssl.SSLError too
        raise Unreachable(explain_tls_and_proxies(error)) from error


async def receive_body(answer: httpx.Response, most: int = LARGEST_BODY) -> bytes:
    """Returns the body, unfolded; raises UnreadableBody if it is too large, damaged, or compressed twice."""
    unfolding = Unfolding(answer.headers.get("content-encoding", ""), most)
    assert isinstance(answer.stream, httpx.AsyncByteStream)  # noqa: S101  # of an AsyncClient
    async for piece in answer.stream:
        unfolding.add(piece)
    return unfolding.end()


def overdue(reason: str) -> httpx.ReadTimeout:
    """Returns httpx's error for an answer that is not whole in time: httpx's own limit starts again at every byte."""
    return httpx.ReadTimeout(reason)


def find_certificate_fault(error: BaseException) -> str | None:
    """Describes why the server's certificate is refused, with what to do; None if the error is another one."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if cause.verify_code == OTHER_HOST:
        return f"its certificate is for another host ({cause.verify_message.rstrip('.')}): correct the address"
    return (
        f"its certificate is not trusted ({cause.verify_message}): if your authority issued it, name the file with "
        f"the authority's certificate in SSL_CERT_FILE"
    )


def name_what_to_check(address: str) -> str:
    """Returns what can be wrong if no answer comes: a proxy that is not there looks like a service that is not."""
    proxies = name_proxies() if address.startswith("https:") else []
    return f"the url, the network and {' and '.join(proxies)}" if proxies else "the url and the network"


def describe_failure(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """Describes why no answer came: httpx names the host, never the headers, and some errors have no text."""
    reason = str(error) or type(error).__name__
    return f"the proxy: {reason}" if isinstance(error, httpx.ProxyError) else reason
