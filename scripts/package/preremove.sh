#!/bin/sh
# Stops the service when the package goes, not when another version comes.
set -e
case "$1" in
remove | 0) [ ! -d /run/systemd/system ] || systemctl --quiet disable --now countersign ;;
esac
