"""The directories for kustomize: what their files promise each other, the image and the program."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import click
import pytest
import yaml

from engine.cli.commands import application
from engine.config import fleet as fleet_config
from engine.config import loading
from engine.config.loading import ServiceSettings
from tests.operations import built, containers
from tests.operations.test_containers import MANIFEST, VERSIONS, judged, workload
from tests.waiting import DEADLINE_S

Json = dict[str, Any]

# One pair in two pods, and many pairs in several.
PAIR, FLEET = (built.ROOT / "docs" / "kubernetes" / name for name in ("base", "fleet"))
KUSTOMIZATION = "kustomization.yaml"
SECRETS = "/run/secrets/wosync/"
each = pytest.mark.parametrize("directory", [PAIR, FLEET], ids=lambda path: path.name)


def read(path: Path) -> Json:
    """The one document of a file."""
    return cast("Json", yaml.safe_load(path.read_text(encoding="utf-8")))


def objects(directory: Path) -> dict[str, Json]:
    """What the kustomization takes together, by kind."""
    found = [read(directory / name) for name in read(directory / KUSTOMIZATION)["resources"]]
    return {one["kind"]: one for one in found}


def config_maps(directory: Path) -> dict[str, list[str]]:
    """The files of each that is generated, by its name."""
    generated = read(directory / KUSTOMIZATION)["configMapGenerator"]
    return {one["name"]: one["files"] for one in generated}


def pod(directory: Path) -> Json:
    """The pods of the Deployment."""
    return cast("Json", objects(directory)["Deployment"]["spec"]["template"]["spec"])


def container(directory: Path) -> Json:
    """The one container of them."""
    [only] = pod(directory)["containers"]
    return cast("Json", only)


def placed(directory: Path, root: Path) -> list[Path]:
    """The configuration as a pod finds it, with every secret, below a root; where each file is.

    What is behind a volume is a link to a directory that is exchanged as a whole.
    """
    volumes = {
        one["name"]: one.get("configMap", {}).get("name") for one in pod(directory)["volumes"]
    }
    found: list[Path] = []
    for mount in container(directory)["volumeMounts"]:
        for name in config_maps(directory).get(volumes[mount["name"]], ()):
            text = (directory / name).read_text(encoding="utf-8")
            for secret in re.findall(rf"{SECRETS}(\w+)", text):
                (root / secret).write_text(f"{secret}\n", encoding="utf-8")
            at = root / mount["mountPath"].lstrip("/")
            if "subPath" not in mount:
                at /= Path(name).name
                kept = at.parent / "..data" / at.name
                kept.parent.mkdir(parents=True, exist_ok=True)
                at.symlink_to(f"..data/{at.name}")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(text.replace(SECRETS, f"{root}/"), encoding="utf-8")
            found.append(at)
    return found


@each
@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_follows_the_published_schema(
    version: str, directory: Path, tmp_path: Path
) -> None:
    """A key that the schema does not know would be dropped without a word."""
    whole = tmp_path / "whole.yaml"
    whole.write_text(yaml.safe_dump_all(objects(directory).values()), encoding="utf-8")

    found = judged(whole, version)

    assert found.returncode == 0, found.stdout + found.stderr
    assert objects(directory).keys() == {"Service", "PodDisruptionBudget", "Deployment"}


@each
def test_the_kustomization_has_every_file_and_no_other(directory: Path) -> None:
    """A file that is not named is not there for a cluster."""
    kustomization = read(directory / KUSTOMIZATION)
    named = [name for files in config_maps(directory).values() for name in files]
    there = {str(one.relative_to(directory)) for one in directory.rglob("*") if one.is_file()}

    assert there == {KUSTOMIZATION, *kustomization["resources"], *named}
    assert kustomization["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert kustomization["kind"] == "Kustomization"
    [image] = kustomization["images"]
    assert container(directory)["image"] == image["name"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl not found")
@each
def test_kustomize_makes_of_it_what_the_schema_knows(directory: Path, tmp_path: Path) -> None:
    """By the program that will read it; it asks no cluster."""
    built_by = subprocess.run(
        ["kubectl", "kustomize", str(directory)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert built_by.returncode == 0, built_by.stderr
    whole = tmp_path / "whole.yaml"
    whole.write_text(built_by.stdout, encoding="utf-8")

    found = judged(whole, VERSIONS[-1])

    assert found.returncode == 0, found.stdout + found.stderr
    assert built_by.stdout.count("kind: ConfigMap\n") == len(config_maps(directory))
    assert "image: registry.example.com/wosync:" in built_by.stdout


@each
def test_whatever_is_referred_to_is_there(directory: Path) -> None:
    """A pod that waits for a volume waits for ever, and says so to nobody."""
    text = (directory / KUSTOMIZATION).read_text(encoding="utf-8")
    volumes = {one["name"]: one for one in pod(directory)["volumes"]}
    mounted = {one["name"] for one in container(directory)["volumeMounts"]}
    [secret] = [one["secret"]["secretName"] for one in volumes.values() if "secret" in one]
    maps = {one["configMap"]["name"] for one in volumes.values() if "configMap" in one}
    files = [directory / name for names in config_maps(directory).values() for name in names]
    needed = {
        name for file in files for name in re.findall(rf"{SECRETS}(\w+)", file.read_text("utf-8"))
    }

    assert volumes.keys() == mounted
    assert maps == config_maps(directory).keys()
    assert f"kubectl create secret generic {secret} " in text
    assert set(re.findall(r"--from-file=(\w+)", text)) == needed
    [path] = [
        one["mountPath"] for one in container(directory)["volumeMounts"] if one["name"] == "secrets"
    ]
    assert f"{path}/" == SECRETS


@each
def test_labels_and_ports_lead_to_the_pods(directory: Path) -> None:
    """A Service or a budget that selects nothing is one of nobody."""
    found = objects(directory)
    spec = found["Deployment"]["spec"]
    labels = spec["selector"]["matchLabels"]
    ports = {one["name"]: one["containerPort"] for one in container(directory)["ports"]}
    probes = [container(directory)[f"{name}Probe"] for name in ("startup", "liveness", "readiness")]
    spread = pod(directory)["topologySpreadConstraints"]

    assert spec["template"]["metadata"]["labels"] == labels == found["Service"]["spec"]["selector"]
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert all(one["labelSelector"]["matchLabels"] == labels for one in spread)
    assert len(spread) == len(("node", "zone"))
    assert {one["targetPort"] for one in found["Service"]["spec"]["ports"]} <= ports.keys()
    assert {one["httpGet"]["port"] for one in probes} <= ports.keys()
    # Asked of /leaderz, a pod that stands by would never be ready, and an update never be through.
    paths = [one["httpGet"]["path"] for one in probes]
    assert paths == ["/healthz", "/healthz", "/readyz"]
    annotations = spec["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(*ports.values())


@each
def test_the_pods_and_the_image_fit_each_other(directory: Path) -> None:
    """Users, paths and ports are promises of two files; and a pod may no more than a single one."""
    mounts = {one["name"]: one["mountPath"] for one in container(directory)["volumeMounts"]}
    single = workload(MANIFEST)["spec"]["template"]["spec"]

    assert mounts["state"] == containers.last("VOLUME").rest
    assert str(container(directory)["ports"][0]["containerPort"]) == containers.last("EXPOSE").rest
    assert pod(directory)["terminationGracePeriodSeconds"] > ServiceSettings().shutdown_s
    assert pod(directory)["securityContext"] == single["securityContext"]
    assert container(directory)["securityContext"] == single["containers"][0]["securityContext"]
    assert container(directory)["securityContext"]["readOnlyRootFilesystem"] is True


@each
def test_the_command_is_one_of_the_program_and_its_configuration_is_there(
    directory: Path, tmp_path: Path
) -> None:
    """A pod that ends at once is started again and again."""
    name, option, config = container(directory)["args"]
    command = application().commands[name]

    assert option in {one for given in command.params for one in given.opts}
    assert isinstance(command, click.Command)
    assert tmp_path / config.lstrip("/") in placed(directory, tmp_path)


def test_of_one_pair_somebody_can_always_take_over() -> None:
    """An update, a drained node and a lost one each leave one that stands by."""
    found = objects(PAIR)
    spec = found["Deployment"]["spec"]

    assert spec["replicas"] == len(("works", "stands by"))
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] == spec["replicas"] - 1


def test_of_a_fleet_one_pod_goes_at_a_time() -> None:
    """What it worked on the others take; two at a time would be twice the work for them."""
    found = objects(FLEET)
    spec = found["Deployment"]["spec"]

    assert spec["replicas"] > 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_the_configuration_of_a_pair_is_one(tmp_path: Path) -> None:
    """With the files of the secret in their place it loads as it stands."""
    [path] = placed(PAIR, tmp_path)

    service = loading.load(path).engine.service

    assert service.http_address == ("0.0.0.0", 9464)
    assert service.instance == "prod"
    assert service.state is not None


def test_the_configuration_of_a_fleet_and_of_its_pairs_is_one(tmp_path: Path) -> None:
    """As a pod finds them: one file by itself, and a directory that is exchanged as a whole."""
    config, *pairs = placed(FLEET, tmp_path)

    fleet = fleet_config.load(config)

    assert fleet.service.http_address == ("0.0.0.0", 9464)
    assert fleet.table.pairs == "files"
    assert sorted(fleet.files.glob("*.toml")) == pairs
    found = [loading.load(pair).engine.service for pair in pairs]
    assert [(one.instance, one.state_schema) for one in found] == [("acme", "wosync_acme")]
    assert {one.state for one in found} == {fleet.state}


def test_a_pair_of_a_fleet_comes_and_goes_without_a_rollout() -> None:
    """A mark in the name of its ConfigMap would replace every pod for one new file."""
    generated = read(FLEET / KUSTOMIZATION)["configMapGenerator"]
    steady = {one["name"]: one["options"].get("disableNameSuffixHash", False) for one in generated}

    assert steady == {"wosync-fleet": False, "wosync-fleet-pairs": True}
