"""
Images are really built and run: a catalog that moves between containers, is rolled, and grows and shrinks under load.

It takes minutes and packages of the system's, so it is run where TRY_ENGINE=1 asks for it and an engine starts; with
REQUIRE_ENGINE=1 it fails where none does. Elsewhere one line says why it was not run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from monolith.config.run.keys import staff_token
from tests.architecture.test_images import SERVICES, contents
from tests.integration.images.engine import (
    CONFINED,
    Containers,
    NoEngine,
    build,
    running_engine,
    served_wheels,
    tag,
    take_base,
)
from tests.integration.images.service import services
from tests.integration.images.stack import ADDRESSES, ENVOYS, HOMES, ROOT, WORD, Stack, make_roles
from tests.integration.images.test_roles import PRODUCTS, served
from tests.support.evidence import record
from tests.support.openloop import Loop, open_loop
from tests.support.postgres import running_postgres
from tests.support.processes import eventually, free_port
from tests.support.valkey import running_valkey

REQUIRED = os.environ.get("REQUIRE_ENGINE") == "1"
ASKED_FOR = REQUIRED or os.environ.get("TRY_ENGINE") == "1"
IMAGES = (*HOMES, "edge")
OTHERS = [name for name in SERVICES if name not in IMAGES]
PER_S, ANSWERS, ROUNDS = 10, 20, 10
pytestmark = [
    pytest.mark.platform,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not ASKED_FOR, reason="no container engine asked for: make engine"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Containers, Path]]:
    """An engine with the images that take part in a move, and what builds others."""
    folder = tmp_path_factory.mktemp("engine")
    try:
        with running_engine(folder) as engine:
            take_base(engine)
            with served_wheels(folder) as pip_conf:
                for image in IMAGES:
                    build(engine, image, pip_conf)
                yield engine, pip_conf
    except NoEngine as reason:
        if REQUIRED:
            raise
        pytest.skip(f"no container engine: {reason}")


@pytest.fixture(scope="module")
def engine(built: tuple[Containers, Path]) -> Containers:
    return built[0]


@pytest.fixture(scope="module")
def stack(engine: Containers) -> Iterator[Stack]:
    """The platform from its images; PostgreSQL and Valkey are this machine's."""
    with running_postgres() as server, running_valkey() as valkey, services(*ADDRESSES) as addresses:
        make_roles(server)
        stack = Stack(server, engine, addresses, valkey)
        stack.migrate()
        stack.engine.command("monolith", stack.monolith, "manage", "seed_catalog", "--products", str(PRODUCTS))
        with stack.running():
            yield stack


@pytest.fixture(scope="module")
def edge(stack: Stack) -> Iterator[str]:
    """The address of an Envoy before the platform, whose agent keeps it in step."""
    public, internal, admin = (f"127.0.0.1:{free_port()}" for _ in range(3))
    rendered = ("--listen", public, "--internal", internal, "--admin", admin, "--out", ENVOYS)
    stack.engine.command("edge", stack.edge, "manage", "strangler", "render", "envoy", *rendered)
    with_files = ("--config-path", f"{ENVOYS}/envoy.json", "--use-dynamic-base-id", "--reject-unknown-dynamic-fields")
    agent = ("manage", "strangler", "edge-agent", "--folder", ENVOYS, "--admin", admin)
    ends = [stack.engine.start("edge", {}, "envoy", *with_files), stack.engine.start("edge", stack.edge, *agent)]
    try:
        eventually(lambda: in_step(stack), what="the agent is in step", timeout_s=120, every_s=0.1)
        yield public
    finally:
        for end in ends:
            end()


def in_step(stack: Stack) -> bool:
    """Whether the edge's agent has told that Envoy obeys the newest version."""
    newest = "coalesce((SELECT version FROM strangler_version), 0)"
    query = f"SELECT bool_and(version = {newest}) FROM strangler_router WHERE host = 'edge'"
    with stack.connect("monolith", "monolith") as connection:
        return connection.execute(query).fetchone() == (True,)


@contextmanager
def under_load(edge: str, stack: Stack) -> Iterator[Mapping[str, Loop]]:
    """Read and write through the edge in an open loop; nothing of it may fail."""
    with open_loop(edge, kinds(stack), per_s=PER_S, home_field="strangler-home") as loops:
        yield loops
    assert [failure for loop in loops.values() for failure in loop.failed] == []


def kinds(stack: Stack) -> dict[str, Callable[[], bytes]]:
    """A read and a write of the catalog, by somebody whose token is signed by the key that containers made."""
    token = staff_token(keys_of_dev(stack.engine.envoys.parent))

    def write() -> bytes:
        name = f"e{uuid.uuid4().hex[:12]}"
        content = json.dumps({"slug": name, "name": name})
        return (
            f"POST /api/catalog/categories HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {name}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n{content}"
        ).encode()

    return {"read": lambda: b"GET /api/catalog/products?limit=3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "write": write}


def keys_of_dev(folder: Path) -> Path:
    """The key that `dev-key` makes of the same words elsewhere."""
    environment = {**os.environ, "SECRET_KEY": WORD, "RUN_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "docker/bin/dev-key", "true"], env=environment, check=True, timeout=60)
    return folder / "keys"


def answered(loops: Mapping[str, Loop], count: int = ANSWERS) -> None:
    """Wait until each loop has *count* more answers."""
    wanted = {kind: loop.asked + count for kind, loop in loops.items()}
    eventually(lambda: all(loop.asked >= wanted[kind] for kind, loop in loops.items()), what="answers", timeout_s=60)


def test_the_catalog_moves_there_and_back_between_containers(stack: Stack, edge: str) -> None:
    home, products = served(stack)
    assert (home, len(products)) == ("monolith", PRODUCTS)
    with under_load(edge, stack) as loops:
        answered(loops)
        stack.move("service")
        assert served(stack) == ("service", products)
        with stack.connect("monolith", "monolith") as late, pytest.raises(psycopg.Error) as refused:
            late.execute("UPDATE catalog_product SET name = 'late'")
        assert refused.value.sqlstate == "SF001"
        answered(loops)
        stack.move("monolith")
        answered(loops)
    assert served(stack) == ("monolith", products)
    assert all(set(loop.homes) == {"monolith", "service"} for loop in loops.values())


def test_a_service_is_rolled_and_scaled_under_load(stack: Stack, edge: str) -> None:
    """A pod that goes has answered whatever it was given; the last one that is left serves alone."""
    stack.move("service")
    with under_load(edge, stack) as loops:
        answered(loops)
        stack.roll("catalog")
        answered(loops)
        more = [stack.add("catalog") for _ in range(2)]
        answered(loops)
        for pod in [*stack.pods["catalog"][:1], *more[:1]]:
            stack.end(pod)
        answered(loops)
    assert all(set(loop.homes) == {"service"} for loop in loops.values())
    assert len(stack.pods["catalog"]) == 1


def test_a_pod_that_does_not_end_in_good_order_is_missed(stack: Stack, edge: str) -> None:
    """The control of the test before: killed, and not taken out of its Service, it fails what is written."""
    (pod,) = stack.pods["catalog"]
    with pytest.raises(AssertionError, match="50[23]"), under_load(edge, stack) as loops:
        answered(loops)
        stack.engine.docker("kill", pod.end.args[0])
        answered(loops)
    stack.forget(pod)
    stack.add("catalog")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_service_is_rolled_and_moved_many_times_under_load(stack: Stack, edge: str, seed: int) -> None:
    with under_load(edge, stack) as loops:
        for _ in range(ROUNDS):
            for home in ("service", "monolith"):
                stack.move(home)
                stack.roll("catalog")
                answered(loops)
    asked = {kind: loop.asked for kind, loop in loops.items()}
    slowest = {kind: round(loop.slowest_s, 3) for kind, loop in loops.items()}
    record("images-rolled", seed=seed, rounds=ROUNDS, per_s=PER_S, asked=asked, failed=0, slowest_s=slowest)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_the_list_says(engine: Containers, image: str) -> None:
    look = "import pathlib; print('\\n'.join(str(f.relative_to('/app')) for f in pathlib.Path('/app').rglob('*')"
    look += " if f.is_file() and f.suffix != '.pyc'))"
    held = set(engine.docker("run", "--rm", "--entrypoint=python", tag(image), "-c", look).split())
    kind = image if image in contents.KINDS else "service"
    assert held == set(contents.files(kind, image))


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_what_it_is_and_runs_as_nobody(engine: Containers, image: str) -> None:
    told = json.loads(engine.docker("image", "inspect", tag(image)))[0]
    config = told["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "ask"]
    assert config["Labels"]["org.opencontainers.image.title"] == f"django-strangler/{image}"
    assert told["Size"] < SIZE_MAX_BYTES[image]


SIZE_MAX_BYTES = {"monolith": 300e6, "catalog": 300e6, "edge": 400e6}
"""With a base of 90 MB."""


WRITABLE = """
import os
EVERYBODYS = {"/dev", "/proc", "/sys", "/tmp", "/var/lock", "/var/tmp"}
print(os.getuid())
for at, folders, files in os.walk("/"):
    folders[:] = {os.path.join(at, name) for name in folders} - EVERYBODYS
    found = [*folders, *(os.path.join(at, name) for name in files)]
    print(*(path for path in found if os.access(path, os.W_OK) and not os.path.islink(path)))
"""


@pytest.mark.parametrize("image", IMAGES)
def test_its_user_can_change_nothing_in_an_image(engine: Containers, image: str) -> None:
    """Not for its root being read-only here: no file is his. What Envoy reads is rendered into a folder of his."""
    found = engine.docker("run", "--rm", "--entrypoint=python", tag(image), "-c", WRITABLE)
    assert found.split() == ["10001", *([ENVOYS] if image == "edge" else [])]


def test_the_engine_itself_finds_a_host_healthy(engine: Containers, stack: Stack) -> None:
    """HEALTHCHECK asks where the image's own command listens, with a root that nobody can write to."""
    told = [f"--env={name}={value}" for name, value in stack.catalog.items()]
    alone = ["--detach", "--name=health", "--network=none", "--health-interval=1s"]
    engine.docker("run", *alone, *CONFINED, *told, tag("catalog"))
    state = ("inspect", "--format", "{{.State.Health.Status}}", "health")
    eventually(lambda: engine.docker(*state).strip() == "healthy", what="healthy", timeout_s=90, every_s=0.5)
    engine.docker("rm", "--force", "health")


@pytest.mark.soak
def test_keys_are_rotated_under_load(stack: Stack, edge: str) -> None:
    """As docs/operate.md says: all verify by both, then the new one signs, then the old one is gone."""
    stack.move("monolith")
    old, new = stack.keys, f"new:{WORD[::-1]}"
    with under_load(edge, stack) as loops:
        for keys in (f"{old},{new}", f"{new},{old}", new):
            stack.keys = keys
            for home in HOMES:
                stack.roll(home)
            answered(loops)
    stack.move("service")


@pytest.mark.soak
@pytest.mark.parametrize("image", OTHERS)
def test_every_other_image_is_built_and_starts(built: tuple[Containers, Path], stack: Stack, image: str) -> None:
    """Its own files and packages are enough for `check`, with the settings of production."""
    engine, pip_conf = built
    build(engine, image, pip_conf)
    told = {key: value for key, value in stack.environment().items() if not key.endswith("_DATABASE_URL")}
    assert "no issues" in engine.command(image, told, "manage", "check")
    test_an_image_holds_what_the_list_says(engine, image)
