"""What stands in a topic: the event as JSON, or as a CloudEvent."""

import json

from scoring.delivery.adapters.records import Record, records, tombstone

EVENT = (
    '{"id":4711,"type":"score.changed","score":"risk","customer_id":"0é\\"2","version":2,"as_of":"2005-07-31",'
    '"value":0.30000000000000004,"points":300,"band":null,"model_version":3,'
    '"previous":{"value":1e+22,"points":250,"band":"C"}}'
)
BODY = f'{{"type":"scores.changed","timestamp":"2026-11-23T14:00:00.000Z","data":{{"events":[{EVENT}]}}}}'


def test_as_json_a_record_has_the_event_as_it_stands_in_the_body_and_headers_with_its_id_and_type():
    headers = (("event-id", "4711"), ("event-type", "score.changed"))
    assert records(BODY, "scoring.{score}.v1", "json") == [Record("scoring.risk.v1", '0é"2', EVENT, headers)]


def test_as_a_structured_cloud_event_the_event_is_the_data_of_an_envelope():
    (record,) = records(BODY, "scoring.{score}", "cloudevents-structured")
    assert json.loads(record.value) == {
        "specversion": "1.0",
        "id": "4711",
        "source": "/scoring/risk",
        "type": "score.changed",
        "subject": '0é"2',
        "time": "2026-11-23T14:00:00.000Z",
        "datacontenttype": "application/json",
        "data": json.loads(EVENT),
    }
    assert record.value.endswith(f'"data":{EVENT}}}')
    assert dict(record.headers) == {
        "event-id": "4711",
        "event-type": "score.changed",
        "content-type": "application/cloudevents+json; charset=UTF-8",
    }


def test_as_a_binary_cloud_event_the_attributes_are_headers():
    (record,) = records(BODY, "scoring.{score}", "cloudevents-binary")
    assert record.value == EVENT
    assert dict(record.headers) == {
        "event-id": "4711",
        "event-type": "score.changed",
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "4711",
        "ce_source": "/scoring/risk",
        "ce_type": "score.changed",
        "ce_subject": '0é"2',
        "ce_time": "2026-11-23T14:00:00.000Z",
    }


def test_a_tombstone_has_a_key_and_no_value():
    headers = (("event-type", "customer.forgotten"),)
    assert tombstone("risk", "00042", "scoring.{score}") == Record("scoring.risk", "00042", None, headers)
