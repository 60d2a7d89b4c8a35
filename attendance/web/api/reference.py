"""The OpenAPI object as a page shows it: subjects, their operations, and the shapes of what is sent and told."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_REF: Final = "#/components/schemas/"
_MOST_DEPTH: Final = 6


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field: ``shape`` names the schema that it is of, where it is of one."""

    name: str
    kind: str
    where: str
    needed: bool
    told: str
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered with a status, and of which shape."""

    status: str
    told: str
    kinds: tuple[str, ...]
    shape: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to ask."""

    id: str
    method: str
    path: str
    told: str
    scope: str | None
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    body_shape: str | None
    body_kinds: tuple[str, ...]
    answers: tuple[Answer, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Operations that belong together."""

    name: str
    told: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema by name, with its fields."""

    name: str
    told: str
    fields: tuple[Field, ...]


class Reference:
    """What is to be told of an OpenAPI object that is served at ``address``."""

    def __init__(self, found: Mapping[str, Any], address: str) -> None:
        self._found, self._address = found, address
        self._schemas: Mapping[str, Any] = found["components"]["schemas"]

    def subjects(self) -> list[Subject]:
        """The subjects in their order, each with its operations."""
        made: dict[str, list[Operation]] = {each["name"]: [] for each in self._found["tags"]}
        for path, operations in self._found["paths"].items():
            for method, told in operations.items():
                made[told["tags"][0]].append(self._operation(path, method, told))
        return [Subject(each["name"], each["description"], tuple(made[each["name"]])) for each in self._found["tags"]]

    def shapes(self) -> list[Shape]:
        """The shapes by name."""
        return [
            Shape(name, told.get("description", ""), tuple(self._fields(told, "")))
            for name, told in sorted(self._schemas.items())
            if "properties" in told
        ]

    def _operation(self, path: str, method: str, told: Mapping[str, Any]) -> Operation:
        content = told.get("requestBody", {}).get("content", {})
        shape = _first_shape(content)
        scopes = next(iter(told["security"][0].values()))
        return Operation(
            id=told["operationId"],
            method=method.upper(),
            path=path,
            told=told["summary"],
            scope=scopes[0] if scopes else None,
            parameters=tuple(self._parameter(each) for each in told.get("parameters", ())),
            body=tuple(self._fields(self._schemas[shape], "body")) if shape else (),
            body_shape=shape,
            body_kinds=tuple(content),
            answers=tuple(_answer(status, each) for status, each in told["responses"].items()),
            example=self._example(path, method, told, shape, tuple(content)),
        )

    def _parameter(self, told: Mapping[str, Any]) -> Field:
        schema = told["schema"]
        said = told.get("description") or schema.get("description", "")
        return Field(told["name"], _kind(schema), told["in"], told.get("required", False), said)

    def _fields(self, schema: Mapping[str, Any], where: str) -> Iterator[Field]:
        needed = schema.get("required", ())
        for name, told in schema.get("properties", {}).items():
            yield Field(name, _kind(told), where, name in needed, told.get("description", ""), _shape(told))

    def _example(
        self, path: str, method: str, told: Mapping[str, Any], shape: str | None, kinds: tuple[str, ...]
    ) -> str:
        """How it is asked with curl."""
        for each in told.get("parameters", ()):
            if each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", _encoded(str(_sample(each["schema"]))))
        needed = [each for each in told.get("parameters", ()) if each["in"] == "query" and each.get("required")]
        query = "&".join(f"{each['name']}={_sample(each['schema'])}" for each in needed)
        parts = ["curl", *([] if method == "get" else [f"-X {method.upper()}"]), '-H "Authorization: Bearer $TOKEN"']
        if "428" in told["responses"]:
            parts.append("-H 'If-Match: \"ETAG\"'")
        if any(each["name"] == "Idempotency-Key" for each in told.get("parameters", ())):
            parts.append('-H "Idempotency-Key: $(uuidgen)"')
        if "multipart/form-data" in kinds:
            parts.append("-F photo=@photo.jpg")
        elif shape:
            body = json.dumps(self._filled(shape), ensure_ascii=False)
            parts += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
        return " \\\n  ".join([*parts, f"'{self._address}{path}{'?' + query if query else ''}'"])

    def _filled(self, shape: str, depth: int = 0) -> dict[str, Any]:
        """An object of a shape, with what is needed and what has an example."""
        schema = self._schemas[shape]
        needed, made = schema.get("required", ()), {}
        for name, told in schema.get("properties", {}).items():
            inner = _shape(told)
            if inner and name in needed and depth < _MOST_DEPTH:
                made[name] = self._filled(inner, depth + 1)
            elif name in needed:
                made[name] = _sample(told)
        return made


def _answer(status: str, told: Mapping[str, Any]) -> Answer:
    content = told.get("content", {})
    return Answer(status, told["description"], tuple(content), _first_shape(content))


def _first_shape(content: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The schema of the first media type, where it is one by name."""
    return next((_shape(each.get("schema", {})) for each in content.values()), None)


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a schema may be, without null."""
    return [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]


def _shape(schema: Mapping[str, Any]) -> str | None:
    """The name of the schema that this is of, or a list of."""
    for each in _options(schema):
        told = each.get("$ref") or each.get("items", {}).get("$ref")
        if told:
            return str(told).removeprefix(_REF)
    return None


def _kind(schema: Mapping[str, Any]) -> str:
    """The type in words."""
    told = " or ".join(_one_kind(each) for each in _options(schema))
    return f"{told} or null" if any(each.get("type") == "null" for each in schema.get("anyOf", ())) else told


def _one_kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = str(schema.get("const") or schema.get("format") or schema.get("type", "anything"))
    bounds = [f"{sign} {schema[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return " ".join([kind, *bounds])


def _sample(schema: Mapping[str, Any]) -> Any:
    """A value that fits."""
    examples = schema.get("examples") or [found for each in _options(schema) for found in each.get("examples", ())]
    if examples:
        return examples[0]
    first = _options(schema)[0] if _options(schema) else {}
    if "enum" in first:
        return first["enum"][0]
    if first.get("format") == "date":
        return "2026-03-02"
    return {"integer": 1, "number": 0.5, "boolean": True, "array": [], "object": {}}.get(first.get("type", ""), "text")


def _encoded(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
