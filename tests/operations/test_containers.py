"""The container and its manifest: what their files say, followed here without an engine."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml

from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.serving import free_port
from connectors.sandbox.settings_file import prepared, write_settings
from engine.clock import SystemClock
from engine.config import loading
from engine.config.loading import ServiceSettings
from tests.operations import built, containers
from tests.waiting import DEADLINE_S

# One pod with a volume; several on a database are in test_kubernetes.py.
MANIFEST = built.ROOT / "docs" / "kubernetes.yaml"
# The oldest that is promised, and the newest that there is.
VERSIONS = ("1.27", "1.37")


def documents(manifest: Path) -> dict[str, dict[str, Any]]:
    """The objects of a manifest by their kind."""
    text = manifest.read_text(encoding="utf-8")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def workload(manifest: Path) -> dict[str, Any]:
    """What of it runs pods."""
    return documents(manifest)["StatefulSet"]


def judged(manifest: Path, version: str) -> subprocess.CompletedProcess[str]:
    """What the published schema of a version of Kubernetes says; it knows every key there is."""
    words = [
        "-m",
        "kubernetes_validate",
        "--strict",
        "--kubernetes-version",
        version,
        str(manifest),
    ]
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifest_follows_the_published_schema(version: str) -> None:
    """A key that the schema does not know would be dropped without a word."""
    found = judged(MANIFEST, version)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_schema_would_notice(tmp_path: Path) -> None:
    """A check that everything passes is none."""
    text = MANIFEST.read_text(encoding="utf-8")
    other = tmp_path / MANIFEST.name
    other.write_text(text.replace("readinessProbe", "readinesProbe"), encoding="utf-8")

    assert judged(other, VERSIONS[-1]).returncode != 0


def test_the_manifest_and_the_image_fit_each_other() -> None:
    """Names, paths, users and ports are promises that two files make to each other."""
    spec = workload(MANIFEST)["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"] for volume in pod["volumes"]} | {
        claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())
    }

    assert container["args"] == containers.last("CMD").words
    assert str(pod["securityContext"]["runAsUser"]) in containers.last("USER").rest.split(":")
    assert mounts["state"] == containers.last("VOLUME").rest
    assert set(mounts) == volumes
    assert str(container["ports"][0]["containerPort"]) == containers.last("EXPOSE").rest
    assert pod["terminationGracePeriodSeconds"] > ServiceSettings().shutdown_s
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_there_is_one_pod_where_the_state_is_on_a_volume() -> None:
    """A second writer on a volume is refused, and one on a database stands by."""
    single = workload(MANIFEST)

    assert (single["kind"], single["spec"]["replicas"]) == ("StatefulSet", 1)
    assert "postgresql://" not in MANIFEST.read_text(encoding="utf-8")


def test_the_image_speaks_with_a_database_and_requirements_alone_do_not() -> None:
    """Whoever has one machine gets no library that they do not need."""
    [installs] = [one.rest for one in containers.instructions() if "--require-hashes" in one.rest]
    lock = installs.rpartition("/")[2]
    pinned = (built.ROOT / lock).read_text(encoding="utf-8")
    libraries = (built.ROOT / "requirements.lock").read_text(encoding="utf-8")
    dev = (built.ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    project = tomllib.loads((built.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert lock == "requirements-postgres.lock"
    assert [lock in one.rest for one in containers.instructions() if one.word == "COPY"].count(True)
    assert pinned.startswith("-r requirements.lock\n")
    assert re.findall(r"^([\w-]+)==", pinned, re.M) == ["psycopg", "psycopg-binary"]
    assert project["optional-dependencies"]["postgres"] == ["psycopg[binary]>=3.2"]
    assert "psycopg" not in libraries + " ".join(project["dependencies"])
    # What is tested is what is installed.
    assert dev.startswith(f"-r {lock}\n") and "psycopg" not in dev


def test_the_configuration_of_the_manifest_is_one(tmp_path: Path) -> None:
    """With the files of the secret in their place it loads as it stands."""
    text = documents(MANIFEST)["ConfigMap"]["data"]["config.toml"]
    names = re.findall(r"/run/secrets/wosync/(\w+)", text)
    for name in names:
        (tmp_path / name).write_text("secret\n", encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(text.replace("/run/secrets/wosync/", f"{tmp_path}/"), encoding="utf-8")

    service = loading.load(path).engine.service

    assert service.http_address == ("0.0.0.0", 9464)
    assert service.instance == "prod"
    assert service.state is None
    assert all(f"--from-file={name}" in MANIFEST.read_text(encoding="utf-8") for name in names)


def test_the_image_gives_no_rights_away() -> None:
    """It runs as a number, since a name would not tell an orchestrator that it is not root."""
    assert all(part.isdigit() and int(part) > 0 for part in containers.last("USER").rest.split(":"))
    assert containers.last("ENTRYPOINT").rest.startswith("[")
    state = dict(word.split("=") for word in containers.last("ENV").words)["STATE_DIRECTORY"]
    assert Path(state).is_relative_to(containers.last("VOLUME").rest)


def image(top: Path, distribution: Path) -> Path:
    """Every RUN of the Containerfile, in order, below a directory; returns the venv of it.

    Libraries are those of this environment: what installs them would ask a registry. So is pip,
    which takes longer to unpack than all the rest.
    """
    tools = top.with_name("tools")
    tools.mkdir()
    (tools / "pip").symlink_to(Path(sysconfig.get_path("purelib")) / "pip")
    for place in ("build", "opt", "usr/local/bin", "var/lib"):
        (top / place).mkdir(parents=True)
    shutil.copyfile(distribution, top / "build" / distribution.name)
    for one in containers.instructions():
        if one.word == "RUN" and "--require-hashes" not in one.rest:
            line = containers.below(one.rest, top).replace("-o 65532 -g 65532 ", "")
            line = line.replace("python3 -m venv", f"{sys.executable} -m venv --without-pip")
            built.ran(["sh", "-ec", line], top, PYTHONPATH=str(tools))
    venv = top / "opt" / "wosync"
    built.borrow_libraries(venv)
    return venv


async def healthy(top: Path, port: int) -> bool:
    """What the health check of the image says."""
    words = [containers.below(word, top) for word in containers.last("HEALTHCHECK").words]
    ended = await anyio.run_process(
        [word.replace("9464", str(port)) for word in words], check=False
    )
    return ended.returncode == 0


def everything_in(top: Path) -> set[tuple[str, int]]:
    """Every file with its time, but for the state."""
    return {
        (str(path), path.lstat().st_mtime_ns)
        for path in top.rglob("*")
        if not path.is_relative_to(top / "var")
    }


@pytest.mark.slow
@pytest.mark.anyio
async def test_what_the_image_runs_is_healthy_and_writes_to_its_volume_alone(
    tmp_path: Path,
) -> None:
    """Its volume comes with a group that may write, as Kubernetes gives it."""
    top = tmp_path / "image"
    image(top, built.wheel(built.source(tmp_path / "checkout")))
    volume = top / "var/lib/wosync"
    volume.chmod(0o2770)
    before = everything_in(top)
    sandbox, port = Sandbox(SandboxOptions(bulk=0), SystemClock().now), free_port()
    words = [*containers.last("ENTRYPOINT").words, *containers.last("CMD").words]
    settings = dict(word.split("=") for word in containers.last("ENV").words)
    async with sandbox.serving(Ports()) as addresses:
        file = write_settings(prepared(tmp_path / "etc"), addresses, sandbox.credentials)
        text = re.sub(r"(?m)^state_dir = .*\n", "", file.text)
        text = re.sub(r"(?m)^http = .*$", f'http = "127.0.0.1:{port}"', text)
        file.path.write_text(text, encoding="utf-8")
        command = [containers.below(word, top) for word in words[:-1]]
        environment = {name: containers.below(value, top) for name, value in settings.items()}
        async with await anyio.open_process(
            [*command, str(file.path)], cwd=volume, env=environment, stdout=None, stderr=None
        ) as process:
            with anyio.fail_after(DEADLINE_S):
                while not await healthy(top, port):  # noqa: ASYNC110 # each look is a process
                    await anyio.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            ended = await process.wait()
        assert not await healthy(top, port)

    assert ended == 0
    assert (volume / "state" / "state.db").exists()
    assert (volume / "state").stat().st_mode & 0o777 == 0o700
    assert everything_in(top) == before
