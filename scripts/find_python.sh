#!/bin/sh
# Runs a Python script with the first Python >= 3.8 on this machine that really starts:
#     sh scripts/find_python.sh scripts/setup_env.py [ARGUMENTS]
# Trying each one matters: a pyenv shim exists, and fails, when no version is selected.
# This Python only runs the set-up scripts (standard library only); setup_env.py then finds the one for TFX.

works() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 </dev/null
}

# The system's own first: it starts faster than a shim. Patterns that match nothing stay as they are and do not run.
for candidate in \
    /usr/bin/python3 python3 \
    python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 "$HOME"/.pyenv/versions/3.*/bin/python3 \
    /usr/local/bin/python3* /opt/*/bin/python3; do
    if works "$candidate"; then
        exec "$candidate" "$@"
    fi
done

echo "setup: no Python 3.8 or newer starts on this machine: install one (Debian, Ubuntu: apt-get install python3)." >&2
exit 2
