"""docker-compose.yaml as a document: valid, closed, bounded, without a secret; and the files that belong to it."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.new_env import EXAMPLE, filled
from deploy.trials.native import COMPOSE, DOCKERFILE, PROJECT, compose_file, image_environment, interpolated
from scoring.catalog import load_catalog

OWN = "scoring:"
PUBLISHED = {
    "airflow-api-server": "127.0.0.1:8080:8080",
    "api": "127.0.0.1:8000:8000",
    "grafana": "127.0.0.1:3000:3000",
}
TEXT = COMPOSE.read_text()
NAMES = set(re.findall(r"\$\{(\w+)", TEXT))


def pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return compose_file(pairs(filled(EXAMPLE.read_text())) | {"SCORING_METRICS_KEY": "made later"})


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return dict(compose["services"])


def test_it_is_valid_against_the_compose_specification(compose):
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(compose)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(TEXT))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(compose | {"services": {"a": {"imagge": "b"}}})


def test_every_service_is_bounded_watched_and_may_gain_no_rights(services):
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["restart"] == ("on-failure:3" if name == "airflow-init" else "unless-stopped"), name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["healthcheck"].get("test") or name == "airflow-init", name
        assert not {"privileged", "pid", "ipc", "devices"} & service.keys(), name
        assert service.get("networks") or service.get("network_mode") == "service:airflow-worker", name


def test_images_have_exact_versions_and_ours_runs_as_nobody_special(services):
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-[a-z]+)?", tag), f"{name}: {service['image']}"
    dockerfile = DOCKERFILE.read_text()
    assert re.search(r"^FROM \S+:\d+\.\d+\.\d+-\S+$", dockerfile, re.MULTILINE)
    assert dockerfile.strip().splitlines()[-1] == "USER scoring"
    assert "--require-hashes" in dockerfile


def test_only_three_ports_are_published_and_only_on_this_machine(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {name: [port] for name, port in PUBLISHED.items()}
    outside = {name for name, service in services.items() if "front" in service.get("networks", ())}
    assert outside == {*PUBLISHED, "airflow-worker"}


def test_the_inner_network_has_no_way_out(compose):
    assert compose["networks"]["inner"] == {"internal": True}


def test_volumes_and_files_that_are_mounted_are_there(compose):
    for name, service in compose["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if not source.startswith("./"):
                assert source in compose["volumes"], name
            elif source in ("./deploy/prometheus", "./deploy/grafana") and not (PROJECT / source).exists():
                continue  # these come with the exporter
            else:
                assert (PROJECT / source).exists(), name


def test_kafka_asks_for_a_password_makes_no_topics_and_is_known_to_those_who_use_it(services):
    kafka = services["kafka"]
    environment = kafka["environment"]
    listeners = dict(one.split("://") for one in environment["KAFKA_LISTENERS"].split(","))
    protocols = dict(one.split(":") for one in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert {name for name, where in listeners.items() if not where.startswith("127.0.0.1:")} == {"INNER"}
    assert protocols["INNER"] == "SASL_PLAINTEXT"
    assert kafka["networks"] == ["inner"]
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    volume, _, folder = kafka["volumes"][0].partition(":")
    assert (volume, folder) == ("kafka", environment["KAFKA_LOG_DIRS"])
    users = {name for name, one in services.items() if "SCORING_KAFKA_SERVERS" in one.get("environment", {})}
    assert users == {name for name in services if name.startswith("airflow-")} | {"api", "stream"}
    for name in users:
        options = json.loads(services[name]["environment"]["SCORING_KAFKA_OPTIONS"])
        jaas = environment["KAFKA_LISTENER_NAME_INNER_PLAIN_SASL_JAAS_CONFIG"]
        assert f'user_{options["sasl.username"]}="{options["sasl.password"]}";' in jaas
        assert len(options["sasl.password"]) > 30


def test_every_stream_that_no_dag_drains_is_read_by_a_service_that_goes_on_by_itself(services):
    reads = {one["command"].split()[-1]: one for one in services.values() if " stream run " in one.get("command", "")}
    assert set(reads) == {
        name
        for name, data_set in load_catalog("scoring.definitions").data_sets.items()
        if data_set.stream is not None and data_set.stream.schedule is None
    }
    for name, service in reads.items():
        assert service["healthcheck"]["test"][-1] == f"{service['environment']['SCORING_HOME']}/stream-{name}.beat"
        assert "kafka" not in service["depends_on"]  # the brokers may be others


def test_grafana_asks_for_a_login(services):
    environment = services["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert len(environment["GF_SECURITY_ADMIN_PASSWORD"]) > 30


def test_example_env_names_every_variable_and_no_other():
    assert set(pairs(EXAMPLE.read_text())) == NAMES | {"SCORING_METRICS_KEY"}


def test_nothing_starts_while_a_secret_is_empty():
    example = pairs(EXAMPLE.read_text())
    secret = {name for name, value in example.items() if not value} - {"SCORING_METRICS_KEY"}
    assert len(secret) > 10
    ready = pairs(filled(EXAMPLE.read_text()))
    for name in secret:
        with pytest.raises(LookupError, match=f"{name}: see deploy/example.env"):
            interpolated(TEXT, ready | {name: ""})


def test_no_secret_stands_in_the_files():
    for name in NAMES:
        if re.search("PASSWORD|SECRET|TOKEN|KEY", name):
            assert f"${{{name}:-" not in TEXT, f"{name} has a default"
    for line in TEXT.splitlines():
        if found := re.match(r"\s+(\w*(?:PASSWORD|SECRET|TOKEN|_KEY|PASS)\w*): (.+)", line):
            assert "${" in found.group(2), line


def test_new_env_writes_a_private_file_once(tmp_path):
    target = tmp_path / ".env"
    command = [sys.executable, str(PROJECT / "deploy" / "new_env.py"), str(target)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    first = target.read_text()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, target.read_text()) == (1, first)
    assert "exists" in again.stderr
    values = pairs(first)
    assert values["CRM_SECRET"].startswith("whsec_")
    made = [value for name, value in values.items() if not pairs(EXAMPLE.read_text())[name] and value]
    assert len(set(made)) == len(made) > 10


def test_the_image_brings_its_code_and_needs_no_mount(services):
    environment = image_environment()
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == "/opt/scoring/dags"
    for service in services.values():
        if service["image"].startswith(OWN):
            mounted = [volume.split(":")[1] for volume in service.get("volumes", ())]
            assert set(mounted) <= {"/var/lib/scoring", "/var/log/airflow"}
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    assert {".git", ".env", ".venv", "var"} <= set(ignored)


def test_a_dollar_that_is_doubled_and_a_default_are_read_as_compose_reads_them():
    assert interpolated("$${A} ${A:-b c} ${B:-x}", {"B": "2"}) == "${A} b c 2"
    with pytest.raises(LookupError, match="A: is not set"):
        interpolated("${A}", {})
