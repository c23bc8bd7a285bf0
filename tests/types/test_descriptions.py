"""Descriptions of fields in JSON schemas, as FastAPI and tools for language models show them."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, TypeAdapter

from dify import ChatResponse, InputFile
from dify.types import PauseReason, _descriptions

from ..support.public_face import public_classes

MODELS = {name: cls for name, cls in public_classes().items() if issubclass(cls, BaseModel)}


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("name", MODELS)
def test_every_property_of_a_schema_has_a_description(name, mode):
    properties = MODELS[name].model_json_schema(mode=mode).get("properties", {})
    assert [key for key, value in properties.items() if not value.get("description")] == []


def test_a_field_with_an_alias_has_its_description_under_either_name():
    by_alias = PauseReason.model_json_schema()["properties"]["TYPE"]
    by_name = PauseReason.model_json_schema(by_alias=False)["properties"]["type"]
    assert by_alias["description"] == by_name["description"] == "Kind of reason; `TYPE` on the wire."


def test_a_subclass_has_the_descriptions_that_it_inherits_and_keeps_its_own():
    class Reply(ChatResponse):
        language: str
        answer: str

    properties = Reply.model_json_schema()["properties"]
    assert properties["task_id"]["description"] == "Id of the task, which the `stop` methods take. Opaque."
    assert "description" not in properties["language"]


def test_nested_models_are_described_too():
    schema = TypeAdapter(list[InputFile]).json_schema()
    assert schema["$defs"]["InputFile"]["properties"]["type"]["description"].startswith("Kind of the file.")


@pytest.fixture
def without_source(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def files(_: str) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(_descriptions, "files", files)
    _descriptions._descriptions.cache_clear()
    yield
    _descriptions._descriptions.cache_clear()


@pytest.mark.usefixtures("without_source")
def test_without_the_source_a_schema_has_no_descriptions():
    properties = ChatResponse.model_json_schema()["properties"]
    assert properties["answer"] == {"title": "Answer", "type": "string"}
