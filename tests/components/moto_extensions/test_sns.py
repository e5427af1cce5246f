"""What a topic gives back of what was set, as botocore's model of the service has it."""

from __future__ import annotations

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients

ROLE = "arn:aws:iam::111122223333:role/delivery"


def test_a_topic_gives_back_what_was_set(account: Account) -> None:
    """Made with one, given the other afterwards; a topic without them names none of them."""
    client = Clients(account.environment).of("sns", "eu-west-1")
    topic = client.create_topic(Name="alarm", Attributes={"SignatureVersion": "2"})["TopicArn"]
    client.set_topic_attributes(TopicArn=topic, AttributeName="SQSFailureFeedbackRoleArn", AttributeValue=ROLE)
    plain = client.create_topic(Name="plain")["TopicArn"]
    found = client.get_topic_attributes(TopicArn=topic)["Attributes"]

    assert (found["SignatureVersion"], found["SQSFailureFeedbackRoleArn"]) == ("2", ROLE)
    assert "SignatureVersion" not in client.get_topic_attributes(TopicArn=plain)["Attributes"]
