#!/bin/bash
# Installs what is missing to build and run Dermatome on Debian 12; a second call changes nothing
# and needs no network.
#   tools/setup.sh [--tests] [--bench] [--cuda]
#     --tests  also installs what the tests need: GoogleTest, clang tools, PyTorch and open_clip to compare with
#     --bench  also installs what tools/bench.sh loader --against needs: webdataset and mosaicml-streaming
#     --cuda   also unpacks LibTorch's CUDA variant, in a folder beside the CPU variant (the machine must
#              have the CUDA toolkit, cuDNN and NCCL)
# If LIBTORCH_ROOT names a LibTorch of your own, none is downloaded.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
answer_help "$@"

build_packages=(
  g++ cmake ninja-build ccache pkg-config unzip ca-certificates python3-venv
  libopenmpi-dev openmpi-bin libhdf5-dev libyaml-cpp-dev libspdlog-dev nlohmann-json3-dev
  libcli11-dev libturbojpeg0-dev libpng-dev libwebp-dev libtiff-dev libgif-dev libstb-dev libicu-dev
  zlib1g-dev libssl-dev libisal-dev libgloo-dev)
data_packages=(fonts-noto-color-emoji unicode-data)
test_packages=(libgtest-dev libgmock-dev clang clang-format clang-tidy libclang-rt-dev
  slurmctld slurmd munge iproute2)
# Chromium and its dependencies take 98 MB to download and 306 MB on disk. Ubuntu has Chromium only as a snap,
# so tests that need a browser do not run there.
grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null || test_packages+=(chromium-headless-shell)

with_tests=false
with_bench=false
with_cuda=false
for argument in "$@"; do
  case "$argument" in
    --tests) with_tests=true ;;
    --bench) with_bench=true ;;
    --cuda) with_cuda=true ;;
    *) fail "unknown option '$argument' (known: --tests --bench --cuda)" ;;
  esac
done

install_packages() {
  command -v dpkg-query >/dev/null ||
    fail "not a Debian system. slurm/README.md says how to get the equivalents of: $*"
  local missing=() package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] ||
      missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    say "Debian packages: all there"
    return
  fi
  say "Debian packages to install: ${missing[*]}"
  check_disk 1800 "installing all of them on a bare machine" /usr
  local as_root=()
  if (($(id -u) != 0)); then
    command -v sudo >/dev/null && sudo -v ||
      fail "neither root nor sudo. Do without (slurm/README.md), or ask an administrator to install: ${missing[*]}"
    as_root=(sudo)
  fi
  # sudo drops the environment. `env` behind sudo sets the proxy settings again, which needs no
  # right to preserve variables.
  local settings=(DEBIAN_FRONTEND=noninteractive) name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z "${!name:-}" ]] || settings+=("$name=${!name}")
  done
  "${as_root[@]}" env "${settings[@]}" "$repository/tools/install_packages.sh" "${missing[@]}"
}

prepare_venv() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "the scripts' Python packages need Python 3.11, this is $(python3 --version). tools/build.sh needs none: slurm/README.md"
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    say "creating the Python environment $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
  fi
}

# install_python FILE MIB [FOLDER]: installs the pinned packages of tools/FILE into the environment, or into
# FOLDER. It does so once for every version of the file.
install_python() {
  local requirements="$repository/tools/$1" stamp="${3:-$venv}/.installed-$1"
  if cmp -s "$requirements" "$stamp"; then
    say "Python packages of tools/$1: all there"
    return
  fi
  check_disk "$2" "installing the Python packages of tools/$1" "$DERMATOME_CACHE"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --cache-dir "$DERMATOME_CACHE/pip" --find-links "$DERMATOME_CACHE/wheels" \
    --requirement "$requirements" ${3:+--upgrade --target "$3"}
  cp "$requirements" "$stamp"
  rm -rf "$DERMATOME_CACHE/pip"
}

# download_wheels FILE: downloads the wheels of tools/FILE into the cache's wheels/. The platform is named in
# full, because LibTorch does not depend on the Python that downloads it.
download_wheels() {
  "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --require-hashes --only-binary :all: --cache-dir "$DERMATOME_CACHE/pip" \
    --dest "$DERMATOME_CACHE/wheels" \
    --implementation cp --python-version 3.11 --abi cp311 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --requirement "$repository/tools/$1"
}

# unpack_vendor FOLDER WHEEL…: unpacks NVIDIA's libraries where LibTorch looks for them. LibTorch's run path
# is $ORIGIN/../../nvidia/*/lib.
unpack_vendor() {
  local wheel
  for wheel in "${@:2}"; do
    unzip -q "$DERMATOME_CACHE/wheels"/nvidia_"$wheel"-*.whl 'nvidia/*/lib/*' -d "$1"
  done
}

unpack_libtorch() {
  local aside="$1.partial"
  rm -rf "$aside"
  mkdir -p "$aside"
  unzip -q "$DERMATOME_CACHE"/wheels/torch-2.11.0-*.whl 'torch/include/*' \
    torch/lib/libtorch_cpu.so torch/lib/libc10.so 'torch/lib/libgomp*' -d "$aside"
  unpack_vendor "$aside" cuda_runtime cuda_cupti
  mv "$aside" "$1"
}

# Files of the CPU variant are linked, not stored twice. Because both variants share one include/, ccache can
# use objects of one build for the other.
unpack_libtorch_cuda() {
  local aside="$1.partial"
  rm -rf "$aside"
  mkdir -p "$aside/torch"
  ln -s "../../${libtorch##*/}/torch/include" "$aside/torch/include"
  cp -al "$libtorch/torch/lib" "$aside/torch/lib"
  cp -al "$libtorch/nvidia" "$aside/nvidia"
  unzip -q "$DERMATOME_CACHE"/wheels/torch-2.11.0-*.whl 'torch/lib/libtorch_cuda*.so' \
    torch/lib/libc10_cuda.so torch/lib/libtorch_nvshmem.so torch/lib/libcaffe2_nvrtc.so -d "$aside"
  unpack_vendor "$aside" cufile nvshmem_cu13 cusparselt_cu13
  mv "$aside" "$1"
}

# install_flavor FOLDER MIB UNPACK REQUIREMENTS…: downloads LibTorch and unpacks it into FOLDER, unless FOLDER
# exists.
install_flavor() {
  local folder="$1" requirements
  if [[ -d "$folder" ]]; then
    say "LibTorch: ${folder##*/} is there"
    return
  fi
  [[ $(uname -m) == x86_64 ]] ||
    fail "the LibTorch that this script knows is for x86_64. Set LIBTORCH_ROOT to a LibTorch 2.11"
  check_disk "$2" "downloading and unpacking ${folder##*/}" "$DERMATOME_CACHE"
  for requirements in "${@:4}"; do download_wheels "$requirements"; done
  "$3" "$folder"
  say "LibTorch: unpacked into $folder"
}

install_libtorch() {
  if [[ -n "${LIBTORCH_ROOT:-}" ]]; then
    [[ -e "$LIBTORCH_ROOT/lib/libtorch_cpu.so" ]] ||
      fail "LIBTORCH_ROOT=$LIBTORCH_ROOT holds no lib/libtorch_cpu.so. Correct it, or unset it"
    say "LibTorch: yours, at $LIBTORCH_ROOT"
    return
  fi
  install_flavor "$libtorch" 1200 unpack_libtorch libtorch.txt
  if $with_cuda; then
    install_flavor "$libtorch-cuda" 1700 unpack_libtorch_cuda libtorch.txt libtorch_cuda.txt
  fi
}

packages=("${build_packages[@]}" "${data_packages[@]}")
if $with_tests; then
  packages+=("${test_packages[@]}")
fi
install_packages "${packages[@]}"

mkdir -p "$DERMATOME_CACHE/wheels"
exec 9>"$DERMATOME_CACHE/lock"
flock 9
prepare_venv
"$venv/bin/python" "$repository/tools/loopback.py"
install_python requirements.txt 300
install_libtorch
if $with_tests; then
  install_python requirements_tests.txt 8500
fi
if $with_bench; then
  # In a folder of its own, because no test needs it.
  install_python requirements_bench.txt 200 "$bench_packages"
fi
