#!/usr/bin/env bash
# Makes sure that a docker daemon answers and can run privileged containers, as
# kind's nodes are: installs Debian's docker.io if there is no dockerd, starts it
# by hand where systemd does not run, and sees to CAP_SYS_RESOURCE.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
answers() { docker info >/dev/null 2>&1; }
alive() { # FILE: whether the process whose number it holds is a daemon that runs
  local name state
  [ -f "$1" ] && read -r name state < <(sed -n 's/^[0-9]* (\(.*\)) \(.\).*/\1 \2/p' "/proc/$(cat "$1")/stat" 2>/dev/null) &&
    [ "$state" != Z ] && case $name in dockerd | containerd) ;; *) false ;; esac
}

if ! answers && ! { command -v dockerd && command -v docker; } >/dev/null; then
  echo "==> installing docker.io" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables >/dev/null
fi

# Where this process may not have CAP_SYS_RESOURCE, neither may a daemon that it
# starts; the daemon looks runc up in PATH at every start of a container.
bounding=$(awk '$1 == "CapBnd:" {print $2}' /proc/self/status)
wrapper=/usr/local/sbin/runc
if [ $((0x$bounding >> 24 & 1)) = 0 ] && ! cmp -s "$here/files/runc-without-sys-resource" "$wrapper"; then
  echo "==> no CAP_SYS_RESOURCE here: installing $wrapper, which does not ask for it" >&2
  install -m 0755 "$here/files/runc-without-sys-resource" "$wrapper"
fi

log=
start_by_hand() { # starts a daemon and waits until it answers, or has ended
  local f pid _
  # A daemon that was killed leaves the number of its process. A new one takes
  # whatever has that number for its elder and stops: a process that nobody has
  # waited for yet, or another one that got the number meanwhile.
  for f in /var/run/docker.pid /run/docker/containerd/containerd.pid; do
    alive "$f" || rm -f "$f"
  done
  log=/var/log/dockerd.log
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    setsid nohup dockerd >"$log" 2>&1 </dev/null &
  pid=$!
  for _ in $(seq 60); do
    answers && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 1
  done
  return 1
}

if ! answers; then
  echo "==> starting dockerd" >&2
  if [ -d /run/systemd/system ]; then
    systemctl start docker
    for _ in $(seq 60); do
      answers && break
      sleep 1
    done
  else
    for _ in $(seq 8); do # its elder may take a while to be gone
      start_by_hand && break
      sleep 2
    done
  fi
  answers || {
    echo "dockerd does not answer${log:+; see $log}" >&2
    exit 1
  }
fi
