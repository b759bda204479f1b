#!/bin/sh
# `make lock`: writes the lock files again from setup.py. Versions that still fit stay; `make lock UPGRADE=1` takes the
# newest. Any machine can do it: the target platform is named, not looked at.
set -eu
cd "$(dirname "$0")/.."

uv=$(sh scripts/find_python.sh scripts/uv_tool.py)
export UV_CUSTOM_COMPILE_COMMAND="make lock" # The header of each lock: no paths of this machine.

compile() { # PYTHON PLATFORM INPUT OUTPUT [OPTIONS]
    python=$1 platform=$2 input=$3 output=requirements/$4
    shift 4
    echo "$output"
    "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} \
        --python-version "$python" --python-platform "$platform" "$@" "$input" --output-file "$output" >/dev/null
}

# The platforms are the oldest glibc of each stack: see scripts/stacks.py.
compile 3.10 x86_64-manylinux_2_28 setup.py tfx-1.16-py310.txt --extra dev
compile 3.11 x86_64-manylinux_2_39 setup.py tfx-1.21-py311.txt --extra dev
compile 3.12 x86_64-manylinux_2_39 setup.py tfx-1.21-py312.txt --extra dev
compile 3.13 x86_64-manylinux_2_39 setup.py tfx-1.21-py313.txt --extra dev
# What sdists are built with, and the installer itself, which any Python >= 3.8 must be able to fetch.
compile 3.10 x86_64-manylinux_2_28 requirements/build.in build.txt
compile 3.8 x86_64-manylinux_2_28 requirements/uv.in uv.txt
