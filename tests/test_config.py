"""Base URLs in every spelling, keys, and what the environment says."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from dify import AsyncDify, ConfigurationError, Dify
from dify._config import BASE_URL_VARIABLES, DEFAULT_BASE_URL, is_private, parse_base_url, settings_from

MODULES = (
    "_config",
    "_protocol.request",
    "_protocol.unsendable",
    "_protocol.error_mapping",
    "_protocol.retry",
    "_protocol.paging",
    "_protocol.download",
    "_streaming.sse",
    "_protocol.uploads",
    "_protocol.responses",
)


class PublicNames(doctest.OutputChecker):
    """Public classes print as `dify.X` once somebody has imported them from there, and as `dify.errors.X` before."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want.replace("dify.errors.", "dify."), got.replace("dify.errors.", "dify."), 0)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name):
    module = importlib.import_module(f"dify.{name}")
    runner = doctest.DocTestRunner(checker=PublicNames(), verbose=False)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test)
    assert runner.tries
    assert not runner.failures


NASTY_BUT_FINE = {
    "HTTPS://API.DIFY.AI/V1": "https://api.dify.ai/V1/v1",
    "https://api.dify.ai/v1//": "https://api.dify.ai/v1",
    "\thttps://api.dify.ai\n": "https://api.dify.ai/v1",
    "api.dify.ai:443": "https://api.dify.ai:443/v1",
    "https://dify.example.com/v10": "https://dify.example.com/v10/v1",
    "https://dify.example.com/v1/extra": "https://dify.example.com/v1/extra/v1",
    "https://xn--mnchen-3ya.de": "https://xn--mnchen-3ya.de/v1",
    "10.0.0.5": "http://10.0.0.5/v1",
    "172.16.0.1:8080": "http://172.16.0.1:8080/v1",
    "[fd00::1]": "http://[fd00::1]/v1",
    "[2606:4700::1111]": "https://[2606:4700::1111]/v1",
    "8.8.8.8": "https://8.8.8.8/v1",
    "dify-api:5001": "http://dify-api:5001/v1",
    "dify.local": "http://dify.local/v1",
    "app.localhost": "http://app.localhost/v1",
    "https://localhost": "https://localhost/v1",
    "http://127.0.0.1/v1": "http://127.0.0.1/v1",
}


@pytest.mark.parametrize(("text", "expected"), NASTY_BUT_FINE.items())
def test_a_base_url_is_understood(text, expected):
    assert parse_base_url(text) == expected
    assert parse_base_url(expected) == expected


NO_ADDRESSES = [
    "", "   ", "https://", "http:///v1", "://x", "ftp://x.test", "file:///etc/passwd", "javascript://x", "https://x.test/?",
    "https://x.test/#", "https://x.test/v1?key=1", "https://u@x.test", "https://u:p@x.test", "u:p@x.test",
    "https://x.test:port", "https://x.test:99999", "https://x.test:-1", "https://[::1", "https://x.test/a b",
    "https://x.te\nst", "https://x.test\\v1", "https:\\\\x.test", "https://x.test/\x00", "https://x\u200b.test",
    "https://x.test/\u2028/a",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_refused_and_a_password_is_not_repeated(text):
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        parse_base_url(text)
    assert "u:p" not in str(caught.value)


def test_plain_http_to_the_world_warns_once_per_host_and_to_ones_own_network_never(monkeypatch):
    monkeypatch.setattr("dify._config._warned", set())
    with pytest.warns(UserWarning, match="unencrypted"):
        parse_base_url("http://plain.example.com")
    # Warnings are errors here: a second one would fail.
    parse_base_url("http://plain.example.com/v1")
    parse_base_url("http://localhost:5001")
    parse_base_url("http://192.168.0.1")
    parse_base_url("http://api")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("192.168.1.1", True),
        ("172.32.0.1", False),
        ("example.com", False),
        ("localhost.example.com", False),
        ("internal.example.com", False),
        ("dify.internal", True),
    ],
)
def test_private_hosts_are_told_from_public_ones(host, private):
    assert is_private(host) is private


def test_the_environment_fills_what_was_not_given():
    environ = {"DIFY_API_KEY": " app-a ", "DIFY_KNOWLEDGE_API_KEY": "dataset-b", "DIFY_BASE_URL": "dify.test"}
    settings = settings_from(environ=environ)
    assert settings.base_url == "https://dify.test/v1"
    assert settings.secrets() == ("app-a", "dataset-b")
    settings = settings_from(api_key="app-c", base_url="other.test", environ=environ)
    assert (settings.base_url, settings.secrets()) == ("https://other.test/v1", ("app-c", "dataset-b"))


def test_the_addresses_of_other_clients_are_read_where_ours_is_not_set():
    environ = {"DIFY_API_BASE_URL": "two.test/v1", "DIFY_HOST": "three.test"}
    assert settings_from(environ=environ).base_url == "https://two.test/v1"
    assert settings_from(environ=environ | {"DIFY_API_BASE_URL": ""}).base_url == "https://three.test/v1"
    assert settings_from(environ=environ | {"DIFY_BASE_URL": "one.test"}).base_url == "https://one.test/v1"
    assert settings_from(base_url="zero.test", environ=environ).base_url == "https://zero.test/v1"


@pytest.mark.parametrize("variable", [*BASE_URL_VARIABLES, "DIFY_API_KEY", "DIFY_KNOWLEDGE_API_KEY"])
def test_the_variable_of_an_invalid_setting_is_named(variable):
    with pytest.raises(ConfigurationError, match=rf"variable {variable}$"):
        settings_from(environ={variable: "'quoted'"})


def test_an_invalid_argument_is_not_blamed_on_the_environment():
    with pytest.raises(ConfigurationError) as caught:
        settings_from(api_key="'quoted'", base_url="dify.test", environ={"DIFY_API_KEY": "app-a"})
    assert "variable" not in str(caught.value)


KEYS_WITH_MORE_AROUND_THEM = {
    "Bearer app-a": "begins with 'Bearer'; pass the key alone, without the header around it",
    "bearer  app-a": "begins with 'bearer'",
    "Authorization: Bearer app-a": "begins with 'Authorization: Bearer'",
    "'app-a'": "quotation mark",
    '"app-a': "quotation mark",
    "{app-a}": "brackets",
    "<app-a>": "brackets",
    "${DIFY_API_KEY}": "the placeholder '${DIFY_API_KEY}'",
    "$DIFY_API_KEY": "the placeholder",
    "%DIFY_API_KEY%": "the placeholder",
    "{{ secrets.DIFY_API_KEY }}": "the placeholder",
    "app-a app-b": "characters that no Dify key has",
    "app-a,app-b": "characters that no Dify key has",
    "app-\u2026": "characters that no Dify key has",
    "": "is empty",
}


@pytest.mark.parametrize(("key", "complaint"), KEYS_WITH_MORE_AROUND_THEM.items())
def test_a_key_with_more_around_it_is_refused_with_what_to_remove(key, complaint):
    with pytest.raises(ConfigurationError) as caught:
        settings_from(api_key=key, environ={})
    assert str(caught.value).startswith("api_key ")
    assert complaint in str(caught.value)
    assert "app-a" not in str(caught.value)
    assert caught.value.param == "api_key"


MISSPELLED_ADDRESSES = {
    "htp:/foo": "begins with 'htp:/'",
    "https:dify.test": "begins with 'https:'",
    "https//dify.test": "begins with 'https'",
    "http:/dify.test": "begins with 'http:/'",
    "https://https://dify.test": "two schemes",
    "https://dify.test/v1/chat-messages": "a single route",
    "dify.test/v1/workflows/run": "a single route",
    "'https://dify.test'": "quotation mark",
    "{base_url}": "brackets",
    "${DIFY_BASE_URL}": "placeholder",
}


@pytest.mark.parametrize(("text", "complaint"), MISSPELLED_ADDRESSES.items())
def test_a_misspelled_base_url_is_refused_with_its_fault(text, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        parse_base_url(text)
    assert caught.value.param == "base_url"


def test_an_empty_variable_is_no_variable():
    environ = {"DIFY_API_KEY": "", "DIFY_KNOWLEDGE_API_KEY": "", "DIFY_BASE_URL": ""}
    settings = settings_from(environ=environ)
    assert (settings.base_url, settings.secrets()) == (DEFAULT_BASE_URL, ())


def test_an_argument_that_is_empty_is_refused_and_not_replaced_by_the_environment():
    for given in ({"api_key": ""}, {"api_key": "  "}, {"api_key": None, "base_url": ""}):
        with pytest.raises(ConfigurationError):
            settings_from(**given, environ={"DIFY_API_KEY": "app-a", "DIFY_BASE_URL": "dify.test"})


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("-inf"), "5", [5], True, False])
def test_a_timeout_that_is_none_is_refused(timeout):
    with pytest.raises(ConfigurationError, match=r"^timeout must") as caught:
        settings_from(api_key="app-a", timeout=timeout, environ={})
    assert caught.value.param == "timeout"
    with pytest.raises(ConfigurationError, match=r"^timeout must"):
        settings_from(api_key="app-a", environ={}).with_options({"timeout": timeout})


@pytest.mark.parametrize("retries", [-1, 1.5, True, "2", None])
def test_a_number_of_retries_that_is_none_is_refused(retries):
    with pytest.raises(ConfigurationError):
        settings_from(api_key="app-a", max_retries=retries, environ={})


def test_a_timeout_in_seconds_never_limits_the_wait_for_a_connection():
    timeout = settings_from(api_key="app-a", timeout=3, environ={}).timeout
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (3, 3, 3, None)
    timeout = settings_from(api_key="app-a", timeout=float("inf"), environ={}).timeout
    assert (timeout.connect, timeout.read) == (None, None)
    timeout = settings_from(api_key="app-a", environ={}).timeout
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (10, 60, 60, None)


@pytest.mark.parametrize("user", ["", " ", 7, b"x"])
def test_a_default_user_that_is_none_is_refused(user):
    with pytest.raises(ConfigurationError, match="user"):
        settings_from(api_key="app-a", user=user, environ={})


WRONG_KINDS = [
    ({"api_key": SecretStr("app-a")}, "api_key is of type SecretStr: give text, its .get_secret_value()"),
    ({"api_key": b"app-a"}, "api_key is of type bytes: give text, the key itself"),
    ({"knowledge_api_key": 7}, "knowledge_api_key is of type int: give text, the key itself"),
    ({"base_url": httpx.URL("https://dify.test")}, "base_url is of type URL: give text, such as str(...)"),
    ({"base_url": 7}, "base_url is of type int: give text, such as str(...)"),
    ({"headers": [("X-A", "1")]}, "headers are of type list: give a dict of names and values"),
    ({"headers": "X-A: 1"}, "headers are of type str: give a dict of names and values"),
    ({"limits": 1 << 20}, "limits is of type int: give a dify.ResponseLimits(...)"),
    ({"trust_env": "no"}, "trust_env is of type str: give True or False"),
]


@pytest.mark.parametrize("face", [AsyncDify, Dify])
@pytest.mark.parametrize(("given", "told"), WRONG_KINDS, ids=str)
def test_a_setting_of_the_wrong_kind_is_refused_with_what_to_give(face: Any, given: Any, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        face(**given)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("face", "given", "taken"), [(AsyncDify, httpx.Client, "AsyncClient"), (Dify, httpx.AsyncClient, "Client")]
)
def test_an_http_client_of_the_other_kind_is_refused(face: Any, given: Any, taken: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"http_client is a {given.__name__}: {face.__name__} takes an httpx.{taken}$"
    ):
        face("app-test-key", http_client=given())


class LookAlike:
    """A client of a library with the interface of httpx."""


LookAlike.__module__ = "httpx2._client"


@pytest.mark.parametrize("face", [AsyncDify, Dify])
def test_an_http_client_of_a_look_alike_of_httpx_names_its_library(face: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"a LookAlike of the package httpx2, which is another library than httpx: \w+ takes"
    ) as caught:
        face("app-test-key", http_client=LookAlike())
    assert caught.value.param == "http_client"
