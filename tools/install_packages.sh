#!/bin/bash
# Installs Debian packages, as root, so that they start no service and enable none:
#   install_packages.sh PACKAGE…
# A service that was enabled before stays enabled; an existing policy-rc.d stays in force.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
mark='# Made by Dermatome for the length of an installation'

# list_enabled: prints the links that start services at boot, those of systemd and those of init scripts. A
# machine may have only one of these folders, or none.
list_enabled() {
  { find /etc/systemd/system /etc/rc[2-5].d -type l \( -path '*.wants/*' -o -name 'S*' \) \
    2>/dev/null || true; } | sort
}

# disable_new LIST: removes every such link that is not in LIST. To Debian's tools a missing link means that the
# administrator disabled the service, also when the package is upgraded.
disable_new() {
  local links=() link
  mapfile -t links < <(comm -13 - <(list_enabled) <<<"$1")
  for link in "${links[@]}"; do
    case "$link" in
      */rc?.d/*) update-rc.d "${link##*/S??}" disable ;;
      *) rm -f "$link" ;;
    esac
    printf '== %s: stays disabled\n' "$link"
  done
}

enabled=$(list_enabled)
# A policy-rc.d that carries the mark was left by a call that was killed.
if [[ ! -e $policy ]] || grep -q "^$mark" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
  chmod 755 "$policy"
fi
apt-get -qq update
# Even a failed installation may have configured some packages, so the new links are removed then, too.
code=0
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" || code=$?
disable_new "$enabled"
exit "$code"
