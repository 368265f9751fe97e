# Shared by the scripts: where things are, and how what is missing gets installed.
# Source it; it moves to the root of the tree and defines functions only. Paths that the caller gave
# are relative to $CALLER.
set -euo pipefail
CALLER=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ROOT=$PWD
VENV=$ROOT/build/venv
PYTHON=$VENV/bin/python

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
usage() { printf 'error: %s\n' "$*" >&2; exit 2; }

# from_caller PATH: a path that the caller gave, from anywhere.
from_caller() { case "$1" in /*) printf '%s' "$1" ;; *) printf '%s' "$CALLER/$1" ;; esac; }

# names FILE...: the package names in lists, without comments.
names() { sed 's/#.*//' "$@" | tr -s ' \t' '\n' | sed '/^$/d'; }

# ensure_apt LIST...: installs those packages of scripts/packages/apt-LIST.txt that are missing.
ensure_apt() {
  local lists=() missing
  for list in "$@"; do lists+=("scripts/packages/apt-$list.txt"); done
  command -v dpkg-query >/dev/null || die "no dpkg: install the packages of ${lists[*]} by hand"
  missing=$(names "${lists[@]}" | sort -u | while read -r name; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || echo "$name"
  done)
  [ -n "$missing" ] || return 0
  say "installing $(echo $missing)"
  local root=(); [ "$(id -u)" = 0 ] || root=(sudo)
  apt_install() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; }
  "${root[@]}" apt-get update -q || say "apt-get update failed: going on with the lists at hand"
  apt_install || die "apt-get could not install: $(echo $missing)"
}

# ensure_python: a virtual environment under build/ with the pinned packages. Packages that the
# system's python3 has in the right version are used from there.
ensure_python() {
  local list=$ROOT/scripts/packages/pip.txt stamp=$VENV/.installed
  if [ -f "$stamp" ] && cmp -s "$list" "$stamp" && "$PYTHON" -c '' 2>/dev/null; then return 0; fi
  say "Python packages into build/venv"
  mkdir -p build
  "$PYTHON" -m pip --version >/dev/null 2>&1 ||
    { rm -rf "$VENV"; python3 -m venv --system-site-packages "$VENV"; }
  "$PYTHON" -m pip install --disable-pip-version-check -q -r "$list" || die "pip could not install $list"
  cp "$list" "$stamp"
}
