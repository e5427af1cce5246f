"""What botocore's own model of a service says that an answer holds."""

from __future__ import annotations

import botocore.session


def has_member(service: str, operation: str, path: str) -> bool:
    """Whether the answer of an operation has a member at a dotted path; lists are entered without a name."""
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).output_shape
    for name in path.split("."):
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name != "structure" or name not in shape.members:
            return False
        shape = shape.members[name]
    return True
