"""SNS: a topic gives back its signature version, tracing mode and delivery feedback as they were set.

Source: https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
"""

from __future__ import annotations

from typing import Final

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.responses import SNSResponse

_get_topic_attributes = SNSResponse.get_topic_attributes
_PROTOCOLS: Final = ("HTTP", "SQS", "Lambda", "Firehose", "Application")
_FEEDBACK: Final = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
_KEPT: Final = (
    "SignatureVersion",
    "TracingConfig",
    *(f"{protocol}{name}" for protocol in _PROTOCOLS for name in _FEEDBACK),
)


def get_topic_attributes(self: SNSResponse) -> ActionResult:
    """As moto does it, with what was set."""
    answer = _get_topic_attributes(self)
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    for name in _KEPT:
        value = getattr(topic, camelcase_to_underscores(name), None)
        if value is not None:
            answer.result["Attributes"][name] = value  # type: ignore[index]  # moto's own answer
    return answer


def extend() -> None:
    """Take the place of moto's own."""
    SNSResponse.get_topic_attributes = get_topic_attributes  # type: ignore[method-assign]
