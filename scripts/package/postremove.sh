#!/bin/sh
# Leaves data, and their user with them: a file whose user is gone belongs to whoever gets the number next.
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
case "$1" in
purge | 0) ;;
*) exit 0 ;;
esac
rmdir /var/lib/countersign /etc/countersign 2>/dev/null || true
if [ -e /var/lib/countersign ]; then
	echo "Customers, calls and keys remain in /var/lib/countersign, with their user countersign. To delete them:" \
		"rm -r /var/lib/countersign && userdel countersign"
elif getent passwd countersign >/dev/null; then
	[ ! -e /etc/countersign ] || chgrp -R root /etc/countersign # rpm keeps settings that were changed
	userdel countersign
fi
