"""DynamoDB's export to S3: named as DynamoDB names it, and with the manifests that tell whether all of it is there.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

from moto.core.utils import gzip_compress
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.moto_api._internal import mock_random
from moto.s3.models import S3Backend

_init = TableExport.__init__


def init(self: TableExport, *args: Any, **given: Any) -> None:
    """As moto does it, with an ARN of the form that the service's documentation shows."""
    _init(self, *args, **given)
    number = f"{time.time_ns() // 1_000_000:014d}-{mock_random.get_random_hex(8)}"
    self.arn = f"{self.table.table_arn}/export/{number}"


def backup_to_s3_file(self: TableExport, s3_backend: S3Backend) -> None:
    """One data file, the list of the files, and the summary, which is written last."""
    items = [dynamo_json_dump(one.to_json(root_attr_name="Item")) for one in self.table.all_items()]
    self.item_count, self.processed_bytes = len(items), sum(map(len, items))
    content = gzip_compress("".join(f"{one}\n" for one in items).encode())
    place = f"AWSDynamoDB/{self.arn.rpartition('/')[2]}"
    if self.s3_prefix:
        place = f"{self.s3_prefix}/{place}"
    data = f"{place}/data/{mock_random.get_random_hex(26)}.json.gz"
    listed = f"{place}/manifest-files.json"
    # MD5 is what the service writes; it finds damage, and is no protection against anybody.
    checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    file = {"itemCount": len(items), "md5Checksum": checksum, "dataFileS3Key": data}
    summary = {
        "version": "2020-06-30",
        "exportArn": self.arn,
        "tableArn": self.table.table_arn,
        "s3Bucket": self.s3_bucket,
        "s3Prefix": self.s3_prefix,
        "manifestFilesS3Key": listed,
        "billedSizeBytes": self.processed_bytes,
        "itemCount": len(items),
        "outputFormat": self.export_format,
        "exportType": self.export_type,
    }
    for name, value in (
        (data, content),
        (listed, f"{json.dumps(file)}\n".encode()),
        (f"{place}/manifest-summary.json", json.dumps(summary).encode()),
    ):
        s3_backend.put_object(bucket_name=self.s3_bucket, key_name=name, value=value)
    self.status = "COMPLETED"


def extend() -> None:
    """Take the place of moto's own."""
    TableExport.__init__ = init  # type: ignore[method-assign]
    TableExport._backup_to_s3_file = backup_to_s3_file  # type: ignore[method-assign]  # noqa: SLF001 - moto's own step
