#!/usr/bin/env bash
# Tests the library for AArch64 on a machine with another processor: cross-compiled, and run under emulation. By hand, as
# root on Debian, not in CI: building takes some 15 minutes of two cores.
#
#     tests/arm/run.sh [FOLDER]     # FOLDER keeps a Debian with compilers and the build: 5 GB [default: target/arm]
#
# The kernels are held to the portable path bit for bit, on a processor with products of bytes and on one without.
set -euo pipefail
cd "$(dirname "$0")/../.."

root="${1:-target/arm}/root"
if [ ! -x "$root/usr/bin/qemu-aarch64" ]; then
    command -v debootstrap > /dev/null || apt-get install -y -qq debootstrap > /dev/null
    debootstrap --variant=minbase sid "$root" > /dev/null
    cp /etc/resolv.conf "$root/etc/"
    chroot "$root" dpkg --add-architecture arm64
    chroot "$root" apt-get -o Acquire::Check-Valid-Until=false update -qq
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends \
        ca-certificates cargo rustc libstd-rust-dev:arm64 gcc g++ gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user \
        > /dev/null
fi

mkdir -p "$root/byline"
git ls-files -z | tar --null -T - -c | tar -x -C "$root/byline"

tests() { # PROCESSOR ARGUMENTS…
    local processor="$1"
    shift
    chroot "$root" env HOME=/root CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu $processor -L /usr/aarch64-linux-gnu" \
        cargo test --release --target aarch64-unknown-linux-gnu --manifest-path /byline/Cargo.toml --lib "$@"
}
# emulation is too slow for the test with a time limit
tests max -- --skip one_line_of_a_megabyte
# candle's own products, to which one test compares ours, need what this processor has not
tests cortex-a53 neural::blocks -- --skip candles_own
