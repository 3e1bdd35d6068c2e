"""Which addresses and secrets of the CRM are acceptable, and that neither is ever quoted."""

import base64
import socket
import threading

import pytest
from pydantic import SecretStr

from scoring.delivery.adapters.address import checked
from scoring.delivery.adapters.webhook import Webhook
from scoring.errors import ConfigurationError, TransientError

SECRET = SecretStr(f"whsec_{base64.b64encode(bytes(range(32))).decode()}")

ACCEPTED = [
    ("https://10.1.2.3/hook", "a private network"),
    ("https://[2001:db8::1]:8443/hook", "IPv6"),
    ("https://127.0.0.1/hook", "this machine, with TLS"),
    ("http://127.0.0.1:8090/webhook", "this machine"),
    ("http://127.8.9.1/webhook", "all of 127.0.0.0/8 is this machine"),
    ("http://[::1]:8090/webhook", "this machine"),
    ("http://localhost:8090/webhook", "this machine"),
    ("https://10.1.2.3/hook?token=hidden", "a token in the address"),
]

REFUSED = [
    ("", "Set SCORING_CRM_URL", "none"),
    ("http://10.1.2.3/hidden", "plain HTTP to 10.1.2.3", "plain HTTP over a network"),
    ("http://crm.example.com/hidden", "plain HTTP to crm.example.com", "plain HTTP over a network"),
    ("http://localhost.example.com/hidden", "plain HTTP", "only begins like this machine"),
    ("http://2130706433/hidden", "plain HTTP", "127.0.0.1 in disguise"),
    ("https://user:hidden@10.1.2.3/hook", "user name or password", "credentials"),
    ("https://hidden@10.1.2.3/hook", "user name or password", "a user name"),
    ("https://169.254.169.254/hidden", "link-local", "a cloud's metadata"),
    ("https://[fe80::1]/hidden", "link-local", "IPv6 link-local"),
    ("https://[::ffff:169.254.169.254]/hidden", "link-local", "IPv4 in IPv6"),
    ("https://2852039166/hidden", "link-local", "169.254.169.254 as one number"),
    ("https://224.0.0.1/hidden", "multicast", "multicast"),
    ("https://[ff02::1]/hidden", "multicast", "IPv6 multicast"),
    ("https://0.0.0.0/hidden", "unspecified", "unspecified"),
    ("https://[::]/hidden", "unspecified", "IPv6 unspecified"),
    ("ftp://10.1.2.3/hidden", "https://host/path", "another scheme"),
    ("10.1.2.3/hidden", "https://host/path", "no scheme"),
    ("https:///hidden", "https://host/path", "no host"),
    ("https://10.1.2.3:0/hidden", "https://host/path", "no port"),
    ("https://10.1.2.3:99999/hidden", "can be read", "no port"),
    ("https://[10.1.2.3/hidden", "can be read", "no address"),
    ("https://10.1.2.3/hidden\r\nX: y", "control character", "a header smuggled in"),
    (" https://10.1.2.3/hidden", "space", "a space"),
]


@pytest.mark.parametrize(("url", "why"), ACCEPTED)
def test_accepted(url, why):
    assert checked(url).addresses, why


@pytest.mark.parametrize(("url", "problem", "why"), REFUSED)
def test_refused_with_the_reason_and_the_setting_and_without_the_address(url, problem, why):
    with pytest.raises(ConfigurationError, match=problem) as caught:
        checked(url)
    assert "SCORING_CRM_URL" in str(caught.value), why
    assert "hidden" not in str(caught.value), why
    caught.value.read_in_airflow = True
    assert "connection crm_webhook" in str(caught.value), why
    assert "hidden" not in str(caught.value), why


def test_a_name_that_cannot_be_resolved_may_be_known_later():
    with pytest.raises(TransientError, match=r"no-such-host\.invalid cannot be resolved.*SCORING_CRM_URL"):
        checked("https://no-such-host.invalid/hidden")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_dG9vIHNob3J0",
        SECRET.get_secret_value().removeprefix("whsec_"),
        "whsec_" + "!" * 44,
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_ünïcode" + "A" * 40,
        " ",
        f"{SECRET.get_secret_value()} whsec_dG9vIHNob3J0",
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_by_the_name_of_its_setting(secret):
    webhook = Webhook("http://127.0.0.1:1/", SecretStr(secret))
    with pytest.raises(ConfigurationError, match="SCORING_CRM_SECRET") as caught, webhook.opened():
        pass
    for encoded in secret.replace("whsec_", "").split():
        assert encoded not in str(caught.value)


def test_a_secret_may_lack_its_padding():
    webhook = Webhook("http://127.0.0.1:1/hidden", SecretStr(SECRET.get_secret_value().rstrip("=")))
    with webhook.opened() as sender:
        assert SECRET.get_secret_value()[6:] not in repr(vars(sender)) + repr(webhook)
    assert "hidden" not in repr(webhook)


def test_a_name_server_that_does_not_answer_is_waited_for_only_so_long():
    answers = threading.Event()
    try:
        with pytest.raises(TransientError, match=r"crm\.example cannot be resolved within 0\.05 s"):
            checked("https://crm.example/", seconds=0.05, look_up=lambda *_, **__: answers.wait())
    finally:
        answers.set()


def test_a_name_that_resolves_to_a_forbidden_address_is_refused_and_another_is_connected_to():
    def look_up(host, port, **_):
        assert (host, port) == ("crm.example", 443)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    found = ["10.1.2.3", "169.254.169.254"]
    with pytest.raises(ConfigurationError, match="link-local"):
        checked("https://crm.example/", look_up=look_up)
    found = ["10.1.2.3", "10.1.2.4"]
    target = checked("https://CRM.example/a b".replace(" ", "%20") + "?ü=1", look_up=look_up)
    assert [one.address for one in target.addresses] == [("10.1.2.3", 443), ("10.1.2.4", 443)]
    assert (target.authority, target.path) == ("crm.example", "/a%20b?%C3%BC=1")


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://127.0.0.1:8090/hook", "127.0.0.1:8090"),
        ("http://[::1]/hook", "[::1]"),
        ("https://[::1]:8443", "[::1]:8443"),
        ("https://10.1.2.3:443/", "10.1.2.3"),
        ("http://127.0.0.1:443/", "127.0.0.1:443"),
    ],
)
def test_the_host_header_names_the_port_only_where_it_is_not_the_usual_one(url, authority):
    assert checked(url).authority == authority
