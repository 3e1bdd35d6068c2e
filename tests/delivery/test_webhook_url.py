"""Which addresses and secrets of the CRM are acceptable, and that neither is ever quoted."""

import base64

import pytest
from pydantic import SecretStr

from scoring.delivery.adapters.webhook import Sender, check_url
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
    ("", "set SCORING_CRM_URL", "none"),
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
    assert check_url(url) is None, why


@pytest.mark.parametrize(("url", "problem", "why"), REFUSED)
def test_refused_with_the_reason_and_the_setting_and_without_the_address(url, problem, why):
    with pytest.raises(ConfigurationError, match=problem) as caught:
        check_url(url)
    assert "SCORING_CRM_URL" in str(caught.value), why
    assert "crm_webhook" in str(caught.value), why
    assert "hidden" not in str(caught.value), why


def test_a_name_that_cannot_be_resolved_may_be_known_later():
    with pytest.raises(TransientError, match=r"no-such-host\.invalid cannot be resolved.*SCORING_CRM_URL"):
        check_url("https://no-such-host.invalid/hidden")


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
    with pytest.raises(ConfigurationError, match="SCORING_CRM_SECRET") as caught:
        Sender("http://127.0.0.1:1/", SecretStr(secret))
    for encoded in secret.replace("whsec_", "").split():
        assert encoded not in str(caught.value)


def test_a_secret_may_lack_its_padding():
    with Sender("http://127.0.0.1:1/", SecretStr(SECRET.get_secret_value().rstrip("="))) as sender:
        assert SECRET.get_secret_value()[6:] not in repr(vars(sender))
