"""The OpenAPI 3.1 document: what ninja knows of the operations, and what our door adds to each."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI

from outreach.rest.kept import HEADER
from outreach.rest.problems import CONTENT_TYPE, TITLES
from outreach.rest.versions import HEADER as IF_MATCH

_REFUSALS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429)
_OF_VERSIONS = (412, 428)  # where a change says what it was made from
_RATE = {
    "RateLimit-Policy": {"description": 'Requests a minute, as “"key";q=600;w=60”.', "schema": {"type": "string"}},
    "RateLimit": {"description": 'What is left, as “"key";r=599;t=42”.', "schema": {"type": "string"}},
}
_PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is for programs, `detail` for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:outreach:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "examples": ["invalid"]},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_ONCE = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "Your name for this request. Sent again within 24 hours it is done once, and answered as before.",
}


def document(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """Return the document of the API below the prefix ("api/v1/")."""
    schema: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=prefix))
    for path in schema["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    components = schema["components"]
    components["schemas"]["Problem"] = _PROBLEM
    components["headers"] = _RATE
    components["responses"] = {str(status): _refusal(status) for status in (*_REFUSALS, *_OF_VERSIONS)}
    return schema


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add scope and role in words, the refusals, the headers of the limit, and the key that makes a POST safe."""
    needs = f"Needs the scope `{operation['x-scope']}` and a key that acts as {operation['x-role']} or more."
    operation["description"] = "\n\n".join(part for part in (operation.get("description"), needs) if part)
    for status, response in operation["responses"].items():
        if int(status) < 300:
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE}
    is_versioned = any(one["name"] == IF_MATCH for one in operation["parameters"])
    for status in (*_REFUSALS, *_OF_VERSIONS) if is_versioned else _REFUSALS:
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
    if method == "post":
        operation["parameters"] = [*operation["parameters"], _ONCE]


def _refusal(status: int) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {"WWW-Authenticate": {"schema": {"type": "string"}}} if status == 401 else {}
    return {"description": TITLES[status][1], "content": content, "headers": headers}
