#!/bin/bash
# Installs what is missing to build and run Dermatome on Debian 12; a second call changes nothing
# and needs no network.
#   tools/setup.sh [--tests] [--cuda]
#     --tests  also for the tests: GoogleTest, clang tools, PyTorch and open_clip to compare with
#     --cuda   LibTorch's CUDA libraries too (the CUDA toolkit, cuDNN and NCCL are the machine's)
# LIBTORCH_ROOT, when set, names a LibTorch of your own: none is downloaded then.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

build_packages=(
  g++ cmake ninja-build ccache pkg-config unzip ca-certificates python3-venv
  libopenmpi-dev openmpi-bin libhdf5-dev libyaml-cpp-dev libspdlog-dev nlohmann-json3-dev
  libcli11-dev libturbojpeg0-dev libpng-dev libwebp-dev libicu-dev zlib1g-dev libssl-dev
  libgloo-dev)
data_packages=(fonts-noto-color-emoji unicode-data)
test_packages=(libgtest-dev libgmock-dev clang-format clang-tidy)

with_tests=false
flavour=cpu
for argument in "$@"; do
  case "$argument" in
    --tests) with_tests=true ;;
    --cuda) flavour=cuda ;;
    *) fail "unknown option '$argument' (known: --tests --cuda)" ;;
  esac
done

install_packages() {
  command -v dpkg-query >/dev/null ||
    fail "not a Debian system. Install the equivalents of: $*; then use tools/build.sh"
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
  check_disk 1500 "installing all of them on a bare machine" /usr
  local as_root=()
  if (($(id -u) != 0)); then
    command -v sudo >/dev/null && sudo -v ||
      fail "neither root nor sudo. Ask an administrator to install: ${missing[*]}"
    as_root=(sudo)
  fi
  # sudo drops the environment; `env` behind it brings the proxy settings back without asking for
  # the right to preserve variables.
  local settings=(DEBIAN_FRONTEND=noninteractive) name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z "${!name:-}" ]] || settings+=("$name=${!name}")
  done
  # Without recommended packages nothing here brings a service along.
  "${as_root[@]}" env "${settings[@]}" apt-get -qq update
  "${as_root[@]}" env "${settings[@]}" apt-get -qq -o Dpkg::Use-Pty=0 install -y \
    --no-install-recommends "${missing[@]}"
}

prepare_venv() {
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    say "creating the Python environment $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
  fi
}

# install_python FILE MIB: the pinned packages of tools/FILE, once for every version of that file.
install_python() {
  local requirements="$repository/tools/$1" stamp="$venv/.installed-$1"
  if cmp -s "$requirements" "$stamp"; then
    say "Python packages of tools/$1: all there"
    return
  fi
  check_disk "$2" "installing the Python packages of tools/$1" "$DERMATOME_CACHE"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --cache-dir "$DERMATOME_CACHE/pip" --find-links "$DERMATOME_CACHE/wheels" \
    --requirement "$requirements"
  cp "$requirements" "$stamp"
  rm -rf "$DERMATOME_CACHE/pip"
}

# download_wheels FILE: into the cache's wheels/. The platform is named in full, since LibTorch does
# not depend on the Python that happens to download it.
download_wheels() {
  "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --require-hashes --only-binary :all: --cache-dir "$DERMATOME_CACHE/pip" \
    --dest "$DERMATOME_CACHE/wheels" \
    --implementation cp --python-version 3.11 --abi cp311 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --requirement "$repository/tools/$1"
}

unpack_libtorch() {
  local aside="$libtorch.partial" wheels="$DERMATOME_CACHE/wheels" wheel
  local libraries=(torch/lib/libtorch_cpu.so torch/lib/libc10.so 'torch/lib/libgomp*')
  local vendor=("$wheels"/nvidia_cuda_runtime-*.whl "$wheels"/nvidia_cuda_cupti-*.whl)
  if [[ $flavour == cuda ]]; then
    libraries+=('torch/lib/libtorch_cuda*.so' torch/lib/libc10_cuda.so
      torch/lib/libtorch_nvshmem.so torch/lib/libcaffe2_nvrtc.so)
    vendor+=("$wheels"/nvidia_cufile-*.whl "$wheels"/nvidia_nvshmem_*.whl
      "$wheels"/nvidia_cusparselt_*.whl)
  fi
  rm -rf "$aside" "$libtorch.old"
  mkdir -p "$aside"
  unzip -q "$wheels"/torch-2.11.0-*.whl 'torch/include/*' "${libraries[@]}" -d "$aside"
  # LibTorch looks for these beside itself: its run path is $ORIGIN/../../nvidia/*/lib.
  for wheel in "${vendor[@]}"; do
    unzip -q "$wheel" 'nvidia/*/lib/*' -d "$aside"
  done
  echo "$flavour" >"$aside/flavour"
  [[ ! -e "$libtorch" ]] || mv "$libtorch" "$libtorch.old"
  mv "$aside" "$libtorch"
  rm -rf "$libtorch.old"
}

install_libtorch() {
  if [[ -n "${LIBTORCH_ROOT:-}" ]]; then
    [[ -e "$LIBTORCH_ROOT/lib/libtorch_cpu.so" ]] ||
      fail "LIBTORCH_ROOT=$LIBTORCH_ROOT holds no lib/libtorch_cpu.so. Correct it, or unset it"
    say "LibTorch: yours, at $LIBTORCH_ROOT"
    return
  fi
  local there
  there=$(cat "$libtorch/flavour" 2>/dev/null || true)
  if [[ $there == "$flavour" || $there == cuda ]]; then
    say "LibTorch 2.11.0 ($there): there"
    return
  fi
  [[ $(uname -m) == x86_64 ]] ||
    fail "the LibTorch this script knows is for x86_64. Set LIBTORCH_ROOT to a LibTorch 2.11"
  local disk=1200
  [[ $flavour == cpu ]] || disk=2600
  check_disk "$disk" "downloading and unpacking LibTorch 2.11.0 ($flavour)" "$DERMATOME_CACHE"
  download_wheels libtorch.txt
  [[ $flavour == cpu ]] || download_wheels libtorch_cuda.txt
  unpack_libtorch
  say "LibTorch 2.11.0 ($flavour): unpacked into $libtorch"
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
