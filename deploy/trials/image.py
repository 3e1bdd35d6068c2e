"""The steps of deploy/Dockerfile, run in a fresh Debian without a container engine; needs root and debootstrap.

    .venv/bin/python deploy/trials/image.py FOLDER

FOLDER must not exist. Debian's Python stands in for that of the base image. ENV, RUN, COPY and USER are carried out in
order; at the end the commands of the image answer as its user. docs/production.md says what was seen.
"""

import fnmatch
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.trials.native import DOCKERFILE, PROJECT

PACKAGES = "python3,python3-pip,ca-certificates"
PASSED_ON = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
SETTINGS = ("etc/resolv.conf", "etc/pip.conf", "etc/uv/uv.toml")  # of this machine, for the way to the registries
QUESTIONS = (
    "id",
    "python -m scoring --help",
    "airflow version",
    "mlflow --version",
    "touch /opt/scoring/x || echo the code cannot be changed",
    "touch /var/lib/scoring/x && echo the data can be written",
)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their text, lines joined."""
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def copy(root: Path, source: str, target: str) -> None:
    """COPY: a file, or all files of this checkout that .dockerignore does not leave out."""
    place = root / target.lstrip("/")
    if source != ".":
        shutil.copyfile(PROJECT / source, place)
        return
    left_out = (PROJECT / ".dockerignore").read_text().split()
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines():  # noqa: S603
        if not any(name == rule or name.startswith(f"{rule}/") or fnmatch.fnmatch(name, rule) for rule in left_out):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, place / name)


def base(root: Path) -> None:
    """What the base image has: a Debian with a Python called `python`, into which packages may be installed."""
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root], check=True)  # noqa: S603, S607
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    for name in SETTINGS:
        if Path("/", name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path("/", name), root / name)


def main(folder: str) -> int:
    """Carry the steps out and ask the questions; returns the exit status."""
    root = Path(folder)
    base(root)
    environment = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    user, directory = "root", "/"

    def run(command: str) -> int:
        inside = ["chroot", f"--userspec={user}", root, "sh", "-c", f"cd {directory} && {command}"]
        return subprocess.run(inside, env=environment, check=False).returncode  # noqa: S603

    for word, rest in instructions():
        print(f"--- {word} {rest[:100]}", flush=True)
        match word:
            case "ENV":
                environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "COPY":
                copy(root, *shlex.split(rest))
            case "WORKDIR":
                directory = rest
            case "USER":
                user = rest
            case "RUN":
                if run(rest):
                    return 1
    failed = [question for question in QUESTIONS if run(question)]
    print("All steps ran." if not failed else f"These failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
