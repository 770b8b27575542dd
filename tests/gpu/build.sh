#!/usr/bin/env bash
# Builds byline for NVIDIA GPUs on a machine that has neither a GPU nor the CUDA toolkit, and shows that the program then
# says so in one line. By hand, not in CI: the kernels take some 20 minutes of two cores.
#
#     tests/gpu/build.sh [FOLDER]     # FOLDER keeps the toolkit and the build: 8 GB [default: target/gpu]
#
# nvcc and the libraries come in wheels. The driver's library, libcuda, does not: it belongs to the driver, so a stub
# with its symbols stands in for it, each of which answers "no device". On a machine with a GPU none of this is needed:
# see "On a GPU" in the README.
set -euo pipefail
cd "$(dirname "$0")/../.."

work="${1:-target/gpu}"
mkdir -p "$work"
work="$(cd "$work" && pwd)"
export CUDA_HOME="$work/wheels/nvidia/cu13" CUDARC_CUDA_VERSION=13000 CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
export CUDA_PATH="$CUDA_HOME" CUDA_ROOT="$CUDA_HOME" CUDA_TOOLKIT_ROOT_DIR="$CUDA_HOME"

if [ ! -x "$CUDA_HOME/bin/nvcc" ]; then
    python3 -m pip install --quiet --no-input --target "$work/wheels" \
        'nvidia-cuda-nvcc==13.0.*' 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cccl==13.0.*' 'nvidia-cuda-crt==13.0.*' \
        'nvidia-cuda-nvrtc==13.0.*' 'nvidia-nvvm==13.0.*' 'nvidia-curand==10.4.*' 'nvidia-cublas==13.1.*'
fi

# The wheels have libraries by their version alone; linkers look for them without it.
for library in "$CUDA_HOME"/lib/lib*.so.*; do
    name="$(basename "$library")"
    ln -sf "$name" "$CUDA_HOME/lib/${name%%.so.*}.so"
done
ln -sfn lib "$CUDA_HOME/lib64"

# Every function of the driver, as its header and the bindings name it (some names are only made by macros).
stubs="$work/stubs"
mkdir -p "$stubs"
cargo fetch --quiet
bindings="$(cargo metadata --format-version 1 --features cuda \
    | python3 -c 'import json, sys
print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "cudarc"))')"
{
    echo '/* Answers as the driver does where there is no GPU: CUDA_ERROR_NO_DEVICE. */'
    grep -ohE '\bcu[A-Z][A-Za-z0-9]*(_v[0-9]+)?(_ptsz|_ptds)?\b' \
        "$CUDA_HOME/include/cuda.h" "$(dirname "$bindings")/src/driver/sys/mod.rs" | sort -u \
        | grep -vxE 'cuGetError(String|Name)' | sed 's/.*/int &(void) { return 100; }/'
    for name in cuGetErrorString cuGetErrorName; do
        echo "int $name(int code, const char **text) { *text = \"no CUDA driver is here\"; return 0; }"
    done
} > "$stubs/cuda.c"
cc -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$stubs/libcuda.so.1" "$stubs/cuda.c"
ln -sf libcuda.so.1 "$stubs/libcuda.so"

export PATH="$CUDA_HOME/bin:$PATH" LIBRARY_PATH="$CUDA_HOME/lib:$stubs:${LIBRARY_PATH:-}"
cargo build --release --features cuda --target-dir "$work/target"

# Without a driver it starts, says in one line what is missing, and works on the processor.
export LD_LIBRARY_PATH="$CUDA_HOME/lib:$stubs:${LD_LIBRARY_PATH:-}"
byline="$work/target/release/byline"
"$byline" doctor --device cuda --format text | grep '^device'
"$byline" doctor --device cuda --format text | grep -c '^device .*cuda:0 does not answer: .*no CUDA driver is here' > /dev/null
"$byline" doctor --format text | grep '^device  *cpu'
echo "built: $byline"
