"""The platform's runtime client and the Python SDK's serialisers against a server: runtime.py PORT SCENARIO.

Asserts what it wants to see, and ends with status 0 when it saw it. Nothing in here knows the server but its port.
"""

import io
import json
import sys
import time

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from sagemaker import deserializers, serializers

ROWS = [[1.5, 0.0, -2.0], [0.0, 0.0, 4.0]]


def client(port):
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )


def invoke(runtime, body, content_type, accept, **more):
    return runtime.invoke_endpoint(EndpointName="any", Body=body, ContentType=content_type, Accept=accept, **more)


def libsvm(rows):
    lines = (" ".join(["0"] + [f"{i + 1}:{value}" for i, value in enumerate(row) if value]) for row in rows)
    return "\n".join(lines)


def formats(runtime):
    """The server answers rows with themselves, as the output `value`."""
    records = serializers.RecordSerializer() if hasattr(serializers, "RecordSerializer") else None
    if records is None:
        from sagemaker.amazon.common import RecordSerializer

        records = RecordSerializer()
    requests = [
        (serializers.CSVSerializer().serialize(ROWS), "text/csv"),
        (serializers.JSONSerializer().serialize(ROWS), "application/json"),
        (serializers.JSONSerializer().serialize({"instances": [{"features": row} for row in ROWS]}), "application/json"),
        (serializers.JSONLinesSerializer().serialize([{"features": row} for row in ROWS]), "application/jsonlines"),
        (serializers.NumpySerializer().serialize(np.array(ROWS, dtype=np.float32)), "application/x-npy"),
        (serializers.NumpySerializer().serialize(np.array(ROWS)), "application/x-npy"),
        (serializers.LibSVMSerializer().serialize(libsvm(ROWS)), "text/libsvm"),
        (records.serialize(np.array(ROWS, dtype=np.float32)), "application/x-recordio-protobuf"),
    ]
    for body, content_type in requests:
        body = body.read() if hasattr(body, "read") else body
        reply = invoke(runtime, body, content_type, "application/json")
        assert reply["ContentType"] == "application/json", reply
        answer = deserializers.JSONDeserializer().deserialize(reply["Body"], reply["ContentType"])
        assert answer == {"predictions": [{"value": row} for row in ROWS]}, (content_type, answer)
        assert reply["InvokedProductionVariant"] == "AllTraffic"

    def answer(accept, deserializer):
        reply = invoke(runtime, serializers.CSVSerializer().serialize(ROWS), "text/csv", accept)
        assert reply["ContentType"] == accept, reply
        return deserializer.deserialize(reply["Body"], reply["ContentType"])

    rows = answer("text/csv", deserializers.CSVDeserializer())
    assert [[float(cell) for cell in row] for row in rows] == ROWS, rows
    lines = answer("application/jsonlines", deserializers.JSONLinesDeserializer())
    assert lines == [{"value": row} for row in ROWS], lines
    array = answer("application/x-npy", deserializers.NumpyDeserializer())
    assert array.tolist() == ROWS, array
    from sagemaker.amazon.common import RecordDeserializer

    found = answer("application/x-recordio-protobuf", RecordDeserializer())
    values = [list(record.label["value"].float32_tensor.values) for record in found]
    assert values == ROWS, values


def errors(runtime):
    """What the container refuses is the service's ModelError."""
    for body, content_type, accept, status, told in [
        (b"1,x\n", "text/csv", "*/*", 400, "not a number"),
        (b"x", "image/png", "*/*", 415, "image/png"),
        (b"1\n", "text/csv", "image/png", 406, "image/png"),
        (b"2,0\n", "text/csv", "*/*", 500, "the first feature is 2"),
    ]:
        try:
            invoke(runtime, body, content_type, accept)
        except ClientError as error:
            response = error.response
            assert response["Error"]["Code"] == "ModelError", response
            assert response["OriginalStatusCode"] == status, response
            original = json.loads(response["OriginalMessage"])
            assert told in original["message"] and original["request_id"], original
        else:
            raise AssertionError(f"{body} is answered")


def stream(runtime):
    """An answer comes as events, whether it was made part by part or not."""
    rows = [[float(i), 0.5] for i in range(20_000)]
    reply = runtime.invoke_endpoint_with_response_stream(
        EndpointName="any", Body=serializers.CSVSerializer().serialize(rows), ContentType="text/csv", Accept="text/csv"
    )
    assert reply["ContentType"] == "text/csv", reply
    parts = [event["PayloadPart"]["Bytes"] for event in reply["Body"]]
    assert len(parts) > 1
    read = np.loadtxt(io.BytesIO(b"".join(parts)), delimiter=",")
    assert read.tolist() == rows
    try:
        runtime.invoke_endpoint_with_response_stream(EndpointName="any", Body=b"1,x", ContentType="text/csv")
    except ClientError as error:
        assert error.response["OriginalStatusCode"] == 400, error.response
    else:
        raise AssertionError("a wrong request is answered")


def parts(runtime):
    """An answer that is made part by part comes so; one that breaks off says why."""

    def events(command):
        reply = runtime.invoke_endpoint_with_response_stream(EndpointName="any", Body=command, ContentType="text/plain")
        return iter(reply["Body"])

    begun = time.monotonic()
    came = [(event["PayloadPart"]["Bytes"], time.monotonic() - begun) for event in events(b"count 3 400")]
    assert [part for part, _ in came] == [b"0\n", b"1\n", b"2\n"], came
    assert came[0][1] < 0.4 and came[2][1] >= 0.8, came
    broken = events(b"fail-after 1")
    assert next(broken)["PayloadPart"]["Bytes"] == b"0\n"
    try:
        next(broken)
    except EventStreamError as error:
        assert error.response["Error"]["Code"] == "ModelStreamError", error.response
        assert "told to fail" in str(error), error
    else:
        raise AssertionError("a broken answer goes on")
    assert runtime.invoke_endpoint(EndpointName="any", Body=b"count 2 0")["Body"].read() == b"0\n1\n"


def sessions(runtime):
    """A session is opened, named and closed as the platform's documentation has it."""

    def ask(session, body):
        return runtime.invoke_endpoint(EndpointName="any", Body=body, ContentType="text/plain", SessionId=session)

    told = ask("NEW_SESSION", json.dumps({"requestType": "NEW_SESSION"}))["NewSessionId"]
    session = told.split(";")[0]
    assert "Expires=" in told, told
    assert ask(session, b"remember color blue")["Body"].read() == b"remembered"
    assert ask(session, b"recall color")["Body"].read() == b"blue"
    assert ask(session, json.dumps({"requestType": "CLOSE"}))["ClosedSessionId"] == session
    try:
        ask(session, b"recall color")
    except ClientError as error:
        assert error.response["OriginalStatusCode"] == 400, error.response
    else:
        raise AssertionError("a closed session answers")


def models(runtime):
    """One of many models is named as the target."""
    for name in ["a", "b.tar.gz"]:
        reply = invoke(runtime, b"1,2\n", "text/csv", "text/csv", TargetModel=name, InferenceId="mine")
        assert reply["Body"].read() == b"1.0,2.0\n"
    try:
        invoke(runtime, b"1,2\n", "text/csv", "text/csv", TargetModel="c")
    except ClientError as error:
        assert error.response["OriginalStatusCode"] == 404, error.response
    else:
        raise AssertionError("a model that is not loaded answers")


if __name__ == "__main__":
    {scenario.__name__: scenario for scenario in [formats, errors, stream, parts, sessions, models]}[sys.argv[2]](client(sys.argv[1]))
