# Shared by the scripts beside it: where the repository is, and how a missing tool is installed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }

# need COMMAND PACKAGE: installs the Debian package when the command is missing, and says so.
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  install_packages "$2"
}

# need_file FILE PACKAGE: the same for a header or library.
need_file() {
  compgen -G "$1" >/dev/null && return 0
  install_packages "$2"
}

install_packages() {
  say "installing $* (Debian package)"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { say "error: '$*' is missing and neither root nor sudo is at hand; install it with: apt-get install $*"; exit 69; }
    sudo=(sudo)
  fi
  if [ ! -e /tmp/.etalon-apt-updated-"$(id -u)" ]; then
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
    touch /tmp/.etalon-apt-updated-"$(id -u)"
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

need_swift() {
  if ! command -v swift >/dev/null 2>&1; then
    say "error: Swift 6.3 is not installed or not in PATH"
    say "  fix: install it from https://www.swift.org/install/linux/ and add its usr/bin folder to PATH"
    exit 69
  fi
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -1)
  read -r major minor <<<"$version"
  if [ "${major:-0}" -lt 6 ] || { [ "$major" -eq 6 ] && [ "${minor:-0}" -lt 3 ]; }; then
    say "error: Swift ${major:-?}.${minor:-?} is installed, 6.3 or newer is needed"
    exit 69
  fi
}

need_build_tools() {
  need_swift
  need git git
  need_file '/usr/include/*/bits/libc-header-start.h' libc6-dev
  need_file '/usr/lib/gcc/*/*/libstdc++.so' libstdc++-12-dev
  need pkg-config pkg-config
  need_file '/usr/include/libserialport.h' libserialport-dev
  need_file '/usr/include/gpiod.h' libgpiod-dev
}

# build CONFIGURATION PRODUCT...: quiet when all is well, with a line of progress for people.
build() {
  local configuration=$1
  shift
  local log
  log=$(mktemp)
  for product in "$@"; do
    [ -t 2 ] && printf 'building %s (%s)... ' "$product" "$configuration" >&2
    if ! swift build -c "$configuration" --product "$product" >"$log" 2>&1; then
      say "the build failed:"
      cat "$log" >&2
      rm -f "$log"
      exit 70
    fi
    [ -t 2 ] && printf 'done\n' >&2
  done
  rm -f "$log"
}

# hardware_package FOLDER CONFIGURATION CGPIO_SETTINGS: a package of the ports, lines and loop and their hardware tests alone,
# by links to the sources, so that little is compiled; built. Tests of whole sessions need the whole program and are left out.
hardware_package() {
  local folder=$1 configuration=$2 settings=$3 target file log
  rm -rf "$folder/Sources" "$folder/Tests"
  mkdir -p "$folder/Sources" "$folder/Tests/EtalonHardwareTests"
  for target in EtalonMetrology EtalonCore CEtalonLinux CEtalonGPIO CSerialPort EtalonLinux; do
    ln -s "$root/Sources/$target" "$folder/Sources/$target"
  done
  while read -r file; do
    ln -s "$root/$file" "$folder/Tests/EtalonHardwareTests/"
  done < <(find Tests/EtalonHardwareTests -name '*.swift' -exec grep -LE '^(@testable )?import Etalon(Session|Ledger|Sensors|Sim|Testing)' {} +)
  cat >"$folder/Package.swift" <<MANIFEST
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "hardware",
  targets: [
    .target(name: "EtalonMetrology"),
    .target(name: "EtalonCore", dependencies: ["EtalonMetrology"]),
    .target(name: "CEtalonLinux"),
    .systemLibrary(name: "CSerialPort", pkgConfig: "libserialport"),
    .target(name: "CEtalonGPIO", $settings),
    .target(name: "EtalonLinux", dependencies: ["CEtalonGPIO", "CEtalonLinux", "CSerialPort", "EtalonCore", "EtalonMetrology"]),
    .testTarget(
      name: "EtalonHardwareTests",
      dependencies: ["EtalonLinux", "CEtalonLinux", "CSerialPort", "EtalonCore", "EtalonMetrology"]),
  ])
MANIFEST
  log=$(mktemp)
  if ! swift build -c "$configuration" --build-tests -Xswiftc -enable-testing --package-path "$folder" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 70
  fi
  rm -f "$log"
}
