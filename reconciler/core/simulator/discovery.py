"""The discovery endpoints of the embedded 4me: /ServiceProviderConfig, /ResourceTypes and /Schemas.

Shapes as on 4me's developer pages (SCIM service provider config, resource types, schemas), RFC 7643 sections 5 to 7.
"""

from __future__ import annotations

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.schema import (
    ELSEWHERE,
    ENTERPRISE_SCHEMA,
    EXTERNAL_ID,
    GROUP_SCHEMA,
    USER_SCHEMA,
    Attribute,
    Schema,
)

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_DISCOVERY = "urn:ietf:params:scim:schemas:core:2.0"


def is_discovery(name: str) -> bool:
    """Checks whether the first segment of a path names one of the three endpoints."""
    return name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")


def discovery(name: str, resource_id: str | None) -> JsonObject | None:
    """Returns the list of a discovery endpoint, or one document by id; None for an unknown id."""
    if name == "ServiceProviderConfig":
        return _service_provider_config() if resource_id is None else None
    schemas = (USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA)
    documents = _resource_types() if name == "ResourceTypes" else [_schema(schema) for schema in schemas]
    if resource_id is None:
        return list_response(documents, total=len(documents), start=1, items_per_page=len(documents))
    return next((document for document in documents if document["id"] == resource_id), None)


def list_response(resources: list[JsonObject], *, total: int, start: int, items_per_page: int) -> JsonObject:
    """Returns a ListResponse (RFC 7644 section 3.4.2)."""
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "itemsPerPage": items_per_page,
        "startIndex": start,
        "Resources": list(resources),
    }


def _service_provider_config() -> JsonObject:
    return {
        "schemas": [f"{_DISCOVERY}:ServiceProviderConfig"],
        "documentationUri": "https://developer.xurrent.com/v1/scim/",
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 25},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A bearer token in the Authorization header",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            },
        ],
        "meta": _meta("ServiceProviderConfig", "/ServiceProviderConfig"),
    }


def _resource_types() -> list[JsonObject]:
    user = _resource_type(USER_SCHEMA, "/Users")
    extension = {"schema": ENTERPRISE_SCHEMA.id, "required": False}
    return [{**user, "schemaExtensions": [extension]}, _resource_type(GROUP_SCHEMA, "/Groups")]


def _resource_type(schema: Schema, endpoint: str) -> JsonObject:
    return {
        "schemas": [f"{_DISCOVERY}:ResourceType"],
        "id": schema.name,
        "name": schema.name,
        "endpoint": endpoint,
        "schema": schema.id,
        "meta": _meta("ResourceType", f"/ResourceTypes/{schema.name}"),
    }


def _schema(schema: Schema) -> JsonObject:
    # RFC 7643 section 3.1: the common attributes, externalId among them, belong to every resource and to no schema.
    return {
        "id": schema.id,
        "name": schema.name,
        "description": f"{schema.name} Schema",
        "attributes": [_attribute(attribute) for attribute in schema.attributes if attribute is not EXTERNAL_ID],
        "meta": _meta("Schema", f"/Schemas/{schema.id}"),
    }


def _attribute(attribute: Attribute) -> JsonObject:
    described: JsonObject = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.many,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "server" if attribute.unique else "none",
    }
    parts = [_attribute(part) for part in attribute.parts]
    return {**described, "subAttributes": parts} if parts else described


def _meta(resource_type: str, path: str) -> JsonObject:
    return {"resourceType": resource_type, "location": f"{ELSEWHERE}{path}"}
