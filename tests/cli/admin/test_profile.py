"""Profiles: "set", "list", "show", "use", "delete" and "path"; who may read the file, and which key goes where."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dify._config import BASE_URL_VARIABLES
from dify.cli.config import ADDRESS_VARIABLES, Config, Profile, load_config, save_config
from dify.cli.exits import CommandError
from dify.testing import Emulator

from ..conftest import piped
from ..terminal import Terminal

Invoke = Callable[..., Any]
SECRET = "app-kept-in-a-file"


@pytest.fixture
def path() -> Path:
    return Path(os.environ["DIFY_CONFIG"])


def test_a_profile_is_made_from_a_pipe_and_its_owner_alone_can_read_it(invoke: Invoke, path: Path) -> None:
    made = invoke(
        "profile", "set", "work", "--base-url", "dify.example.com", "--api-key", input=f"{SECRET}\n", key=None
    )

    assert made.exit_code == 0, made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_config(path) == Config({"work": Profile("dify.example.com", SECRET)}, "work")
    for words in (["list"], ["list", "--json"], ["show", "work"]):
        shown = invoke("profile", *words)
        assert SECRET not in shown.output
        assert "dify.example.com" in shown.stdout
    assert f"api_key\t{SECRET}" in invoke("profile", "show", "work", "--show-keys").stdout
    assert invoke("profile", "path").stdout == f"{path}\n"


def test_a_key_that_is_typed_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with Terminal("profile", "set", "home", "--api-key", "--knowledge-api-key", DIFY_CONFIG=str(path)) as terminal:
        terminal.expect("App key")
        terminal.type(SECRET)
        terminal.expect("Knowledge key")
        terminal.type("dataset-also-secret")
        terminal.expect("saved profile home in")
        terminal.end()
    assert terminal.code == 0
    assert "secret" not in terminal.seen
    assert SECRET not in terminal.seen
    assert load_config(path).profiles["home"] == Profile(None, SECRET, "dataset-also-secret")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_with_keys_that_others_can_read_is_refused(invoke: Invoke, path: Path, mode: int) -> None:
    save_config(path, Config({"work": Profile("127.0.0.1:9", SECRET)}, "work"))
    path.chmod(mode)
    for words in (["chat", "Hello"], ["profile", "list"], ["profile", "set", "x"]):
        refused = invoke(*words, key=None)
        assert refused.exit_code == 2
        assert f"chmod 600 {path}" in refused.stderr


def test_a_profile_is_used_as_a_whole(invoke: Invoke, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        save_config(path, Config({"here": Profile(base_url, SECRET, user="carol"), "bare": Profile(base_url)}, "here"))

        assert invoke("chat", "Hello", key=None).stdout == "Echo: Hello\n"  # the default one
        assert emulator.requests[-1].user == "carol"
        assert invoke("chat", "Hello", "--user", "dave", key=None).exit_code == 0
        assert emulator.requests[-1].user == "dave"
        # The environment goes before the default profile, and a profile that is named before the environment.
        assert invoke("chat", "Hello", base_url="http://127.0.0.1:9").exit_code == 6
        assert invoke("chat", "Hello", "--profile", "here", base_url="http://127.0.0.1:9").exit_code == 0
        monkeypatch.setenv("DIFY_PROFILE", "here")
        assert invoke("chat", "Hello", base_url="http://127.0.0.1:9").exit_code == 0
        # The key of the environment never goes to the server of a profile.
        sent = len(emulator.requests)
        bare = invoke("chat", "Hello", "--profile", "bare")
        assert (bare.exit_code, "no API key" in bare.stderr) == (2, True)
        assert len(emulator.requests) == sent


def test_a_refused_key_names_the_profile(invoke: Invoke, path: Path) -> None:
    with Emulator().serve() as base_url:
        save_config(path, Config({"work": Profile(base_url, "nonsense")}, None))
        result = invoke("chat", "Hello", "--profile", "work", key=None)
    assert (result.exit_code, "the profile 'work'" in result.stderr) == (3, True)


def test_profiles_are_changed_chosen_and_deleted(invoke: Invoke, path: Path) -> None:
    invoke("profile", "set", "a", "--user", "ann")
    invoke("profile", "set", "b", "--base-url", "b.example.com")
    invoke("profile", "set", "b", "--user", "bob")
    assert load_config(path) == Config({"a": Profile(user="ann"), "b": Profile("b.example.com", user="bob")}, "a")
    assert invoke("profile", "use", "b").exit_code == 0
    assert load_config(path).default == "b"
    assert invoke("profile", "delete", "b").exit_code == 2  # nobody can be asked
    assert invoke("profile", "delete", "b", "--yes").exit_code == 0
    assert load_config(path) == Config({"a": Profile(user="ann")}, None)


@pytest.mark.parametrize(
    "words",
    [
        ["profile", "use", "nobody"],
        ["profile", "show", "nobody"],
        ["profile", "delete", "nobody", "--yes"],
        ["chat", "Hello", "--profile", "nobody"],
        ["profile", "set", "x", "--base-url", "ftp://example.com"],
        ["profile", "set", "x", "--api-key"],
    ],
)
def test_what_cannot_be_is_refused(invoke: Invoke, words: list[str]) -> None:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    "text",
    [
        "default = 1",
        "[profiles]\nx = 1",
        "[profiles.x]\nkey = 'a'",
        "[profiles.x]\nuser = 1",
        "odd = 'a'",
        "= ",
        "\xff",
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError, match="is not a valid config file"):
        load_config(path)


@pytest.mark.parametrize("value", ['a"b\\c', "tab\tnew\nline", "del\x7f", "ünï", "a.b c"])
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, value: str) -> None:
    path = tmp_path / "deep" / "config.toml"
    config = Config({value: Profile(value, value, value, value)}, value)
    save_config(path, config)
    assert load_config(path) == config


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    link.symlink_to(real)
    save_config(link, Config({"a": Profile()}, None))
    assert link.is_symlink()
    assert load_config(real).profiles == {"a": Profile()}


def test_completion_offers_profiles_and_commands(path: Path) -> None:
    save_config(path, Config({"work": Profile(), "home": Profile()}, None))
    env = {"_DIFY_COMPLETE": "complete_bash", "DIFY_CONFIG": str(path)}
    names = piped_complete("dify chat --profile ", 3, env)
    assert {"work", "home"} <= set(names)
    assert "conversations" in piped_complete("dify conv", 1, env)
    assert "upload" in piped_complete("dify knowledge documents u", 3, env)


def piped_complete(words: str, index: int, env: dict[str, str]) -> list[str]:
    done = piped(**env, COMP_WORDS=words, COMP_CWORD=str(index))
    return [line.split("\t")[0].split(",")[-1] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["", " "])
def test_a_profile_needs_a_name(invoke: Invoke, name: str) -> None:
    result = invoke("profile", "set", name, "--user", "alice")
    assert (result.exit_code, result.stderr) == (2, "Error: the profile name is empty\n")
    assert invoke("profile", "list").stdout == ""


def test_what_is_no_file_is_not_replaced_by_the_settings(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dify.cli.config import Config, save_config
    from dify.cli.exits import CommandError

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CommandError, match="not a regular file"):
        save_config(pipe, Config())
    assert pipe.is_fifo()


def test_a_key_that_a_profile_lacks_is_added_to_the_profile(invoke: Invoke, path: Path) -> None:
    save_config(path, Config({"my work": Profile("http://127.0.0.1:9", SECRET)}, "my work"))

    default = invoke("knowledge", "list", key=None)
    named = invoke("knowledge", "list", "--profile", "my work", base_url="http://127.0.0.1:9")

    assert default.exit_code == named.exit_code == 2
    assert "dify profile set 'my work' --knowledge-api-key" in default.stderr
    assert "DIFY_" not in default.stderr  # setting it would send a key of this server to another
    assert "DIFY_KNOWLEDGE_API_KEY is ignored when a profile is used" in named.stderr


def test_where_the_environment_goes_before_the_default_profile_it_is_said(
    invoke: Invoke, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_config(path, Config({"work": Profile("http://127.0.0.1:9", SECRET)}, "work"))
    monkeypatch.setenv("DIFY_KNOWLEDGE_API_KEY", "dataset-x")

    result = invoke("chat", "Hello", key=None)

    assert result.exit_code == 2
    assert "set DIFY_API_KEY" in result.stderr
    assert "override the default profile; pass --profile work to use it" in result.stderr
    path.chmod(0o644)  # a file that is not used anyhow
    assert "default profile" not in invoke("chat", "Hello", key=None).stderr


def test_the_address_to_check_is_the_one_that_was_used(invoke: Invoke, path: Path) -> None:
    save_config(path, Config({"work": Profile("http://127.0.0.1:9", SECRET)}, "work"))

    of_the_profile = invoke("chat", "Hello", key=None)
    of_the_option = invoke("chat", "Hello", "--base-url", "http://127.0.0.1:9", key=None)

    assert of_the_profile.exit_code == of_the_option.exit_code == 6
    assert of_the_profile.stderr.endswith("(check base_url of the profile 'work')\n")
    assert of_the_option.stderr.endswith("(check --base-url)\n")


@pytest.mark.parametrize("variable", ["DIFY_API_BASE_URL", "DIFY_HOST"])
def test_the_address_in_a_variable_of_other_clients_is_used_and_named(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        monkeypatch.setenv(variable, base_url)
        assert invoke("info").exit_code == 0
        assert emulator.requests
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert f"--base-url or {variable}" in invoke("info").stderr


def test_a_variable_of_other_clients_does_not_replace_the_default_profile(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    with Emulator() as emulator, emulator.serve() as base_url:
        path.parent.mkdir(parents=True)
        save_config(path, Config({"work": Profile(base_url, SECRET)}, "work"))
        monkeypatch.setenv("DIFY_HOST", "http://127.0.0.1:9")
        assert invoke("info", key=None).exit_code == 0
        assert emulator.requests


def test_the_command_and_the_client_read_the_same_variables() -> None:
    assert ADDRESS_VARIABLES == BASE_URL_VARIABLES
