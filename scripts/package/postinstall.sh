#!/bin/sh
# Makes the user and the folders. Starts and enables nothing.
set -e

# dpkg: "configure", and what else leaves the package configured. rpm: a number.
case "$1" in
configure | abort-* | [0-9]*) ;;
*) exit 0 ;;
esac

if ! getent group countersign >/dev/null; then
	groupadd --system countersign
fi
if ! getent passwd countersign >/dev/null; then
	useradd --system --gid countersign --home-dir /var/lib/countersign --no-create-home --shell /usr/sbin/nologin \
		--comment "Countersign" countersign
fi
# As a fresh package has them; what an operator changed stays.
[ "$(stat -c %U /var/lib/countersign)" != root ] || chown countersign:countersign /var/lib/countersign
[ "$(stat -c %G /etc/countersign)" != root ] || chgrp countersign /etc/countersign
[ "$(stat -c %G /etc/countersign/countersign.yaml)" != root ] || chgrp countersign /etc/countersign/countersign.yaml

[ ! -d /run/systemd/system ] || systemctl daemon-reload

# dpkg: $2 is the version before. rpm: $1 is how many versions are installed.
if [ "$1" = configure ] && [ -z "$2" ] || [ "$1" = 1 ]; then
	echo "Countersign is installed, and not started: systemctl enable --now countersign"
elif [ -d /run/systemd/system ] && systemctl --quiet is-active countersign; then
	echo "Countersign still runs in the version before: systemctl restart countersign, when calls may be few"
fi
