"""What is sent: paths, queries, JSON bodies."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote
from uuid import UUID

import httpx
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from dify import ConfigurationError, InputFile, InvalidArgumentError, UploadedFile
from dify._protocol.arguments import files_of, flag
from dify._protocol.request import Call, compact, encode_json, escape_path, query_string, segment
from dify.types import ExternalRetrievalModel

UPLOADED = UploadedFile(id="file-1", name="cat.png", mime_type="image/png")


@given(st.text(max_size=40))
def test_an_id_is_either_refused_or_one_segment_that_says_it_again(text):
    try:
        quoted = segment(text, "id")
    except InvalidArgumentError:
        return
    assert unquote(quoted) == text
    assert quoted.isascii()
    url = httpx.URL(f"https://dify.test/v1/datasets/base/documents/{quoted}/segments")
    assert url.raw_path.count(b"/") == 6
    assert url.raw_path.startswith(b"/v1/datasets/base/documents/")
    assert url.raw_path.endswith(b"/segments")


@given(st.text(alphabet="./\\%25eEfFcC", max_size=12))
def test_no_spelling_of_a_step_upwards_passes(text):
    try:
        plain = segment(text, "id")
    except InvalidArgumentError:
        return
    for _ in range(8):
        plain = unquote(plain)
        assert plain not in (".", "..")
        assert "/" not in plain
        assert "\\" not in plain


@given(st.text(alphabet="ab/.%2e?#\\: ", max_size=20))
def test_a_path_of_the_users_own_stays_below_the_base_url(text):
    try:
        path = escape_path(text)
    except InvalidArgumentError:
        return
    url = httpx.URL(f"https://dify.test/v1{path}")
    assert (url.scheme, url.host) == ("https", "dify.test")
    assert url.raw_path.startswith(b"/v1/")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, ""),
        ({"a": None}, ""),
        ({"a": True, "b": False}, "a=true&b=false"),
        ({"a": 0, "b": 1.5}, "a=0&b=1.5"),
        ({"a": ["x", None, "y"], "b": []}, "a=x&a=y"),
        ({"a": ("x", 1)}, "a=x&a=1"),
        ({"a": ""}, "a="),
        ({"a": "ü &=+/?#%20"}, "a=%C3%BC+%26%3D%2B%2F%3F%23%2520"),
        ({"a b": "c"}, "a+b=c"),
        ({"a": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, "a=2026-01-02T03%3A04%3A05%2B00%3A00"),
        ({"a": date(2026, 1, 2)}, "a=2026-01-02"),
        ({"a": UUID(int=1)}, "a=00000000-0000-0000-0000-000000000001"),
        ({"a": Decimal("1.10")}, "a=1.10"),
        ({"a": "line\r\nbreak"}, "a=line%0D%0Abreak"),
    ],
)
def test_a_query_is_written_in_the_servers_spelling(query, text):
    assert query_string(query) == text


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=10), max_size=4))
def test_a_query_of_texts_is_read_back_as_it_was(query):
    try:
        text = query_string(query)
    except InvalidArgumentError:
        return
    assert dict(parse_qsl(text, keep_blank_values=True)) == query


def test_a_lone_surrogate_in_a_query_is_refused():
    for query in ({"user": "\ud83d"}, {"tags": ["ok", "\udc00"]}):
        with pytest.raises(InvalidArgumentError, match="surrogate"):
            query_string(query)


def test_a_body_keeps_text_as_it_is_and_null_where_it_is_said():
    body = {"a": "你好 🎉 \u2028", "b": None, "c": [True, 1, 1.5], "d": {}}
    assert encode_json(body) == '{"a":"你好 🎉 \u2028","b":null,"c":[true,1,1.5],"d":{}}'.encode()


def test_models_inside_a_body_have_their_wire_form():
    body = encode_json({"one": UPLOADED, "many": [InputFile.from_url("https://x.test/a", type="document"), UPLOADED]})
    upload = {"type": "image", "transfer_method": "local_file", "upload_file_id": "file-1"}
    url = {"type": "document", "transfer_method": "remote_url", "url": "https://x.test/a"}
    assert json.loads(body) == {"one": upload, "many": [url, upload]}


def test_a_model_of_the_users_own_is_sent_whole_and_one_of_ours_without_what_was_not_said():
    class Person(BaseModel):
        name: str
        nick: str | None = None
        at: datetime | None = None

    ann = Person(name="Ann", at=datetime(2026, 1, 2, tzinfo=UTC))
    body = encode_json({"one": ann, "all": [Person(name="Bob")], "how": ExternalRetrievalModel(top_k=3)})
    assert json.loads(body) == {
        "one": {"name": "Ann", "nick": None, "at": "2026-01-02T00:00:00Z"},
        "all": [{"name": "Bob", "nick": None, "at": None}],
        "how": {"top_k": 3},
    }


def test_values_of_other_types_have_their_text():
    body = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "on": date(2026, 1, 2),
        "id": UUID(int=1),
        "price": Decimal("0.10"),
        "map": MappingProxyType({"a": 1}),
        "ordered": OrderedDict(a=1),
        "tuple": (1, 2),
    }
    assert json.loads(encode_json(body)) == {
        "at": "2026-01-02T00:00:00+00:00",
        "on": "2026-01-02",
        "id": "00000000-0000-0000-0000-000000000001",
        "price": "0.10",
        "map": {"a": 1},
        "ordered": {"a": 1},
        "tuple": [1, 2],
    }


def circle() -> list:
    items: list = []
    items.append(items)
    return items


def deep() -> list:
    items: list = []
    for _ in range(100_000):
        items = [items]
    return items


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), "\ud83d", {"\udc00": 1}, object(), {1}, b"x", print, circle(), deep(), {(1, 2): 3}],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(InvalidArgumentError, match="JSON"):
        encode_json({"inputs": {"x": value}})


UNSENDABLE = [
    ({"query": "caf\udcaf"}, "query", "query contains a lone surrogate (\\udcaf, at position 3)"),
    ({"inputs": {"score": float("nan")}}, "inputs", "inputs['score'] is nan"),
    ({"inputs": {"rows": [1, {"price": float("-inf")}]}}, "inputs", "inputs['rows'][1]['price'] is -inf"),
    ({"inputs": {"tags": {1, 2}}}, "inputs", "inputs['tags'] is of type set, which JSON cannot represent; pass a list"),
    ({"inputs": {"photo": b"x"}}, "inputs", "inputs['photo'] is of type bytes"),
    ({"inputs": {"x": {(1, 2): 3}}}, "inputs", "inputs['x'] has the key (1, 2)"),
    ({"inputs": {"x": {"\udc00": 1}}}, "inputs", "inputs['x']['\\udc00'] has a name that contains a lone surrogate"),
    ({"inputs": MappingProxyType({"score": float("nan")})}, "inputs", "inputs['score'] is nan"),
    ({"operation_data": [InputFile.from_url("https://x.test/\ud83d", type="image")]}, "operation_data", "['url']"),
    ([{"a": object()}], "json", "json[0]['a'] is of type object"),
    (float("nan"), "json", "json is nan"),
]


@pytest.mark.parametrize(("body", "param", "message"), UNSENDABLE, ids=[message for _, _, message in UNSENDABLE])
def test_a_value_that_json_does_not_have_is_named_with_its_place(body, param, message):
    with pytest.raises(InvalidArgumentError) as caught:
        encode_json(body)
    assert message in str(caught.value)
    assert caught.value.param == param


def test_a_value_that_is_nested_too_deeply_is_named_without_its_thousand_steps():
    with pytest.raises(
        InvalidArgumentError, match=r"^inputs\['x'\] is nested too deeply for JSON, or contains itself$"
    ):
        encode_json({"inputs": {"x": circle()}})


def test_none_is_left_out_and_other_empty_values_are_not():
    assert compact(a=None, b=0, c="", d=False, e=[], f={}) == {"b": 0, "c": "", "d": False, "e": [], "f": {}}


def test_a_flag_is_the_word_true_or_not_there():
    assert [query_string({"x": flag(value)}) for value in (True, False, None)] == ["x=true", "", ""]


def test_files_are_what_was_uploaded_or_wrapped():
    assert files_of(None) is None
    assert files_of([UPLOADED]) == [UPLOADED]
    for wrong in ("a.txt", b"x", {"type": "image"}, None):
        with pytest.raises(InvalidArgumentError, match="upload"):
            files_of([wrong])


def test_one_file_in_place_of_a_list_of_files_is_refused_or_taken_as_one():
    try:
        files = files_of(UPLOADED)
    except InvalidArgumentError:
        return
    assert files == [UPLOADED]


def test_a_call_names_the_key_that_is_missing():
    from dify._config import Settings

    settings = Settings("https://dify.test/v1")
    for kind, operation, words in (
        ("app", "getChatAppInfo", r"^client\.app\.info needs .* api_key= .* DIFY_API_KEY$"),
        (
            "knowledge",
            "listDatasets",
            r"^client\.knowledge\.datasets\.list needs .* knowledge_api_key= .* DIFY_KNOWLEDGE_API_KEY$",
        ),
        ("app", "GET /x", r"^GET /x needs "),
    ):
        with pytest.raises(ConfigurationError, match=words):
            Call(operation, "GET", "/x", key=kind).key_for(settings)
    assert Call("op", "GET", "/x", key="none").key_for(settings) is None
    assert Call("op", "GET", "/x", query={"a": 1}).url(settings.base_url) == "https://dify.test/v1/x?a=1"
