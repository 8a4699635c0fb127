#!/usr/bin/env bash
# Builds a kind node image where no container registry can be reached: a Debian
# root file system from the host's own apt mirror, and Kubernetes, etcd, CoreDNS
# and the CNI plugins compiled from the Go module proxy. See README.md.
#
#   ./build.sh            builds what is out of date, ends with a docker image
#   ./build.sh --print    prints the image's name and exits
#
# Compiled binaries and the root file system are kept in
# ${XDG_CACHE_HOME:-$HOME/.cache}/gwctl-node-image.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gwctl-node-image
kind_version=v0.33.0
suite=bookworm # the last Debian whose systemd boots on cgroup v1
packages=( # usr-is-merged: stands in for usrmerge, which wants all of perl
  usr-is-merged systemd bash util-linux mount kmod procps e2fsprogs ca-certificates curl jq pigz
  iproute2 iptables nftables conntrack ethtool socat
  containerd runc
)
cni_plugins=(host-local loopback ptp bridge portmap)
# What manifests of the field name most: their programs from Debian's packages,
# under the names and with the paths of the images that people know.
app_packages=(nginx-light redis-server busybox-static)
nginx_image=docker.io/library/nginx:alpine
redis_image=docker.io/library/redis:7-alpine

export GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0
kubernetes=$(awk '$1 == "k8s.io/kubernetes" || $2 == "k8s.io/kubernetes" {print $NF}' "$here/kube/go.mod" | head -n1)
image=${NODE_IMAGE:-kindest/node:$kubernetes-offline}
label=gwctl.node-image.inputs

if [ "${1:-}" = --print ]; then
  echo "$image"
  exit 0
fi

started=$SECONDS
say() { printf '==> [%4ds] %s\n' $((SECONDS - started)) "$*" >&2; }
die() {
  echo "build.sh: $*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || die "has to run as root (it unpacks a Debian root file system)"
command -v go >/dev/null || die "needs go"
"$here/start-docker.sh"
missing=()
command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

build_rootfs() {
  local sources=() aptopts=() f option
  for f in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if [ -f "$f" ] && grep -q "$suite" "$f"; then
      sources+=("$f")
      break
    fi
  done
  while read -r option; do # what the host's apt was told about its mirror
    aptopts+=("--aptopt=$option")
  done < <(apt-config dump | grep -E '^Acquire::(Check-|Retries|https?::)')
  mmdebstrap --quiet --mode=root --variant=minbase --format=tar \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --aptopt='APT::Install-Recommends "false"' "${aptopts[@]}" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --include="$(IFS=,; echo "${packages[*]}")" \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/etc/apt/apt.conf.d/99mmdebstrap' \
    --customize-hook='rm -rf "$1"/etc/machine-id "$1"/var/log/* "$1"/var/cache/debconf/*-old' \
    "$suite" "$rootfs.part" "${sources[@]}" || return
  mv "$rootfs.part" "$rootfs"
  # Extracted, not installed: only files are taken from it.
  mmdebstrap --quiet --mode=root --variant=extract --format=tar "${aptopts[@]}" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --aptopt='APT::Install-Recommends "false"' --include="$(IFS=,; echo "${app_packages[*]}")" \
    "$suite" "$apps.part" "${sources[@]}" || return
  mv "$apps.part" "$apps"
}

hash_of() { sha256sum | cut -c1-16; }
goversion=$(go env GOVERSION)
rootfs_key=$({ echo "$suite ${packages[*]} ${app_packages[*]}"; declare -f build_rootfs; } | hash_of)
kube_key=$({ echo "$goversion"; cat "$here"/kube/*; } | hash_of)
addons_key=$({ echo "$goversion ${cni_plugins[*]}"; find "$here/addons" -type f | sort | xargs cat; } | hash_of)
inputs=$({ echo "$rootfs_key $kube_key $addons_key $kind_version"; cat "$here/build.sh" "$here"/files/*; } | hash_of)

if [ "$(docker image inspect -f "{{index .Config.Labels \"$label\"}}" "$image" 2>/dev/null)" = "$inputs" ]; then
  say "$image is up to date"
  exit 0
fi

mkdir -p "$cache"
rootfs=$cache/rootfs-$rootfs_key.tar
apps=$cache/apps-$rootfs_key.tar
kube=$cache/kube-$kube_key
addons=$cache/addons-$addons_key
work=$(mktemp -d "$cache/work.XXXXXX")
container=
rootfs_pid=
cleanup() {
  [ -z "$rootfs_pid" ] || kill "$rootfs_pid" 2>/dev/null || true
  [ -z "$container" ] || docker rm -f "$container" >/dev/null 2>&1 || true
  docker rmi -f "$image-base" >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# --- the Debian root file system, while Go compiles ---------------------------
if [ -f "$rootfs" ] && [ -f "$apps" ]; then
  say "root file system: cached"
else
  say "root file system: Debian $suite, ${#packages[@]} packages (in the background)"
  (build_rootfs >"$cache/rootfs.log" 2>&1) &
  rootfs_pid=$!
fi

# --- the binaries -------------------------------------------------------------
cd "$here/kube"
if [ -x "$kube" ]; then
  say "Kubernetes $kubernetes and etcd: cached"
else
  say "Kubernetes $kubernetes and etcd: downloading modules"
  go mod download 2>&1 | tail -n5 >&2
  say "Kubernetes $kubernetes and etcd: compiling (the long part)"
  version=$kubernetes
  minor=${version#v1.}
  minor=${minor%%.*}
  x=
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    x+=" -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
  done
  go build -trimpath -tags grpcnotrace -ldflags "-s -w$x" -o "$kube.part" .
  mv "$kube.part" "$kube"
fi
pause_source=$(go list -m -f '{{.Dir}}' k8s.io/kubernetes)/build/pause/linux/pause.c

cd "$here/addons"
if [ -d "$addons" ]; then
  say "CoreDNS and CNI plugins: cached"
else
  say "CoreDNS and CNI plugins: compiling"
  go build -trimpath -ldflags "-s -w" -o "$work/addons/" ./coredns ./mkimage tool
  mv "$work/addons" "$addons"
fi
coredns=$(go list -m -f '{{.Version}}' github.com/coredns/coredns)

# Of the cluster's own version, for whoever wants them: tests against a bare API
# server look for etcd and kube-apiserver here (KUBEBUILDER_ASSETS).
mkdir -p "$cache/bin"
for name in kubectl kubeadm etcd kube-apiserver; do
  ln -sf "$kube" "$cache/bin/$name"
done
"$cache/bin/kubeadm" config images list --kubernetes-version "$kubernetes" >"$work/images" 2>/dev/null
image_of() { grep -E "/$1:" "$work/images" || die "kubeadm does not ask for $1"; }
[[ $(image_of coredns) == *:"$coredns" ]] || die "kubeadm wants $(image_of coredns), addons/go.mod has CoreDNS $coredns"

if [ -n "$rootfs_pid" ]; then
  say "root file system: waiting for it"
  wait "$rootfs_pid" || { tail -n20 "$cache/rootfs.log" >&2; die "mmdebstrap failed"; }
  rootfs_pid=
fi

# --- the node's root file system ----------------------------------------------
say "laying out the node"
root=$work/root
mkdir "$root"
tar -xf "$rootfs" -C "$root"
for f in hostname hosts resolv.conf; do # the host's own; docker provides these
  : >"$root/etc/$f"
done

kind_dir=$(cd "$work" && go mod download -json "sigs.k8s.io/kind@$kind_version" | awk -F'"' '$2 == "Dir" {print $4}')
[ -d "$kind_dir/images/base/files" ] || die "kind $kind_version has no images/base/files"
cp -r --no-preserve=mode,ownership "$kind_dir/images/base/files/." "$root/"
chmod 0755 "$root"/usr/local/bin/* "$root"/kind/bin/*.sh

# What kind's images/base/Dockerfile does to Debian's systemd.
systemd=$root/usr/lib/systemd/system
rm -f "$systemd"/sysinit.target.wants/systemd-tmpfiles-setup.service \
  "$systemd"/multi-user.target.wants/* "$root"/etc/systemd/system/*.wants/* \
  "$systemd"/local-fs.target.wants/* "$systemd"/basic.target.wants/* \
  "$systemd"/sockets.target.wants/*udev* "$systemd"/sockets.target.wants/*initctl*
echo "ReadKMsg=no" >>"$root/etc/systemd/journald.conf"
ln -sf /usr/lib/systemd/systemd "$root/usr/sbin/init"
chroot "$root" systemctl --quiet enable kubelet.service containerd.service undo-mount-hacks.service
chroot "$root" systemctl --quiet mask systemd-binfmt.service
mkdir -p "$root/etc/kubernetes/manifests" "$root/etc/cni/net.d" "$root/opt/cni/bin" "$root/kind/manifests"

# Debian's containerd and runc, where kind's unit file looks for them.
ln -s /usr/bin/containerd /usr/bin/ctr /usr/bin/containerd-shim-runc-v2 "$root/usr/local/bin/"
rm -f "$root"/usr/bin/containerd-shim "$root"/usr/bin/containerd-shim-runc-v1
chroot "$root" ctr oci spec | jq '.hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' \
  >"$root/etc/containerd/cri-base.json"
pause=$(image_of pause)
sed -i "s|sandbox_image = .*|sandbox_image = \"$pause\"|" "$root/etc/containerd/config.toml"

# Where the node lacks CAP_SYS_RESOURCE nobody can lower an oom_score_adj.
sed -i 's|restrict_oom_score_adj = false|restrict_oom_score_adj = true|' "$root/etc/containerd/config.toml"

# On cgroup v1 the kubelet only starts when told that this is known.
sed -i 's|^KUBELET_EXTRA_ARGS=.*|& --fail-cgroupv1=false|' "$root/etc/default/kubelet"
# The kernel's default of 128 inotify instances is used up by a second cluster.
printf '%s\n' 'fs.inotify.max_user_instances=1024' 'fs.inotify.max_user_watches=524288' >"$root/etc/sysctl.d/20-inotify.conf"

install -m 0755 "$kube" "$root/usr/bin/kube"
for name in kubelet kubeadm kubectl crictl; do
  ln -s kube "$root/usr/bin/$name"
done
for name in "${cni_plugins[@]}"; do
  install -m 0755 "$addons/$name" "$root/opt/cni/bin/$name"
done
printf '%s' "$kubernetes" >"$root/kind/version"
sed "s|@KUBERNETES_VERSION@|$kubernetes|" "$here/files/default-cni.yaml" >"$root/kind/manifests/default-cni.yaml"
cp "$here/files/default-storage.yaml" "$root/kind/manifests/default-storage.yaml"

# --- the images the node has to hold ------------------------------------------
say "control-plane images"
layer() { # one layer tar, the same for the same files
  tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$1.tar" .
}
kube_layer=$work/layer-kube
mkdir -p "$kube_layer"/{usr/local/bin,tmp,run,etc,var}
chmod 1777 "$kube_layer/tmp"
install -m 0755 "$kube" "$kube_layer/usr/local/bin/kube"
for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd podnet; do
  ln -s kube "$kube_layer/usr/local/bin/$name"
done
layer "$kube_layer"

iptables_layer=$work/layer-iptables
mkdir -p "$iptables_layer"/usr "$iptables_layer"/opt/iptables/{legacy,nft}
ln -s usr/lib usr/lib64 usr/sbin "$iptables_layer/"
iptables_files=(/usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi /usr/sbin/nft)
while read -r f; do
  iptables_files+=("$f")
done < <(chroot "$root" sh -c 'ldd "$@" /usr/lib/*/xtables/*.so' ldd "${iptables_files[@]}" | grep -oE '/[^ :]+\.so[^ :]*' | sort -u)
for f in "${iptables_files[@]}" "$root"/usr/lib/*/xtables; do
  f=${f#"$root"}
  case $f in /usr/*) ;; *) f=/usr$f ;; esac # Debian's /lib is /usr/lib
  mkdir -p "$iptables_layer$(dirname "$f")"
  cp -rL "$root$f" "$iptables_layer$f"
done
for flavour in legacy nft; do
  for name in iptables ip6tables; do
    for suffix in "" -save -restore; do
      ln -s "/usr/sbin/xtables-$flavour-multi" "$iptables_layer/opt/iptables/$flavour/$name$suffix"
    done
  done
done
layer "$iptables_layer"

coredns_layer=$work/layer-coredns
mkdir "$coredns_layer"
install -m 0755 "$addons/coredns" "$coredns_layer/coredns"
layer "$coredns_layer"

pause_layer=$work/layer-pause
mkdir "$pause_layer"
gcc -Os -Wall -static -s -DVERSION="v${pause##*:}" -o "$pause_layer/pause" "$pause_source"
layer "$pause_layer"

# --- nginx and redis, as the images of their names lay them out ----------------
say "nginx and redis"
apps_root=$work/apps
mkdir "$apps_root"
tar -xf "$apps" -C "$apps_root"
loader=$(cd "$apps_root" && find -L usr/lib -maxdepth 2 -name 'ld-linux-*.so.*' | head -n1)
app_layer() { # DIR PROGRAM...: these, the libraries that they need, a shell, and the usual directories
  local dir=$1 f
  shift
  mkdir -p "$dir"/{usr/bin,usr/sbin,usr/lib,tmp,run,etc,var/log,var/run,data}
  chmod 1777 "$dir/tmp"
  for f in bin sbin lib; do ln -s "usr/$f" "$dir/$f"; done
  ln -s usr/lib "$dir/lib64"
  for f in "$@"; do # ld.so itself tells what a program needs; the root has no shell for ldd
    echo "$f"
    chroot "$apps_root" "/$loader" --list "$f" | grep -oE '/[^ :]+\.so[^ :]*'
  done | sort -u | while read -r f; do
    case $f in /usr/*) ;; *) f=/usr$f ;; esac
    mkdir -p "$dir$(dirname "$f")"
    cp -L "$apps_root$f" "$dir$f"
  done
  cp -L "$apps_root/$loader" "$dir/usr/lib/$(basename "$loader")"
  install -m 0755 "$apps_root/usr/bin/busybox" "$dir/usr/bin/busybox"
  for f in sh cat ls env wget id sleep; do ln -s busybox "$dir/usr/bin/$f"; done
}
nginx_layer=$work/layer-nginx
app_layer "$nginx_layer" /usr/sbin/nginx
mkdir -p "$nginx_layer"/etc/nginx/conf.d "$nginx_layer"/var/cache/nginx "$nginx_layer"/var/log/nginx "$nginx_layer"/var/lib/nginx "$nginx_layer"/usr/share/nginx/html
cp "$apps_root/etc/nginx/mime.types" "$nginx_layer/etc/nginx/"
cp "$here/files/nginx.conf" "$nginx_layer/etc/nginx/nginx.conf"
cp "$here/files/nginx-default.conf" "$nginx_layer/etc/nginx/conf.d/default.conf"
echo '<!doctype html><title>nginx</title><h1>nginx</h1>' >"$nginx_layer/usr/share/nginx/html/index.html"
ln -s /dev/stdout "$nginx_layer/var/log/nginx/access.log"
ln -s /dev/stderr "$nginx_layer/var/log/nginx/error.log"
printf 'root:x:0:0::/:/bin/sh\nnginx:x:101:101::/nonexistent:/bin/false\nnobody:x:65534:65534::/:/bin/false\n' >"$nginx_layer/etc/passwd"
printf 'root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n' >"$nginx_layer/etc/group"
layer "$nginx_layer"
redis_layer=$work/layer-redis
app_layer "$redis_layer" /usr/bin/redis-check-rdb /usr/bin/redis-cli
ln -s redis-check-rdb "$redis_layer/usr/bin/redis-server" # Debian's are one program
printf 'root:x:0:0::/:/bin/sh\nredis:x:999:1000::/data:/bin/sh\n' >"$redis_layer/etc/passwd"
printf 'root:x:0:\nredis:x:1000:\n' >"$redis_layer/etc/group"
layer "$redis_layer"

"$addons/mkimage" -o "$work/images.tar" <<EOF
[
  {"name": "$(image_of kube-apiserver)", "layers": ["$kube_layer.tar"], "entrypoint": ["kube-apiserver"]},
  {"name": "$(image_of kube-controller-manager)", "layers": ["$kube_layer.tar"], "entrypoint": ["kube-controller-manager"]},
  {"name": "$(image_of kube-scheduler)", "layers": ["$kube_layer.tar"], "entrypoint": ["kube-scheduler"]},
  {"name": "$(image_of etcd)", "layers": ["$kube_layer.tar"], "entrypoint": ["etcd"]},
  {"name": "$(image_of kube-proxy)", "layers": ["$kube_layer.tar", "$iptables_layer.tar"], "entrypoint": ["kube-proxy"]},
  {"name": "$(image_of coredns)", "layers": ["$coredns_layer.tar"], "entrypoint": ["/coredns"]},
  {"name": "$nginx_image", "layers": ["$nginx_layer.tar"], "entrypoint": ["nginx", "-g", "daemon off;"]},
  {"name": "$redis_image", "layers": ["$redis_layer.tar"], "entrypoint": ["redis-server", "--protected-mode", "no", "--dir", "/data"]},
  {"name": "$pause", "layers": ["$pause_layer.tar"], "entrypoint": ["/pause"], "user": "65535:65535"}
]
EOF

# --- the node image -----------------------------------------------------------
say "importing the node into docker"
tar -C "$root" --numeric-owner -c . | docker import --change 'ENV container=docker' - "$image-base" >/dev/null

say "loading the images into the node's containerd"
container=$(docker run -d --network=none --stop-signal SIGRTMIN+3 --security-opt seccomp=unconfined --entrypoint sleep "$image-base" infinity)
docker exec -i "$container" bash -euc '
  containerd --log-level error >/dev/null 2>&1 &
  pid=$!
  for _ in $(seq 50); do ctr version >/dev/null 2>&1 && break; sleep 0.2; done
  ctr --namespace=k8s.io images import --all-platforms --no-unpack - >/dev/null
  ctr --namespace=k8s.io images ls -q | grep -v ^sha256: | sed "s/^/      /" >&2
  kill $pid
  wait $pid || true
  rm -rf /run/containerd /tmp/* /var/log/*
' <"$work/images.tar"
before=$(docker image inspect -f '{{.Id}}' "$image" 2>/dev/null || true)
docker commit \
  --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' \
  --change 'ENV container=docker' --change 'CMD []' \
  --change "LABEL $label=$inputs" \
  "$container" "$image" >/dev/null

# What an earlier build left, and nothing uses any more.
[ -z "$before" ] || docker rmi "$before" >/dev/null 2>&1 || true
for f in "$cache"/{rootfs,apps,kube,addons}-*; do
  case $f in "$rootfs" | "$apps" | "$kube" | "$addons") ;; *) rm -rf "$f" ;; esac
done

say "done: $image, $(docker image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')"
