#!/usr/bin/env bash
# Makes sure that podman is there, can run privileged containers, as kind's nodes
# are, and has the node image, if Docker has it: installs Debian's podman, and sees
# to what this machine lacks. Podman needs no daemon.
#
#   ./start-podman.sh && KIND_EXPERIMENTAL_PROVIDER=podman gwctl up
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! { command -v podman && [ -x /usr/lib/podman/netavark ] && [ -x /usr/lib/podman/aardvark-dns ]; } >/dev/null; then
  echo "==> installing podman" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends podman netavark aardvark-dns runc iptables >/dev/null
fi

# Every node mounts it; Docker makes what is missing, podman does not.
mkdir -p /lib/modules

# Where this process may not have CAP_SYS_RESOURCE, neither may a container: runc
# may not ask for it, as start-docker.sh has it, and limits cannot be raised.
# Podman itself raises none beyond these, nor processes beyond kernel.pid_max.
bounding=$(awk '$1 == "CapBnd:" {print $2}' /proc/self/status)
config=/etc/containers/containers.conf.d/gwctl-without-sys-resource.conf
if [ $((0x$bounding >> 24 & 1)) = 0 ]; then
  wrapper=/usr/local/sbin/runc
  cmp -s "$here/files/runc-without-sys-resource" "$wrapper" || install -m 0755 "$here/files/runc-without-sys-resource" "$wrapper"
  files=$(ulimit -Hn) processes=$(ulimit -Hu) most=$(cat /proc/sys/kernel/pid_max)
  [ "$files" != unlimited ] || files=1048576
  if [ "$processes" = unlimited ] || [ "$processes" -gt "$most" ]; then processes=$most; fi
  mkdir -p "$(dirname "$config")"
  cat >"$config" <<EOF
# Written by scripts/node-image/start-podman.sh: there is no CAP_SYS_RESOURCE here.
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]

[engine]
runtime = "runc"

[engine.runtimes]
runc = ["$wrapper"]
EOF
fi

podman info >/dev/null || {
  echo "podman does not work" >&2
  exit 1
}

image=$("$here/build.sh" --print)
id=$(docker image inspect -f '{{.Id}}' "$image" 2>/dev/null || true)
before=$(podman image inspect -f '{{.Id}}' "localhost/$image" 2>/dev/null || true)
if [ -n "$id" ] && [ "${id#sha256:}" != "$before" ]; then
  echo "==> loading $image into podman" >&2
  docker save "$image" | podman load -q >/dev/null
  [ -z "$before" ] || podman rmi "$before" >/dev/null 2>&1 || true
fi
