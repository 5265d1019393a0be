#!/usr/bin/env bash
# Installs what the tests need and passes them. As root, or with sudo for the installing.
set -euo pipefail
cd "$(dirname "$0")"

# iproute2, util-linux, procps: hosts and networks of the lab. openssh-client: ha_propagate.
# gawk, iputils-ping, psmisc: what real Heartbeat's own scripts call, for the pairs it takes part in.
# python3: crmsh, which configures with our commands.
# qemu-system-x86, seabios: the virtual machine whose kernel has IPVS.
packages=(build-essential ca-certificates gawk iproute2 iputils-ping openssh-client procps psmisc
    python3 qemu-system-x86 seabios util-linux)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# The pairs with real Heartbeat take it from Debian's archive: apt must know what is there.
if [ ${#missing[@]} -gt 0 ] || ! apt-cache show heartbeat >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -q
fi
if [ ${#missing[@]} -gt 0 ]; then
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
fi
if ! command -v cargo >/dev/null; then
    echo "cargo is missing; get Rust with: curl https://sh.rustup.rs -sSf | sh" >&2
    exit 1
fi
if command -v rustup >/dev/null; then
    rustup component add rustfmt clippy >/dev/null 2>&1 || true
fi

exec cargo xtask ci
