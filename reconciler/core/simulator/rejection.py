"""The errors of the embedded 4me: one exception inside, two shapes of response. Knows no resources.

`Simulator.answer` turns every Rejection into a response.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from reconciler.core.model.messages import JsonObject, Response

ErrorShape: TypeAlias = Literal["scim", "rest"]

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class Rejection(Exception):
    """The error of a request: `scim_type` as in RFC 7644 section 3.12, `attribute` is the attribute at fault."""

    def __init__(self, status: int, detail: str, *, scim_type: str | None = None, attribute: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.attribute = attribute


def invalid_value(attribute: str, detail: str) -> Rejection:
    """Returns the rejection of a value that the attribute can't have."""
    return Rejection(400, f"{attribute} {detail}", scim_type="invalidValue", attribute=attribute)


def invalid_syntax(detail: str) -> Rejection:
    """Returns the rejection of a body with the wrong shape."""
    return Rejection(400, detail, scim_type="invalidSyntax")


def error_response(rejection: Rejection, shape: ErrorShape) -> Response:
    """Returns the response to a rejection, in the shape of SCIM (RFC 7644 section 3.12) or of 4me's REST API.

    The shape that 4me's SCIM uses is not documented. REST answers 422 for the value of an attribute.
    """
    if shape == "scim":
        return Response(rejection.status, _scim_error(rejection))
    status = 422 if rejection.scim_type == "invalidValue" else rejection.status
    return Response(status, _rest_error(rejection))


def _scim_error(rejection: Rejection) -> JsonObject:
    body: JsonObject = {"schemas": [ERROR_SCHEMA], "status": str(rejection.status), "detail": rejection.detail}
    return body if rejection.scim_type is None else {**body, "scimType": rejection.scim_type}


def _rest_error(rejection: Rejection) -> JsonObject:
    body: JsonObject = {"message": rejection.detail}
    return body if rejection.attribute is None else {**body, "errors": [[rejection.attribute, rejection.detail]]}
