"""The steps of deploy/Dockerfile, run in a fresh Debian without a container engine; needs root and debootstrap.

    .venv/bin/python deploy/trials/image.py FOLDER

In a FOLDER that exists the Debian is not made anew. Debian's Python stands in for that of the base image. ENV, RUN,
COPY and USER are carried out in order; at the end the commands of the image answer as its user. docs/production.md says
what was seen.
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
# The way to the registries is this machine's: variables, settings, certificates.
PASSED_ON = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
SETTINGS = (("/etc/resolv.conf", "etc/resolv.conf"), ("~/.config/pip/pip.conf", "etc/pip.conf"))
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
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
    for here, there in SETTINGS:
        if Path(here).expanduser().exists():
            shutil.copyfile(Path(here).expanduser(), root / there)


class Image:
    """What the instructions make: a tree, variables, a user and a working directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._user, self._directory = "root", "/"
        self._environment = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)} | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SSL_CERT_FILE": f"/{CERTIFICATES}",
            "PIP_CERT": f"/{CERTIFICATES}",
        }

    def run(self, command: str) -> bool:
        """Run a command; whether it succeeded."""
        inside = ["chroot", f"--userspec={self._user}", self._root, "sh", "-c", f"cd {self._directory} && {command}"]
        return subprocess.run(inside, env=self._environment, check=False).returncode == 0  # noqa: S603

    def follow(self, word: str, rest: str) -> bool:
        """Carry an instruction out; whether it succeeded."""
        match word:
            case "ENV":
                self._environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "COPY":
                copy(self._root, *shlex.split(rest))
            case "WORKDIR":
                self._directory = rest
            case "USER":
                self._user = rest
            case "RUN":
                return self.run(rest)
        return True


def main(folder: str) -> int:
    """Carry the steps out and ask the questions; returns the exit status."""
    root = Path(folder)
    if not root.exists():
        base(root)
    if os.environ.get("SSL_CERT_FILE"):
        shutil.copyfile(os.environ["SSL_CERT_FILE"], root / CERTIFICATES)
    image = Image(root)
    for word, rest in instructions():
        print(f"--- {word} {rest[:100]}", flush=True)
        if not image.follow(word, rest):
            return 1
    failed = [question for question in QUESTIONS if not image.run(question)]
    print("All steps ran." if not failed else f"These failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
