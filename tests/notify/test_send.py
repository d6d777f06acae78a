"""E-mail and webhooks, sent to servers that are real: once, over TLS, and why not is said without a secret."""

from __future__ import annotations

import logging
import ssl

import pytest

from reconciler.notify.send import LATE, send_all
from tests.notify.world import (
    PASSWORD,
    Authority,
    email,
    endpoint,
    means,
    nobody,
    post_office,
    webhook,
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_mail_is_sent_once_to_all_over_tls(authority: Authority) -> None:
    """Logged in, threaded, and no holiday answers it."""
    with post_office(tls=authority.server) as office:
        address = f"smtps://bot%40example.com:{PASSWORD}@127.0.0.1:{office.port}"
        reasons = send_all([email(address, "iam@example.com", "ops@example.com")], means(authority.trust))

    assert [None] == reasons
    [mail] = office.mails
    assert ["iam@example.com", "ops@example.com"] == office.recipients
    assert ("[reconciler] qa: drift", "bot@example.com") == (mail["Subject"], mail["From"])
    assert ("auto-generated", "<qa.0123@reconciler.invalid>") == (mail["Auto-Submitted"], mail["References"])
    assert "Wed, 25 Nov 2026 05:17:00 +0000" == mail["Date"]
    assert "qa: 2 people are not as git says.\n" == str(mail.get_payload()).replace("\r\n", "\n")


def test_a_mail_waits_for_starttls(authority: Authority) -> None:
    """On port 587 nothing but that is said in the clear; `sender` is who it is from."""
    with post_office(starttls=authority.server) as office:
        address = f"smtp://bot%40example.com:{PASSWORD}@127.0.0.1:{office.port}"
        reasons = send_all([email(address, sender="rec@example.com")], means(authority.trust))

    assert ([None], [True], "rec@example.com") == (reasons, office.encrypted, office.mails[0]["From"])


def test_without_starttls_nothing_is_said_but_on_this_machine() -> None:
    """The name resolves to loopback and is none; 127.0.0.1 itself may do without."""
    with post_office() as office:
        reasons = send_all(
            [email(f"smtp://u:{PASSWORD}@0.0.0.0:{office.port}"), email(f"smtp://127.0.0.1:{office.port}")], means()
        )

    assert ["the server has no STARTTLS: nothing was sent without TLS", None] == reasons
    assert (1, "reconciler@127.0.0.1") == (len(office.mails), office.mails[0]["From"])


def test_what_a_mail_server_refuses_is_told_by_its_code(authority: Authority) -> None:
    """Its words may repeat what it was told."""
    refusing = {"iam@example.com": f"550 5.1.1 {PASSWORD} unknown"}
    with post_office(tls=authority.server, refused=refusing) as office:
        address = f"smtps://bot%40example.com:{PASSWORD}@127.0.0.1:{office.port}"
        wrong = f"smtps://bot%40example.com:{PASSWORD}-wrong@127.0.0.1:{office.port}"
        reasons = send_all(
            [email(address), email(address, "iam@example.com", "ops@example.com"), email(wrong)],
            means(authority.trust),
        )

    refused = "the server refuses 1 of the recipients (it answers 550)"
    assert [refused, refused, "the server answers 535"] == reasons
    assert ["ops@example.com"] == office.recipients


def test_a_post_is_one_with_a_text(authority: Authority) -> None:
    """As chats take it, over TLS; or all that is known."""
    with endpoint(tls=authority.server) as chat:
        reasons = send_all([webhook(chat.url), webhook(chat.url, "json")], means(authority.trust))

    assert [None, None] == reasons
    text = "[reconciler] qa: drift\n\nqa: 2 people are not as git says.\n"
    known = {"subject": "[reconciler] qa: drift", "text": "qa: 2 people are not as git says.\n", "tenant": "qa"}
    assert 2 == len(chat.posts)
    assert {"text": text} in chat.posts
    assert known in chat.posts


def test_a_proxy_hears_no_address_that_is_not_hidden_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS it would be told the whole of it: nobody but this machine is posted to like that."""
    with endpoint() as proxy, endpoint() as chat:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        reasons = send_all([webhook(chat.url)], means())

    assert ([None], 1, []) == (reasons, len(chat.posts), proxy.posts)


def test_a_redirect_is_not_followed() -> None:
    """The message would go to whoever can make the answer."""
    with endpoint() as elsewhere, endpoint(307, {"Location": elsewhere.url}) as chat:
        reasons = send_all([webhook(chat.url)], means())

    assert ["it answers 307, and redirects are not followed: use the address that it redirects to"] == reasons
    assert (1, []) == (len(chat.posts), elsewhere.posts)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_refused_post_is_told_by_its_status_and_sent_once(status: int) -> None:
    """No retry: a chat that is overloaded is not helped."""
    with endpoint(status) as chat:
        assert [f"it answers {status}"] == send_all([webhook(chat.url)], means())

    assert 1 == len(chat.posts)


def test_a_certificate_that_nobody_trusts_is_not_talked_to(authority: Authority) -> None:
    """Neither by mail nor by post, whether TLS comes first or later."""
    with (
        endpoint(tls=authority.server) as chat,
        post_office(tls=authority.server) as office,
        post_office(starttls=authority.server) as later,
    ):
        mails = [email(f"smtps://127.0.0.1:{office.port}"), email(f"smtp://127.0.0.1:{later.port}")]
        reasons = send_all([webhook(chat.url), *mails], means())

    assert ["its certificate is not trusted: name the certificate of your authority with SSL_CERT_FILE"] * 3 == reasons
    assert ([], [], []) == (chat.posts, office.mails, later.mails)


def test_who_never_answers_is_not_waited_for_longer_than_for_all() -> None:
    """Three silent ones cost what one costs, and do not keep the others."""
    with nobody() as silent, endpoint() as chat:
        deliveries = [webhook(f"http://127.0.0.1:{silent}/"), email(f"smtp://127.0.0.1:{silent}"), webhook(chat.url)]
        reasons = send_all(deliveries, means(seconds=0.3))

    assert [LATE, LATE, None] == reasons


def test_where_nothing_listens_is_said() -> None:
    """By mail and by post."""
    with nobody() as port:
        pass
    reasons = send_all([webhook(f"http://127.0.0.1:{port}/"), email(f"smtp://127.0.0.1:{port}")], means())

    assert ["its host refuses connections on this port"] * 2 == reasons


@pytest.mark.parametrize(
    "address",
    [
        f"http://chat.example/{PASSWORD}",
        f"https://u:{PASSWORD}@chat.example/",
        f"file:///etc/{PASSWORD}",
        f"https:///{PASSWORD}",
        f"https://chat.example:{PASSWORD}/",
        f"ftp://chat.example/{PASSWORD}",
        PASSWORD,
    ],
)
def test_an_address_that_must_not_be_used_is_not_repeated(address: str) -> None:
    """Plain http leaves this machine in the clear."""
    post, mail = send_all([webhook(address), email(address)], means())

    assert post is not None
    assert mail is not None
    assert post.startswith("its address is n")
    assert mail.startswith("its address is not valid: write it smtps://user:password@host:465")
    assert PASSWORD not in post + mail


def test_no_secret_is_in_any_log_repr_or_output(
    authority: Authority, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At debug level too, of the libraries too; whether it works or not."""
    caplog.set_level(logging.DEBUG)
    with endpoint(500) as chat, post_office(tls=authority.server) as office:
        deliveries = [
            webhook(chat.url),
            webhook(f"https://127.0.0.1:1/{PASSWORD}"),
            webhook(f"http://127.0.0.1:1/{PASSWORD} \n"),
            email(f"smtps://bot%40example.com:{PASSWORD}@127.0.0.1:{office.port}"),
            email(f"smtps://bot%40example.com:{PASSWORD}@127.0.0.1:1"),
        ]
        reasons = send_all(deliveries, means(ssl.create_default_context()))

    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.log")]
    said = "".join([*ours, *capfd.readouterr(), *map(str, reasons), repr(deliveries)])
    assert None not in reasons
    assert PASSWORD not in said
