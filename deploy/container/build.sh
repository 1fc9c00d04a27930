#!/bin/sh
# Builds the container image localhost/fer-edge:VERSION from a package that `make deb` made.
#
#   deploy/container/build.sh PACKAGE.deb               from debian:*-slim of the registry
#   deploy/container/build.sh PACKAGE.deb --root DIR    from a root that debootstrap made, without a registry:
#     sudo debootstrap --variant=minbase --include=python3 bookworm DIR
#   deploy/container/build.sh PACKAGE.deb --root FILE   the same without root: a .tar that mmdebstrap made:
#     mmdebstrap --variant=minbase --include=python3 --skip=output/dev bookworm root.tar
#
# Needs buildah, Podman or Docker: the first of them that is here. Exit codes: 0 done, 1 failed, 2 usage, 69 none is here.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)

fail() {
    code=$1
    shift
    printf 'build.sh: %s\n' "$*" >&2
    exit "$code"
}

case ${1:-} in
    *.deb) [ -f "$1" ] || fail 2 "$1: no such package; make deb" ;;
    *) fail 2 "give a package: $0 dist/fer-edge_VERSION~deb12_amd64.deb [--root DIR|FILE.tar]" ;;
esac
PACKAGE=$1 ROOT=''
if [ "${2:-}" = --root ]; then
    ROOT=${3:-}
    [ -e "$ROOT" ] || fail 2 "--root needs a folder made by debootstrap, or a .tar made by mmdebstrap"
fi
for ENGINE in buildah podman docker ''; do
    if [ -z "$ENGINE" ]; then fail 69 "neither buildah, podman nor docker is here; try: sudo apt install buildah"; fi
    if command -v "$ENGINE" >/dev/null; then break; fi
done

VERSION=$(basename "$PACKAGE" | cut -d_ -f2 | cut -d'~' -f1)
case $(basename "$PACKAGE") in *~deb12_*) SUITE=bookworm ;; *) SUITE=trixie ;; esac
BASE=docker.io/library/debian:$SUITE-slim
CONTEXT=$(mktemp -d)
trap 'rm -rf "$CONTEXT"' EXIT
cp "$PACKAGE" "$CONTEXT/fer-edge.deb"
if [ -n "$ROOT" ]; then
    BASE=localhost/debian-root:$SUITE
    if [ -d "$ROOT" ]; then
        tar -C "$ROOT" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude=./proc --exclude=./sys --exclude=./dev \
            -cf "$CONTEXT/root.tar" . || fail 1 "$ROOT cannot be read; as a plain user give a .tar made by mmdebstrap"
        ROOT=$CONTEXT/root.tar
    fi
    if [ "$ENGINE" = buildah ]; then
        empty=$(buildah from scratch)
        buildah add --quiet "$empty" "$ROOT" / >/dev/null
        buildah commit --quiet --rm "$empty" "$BASE" >/dev/null
    else
        "$ENGINE" import "$ROOT" "$BASE" >/dev/null
    fi
    rm -f "$CONTEXT/root.tar"
fi
# Docker's format: the other one has no place for a health check.
FORMAT='--format docker'
if [ "$ENGINE" = docker ]; then
    FORMAT=''
    export DOCKER_BUILDKIT=1 # Docker's older builder cannot show a file to a step.
fi
# shellcheck disable=SC2086
"$ENGINE" build $FORMAT ${BUILDAH_OPTIONS:-} --file "$HERE/Containerfile" \
    --build-arg BASE="$BASE" --tag "localhost/fer-edge:$VERSION" "$CONTEXT"
