#!/usr/bin/env bash
# A stranger's first five minutes, in a bare Debian of its own: installs the .deb, follows the README, makes a verified
# call, checks the man page and completion, removes and purges the package, and looks at what is left.
#   scripts/package/try.sh dist/countersign_*_amd64.deb
# Needs root, debootstrap, unshare (util-linux) and ip (iproute2). TRY_ROOT names a bare Debian that is there already; it is copied.
set -euo pipefail
deb=$(realpath "$1")
work=$(mktemp -d)
root=$work/root
cleanup() {
	umount -q "$root/proc" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT

if [ -n "${TRY_ROOT:-}" ]; then
	cp -a "$TRY_ROOT" "$root"
else
	debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log"
fi
cp "$deb" "$root/tmp/countersign.deb"
cat >"$root/tmp/try" <<'INSIDE'
set -eu
mount -t proc proc /proc
say() { echo "== $*"; }
# Everything but what runs and what dpkg itself keeps.
all() { find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /var/lib/dpkg -o -path /var/log \) -prune -o -print | sort; }
all >/tmp/before

say install
dpkg -i /tmp/countersign.deb
id countersign
[ -z "$(pgrep -x countersign 2>/dev/null || true)" ] || { echo "it was started unasked"; exit 1; }
countersign --version
as="runuser -u countersign --"
[ "$(stat -c '%a %U:%G' /var/lib/countersign /etc/countersign /etc/countersign/countersign.yaml | xargs)" = \
	"755 countersign:countersign 750 root:countersign 640 root:countersign" ]

say "the README"
$as countersign customers import /usr/share/doc/countersign/examples/sample_customers.csv
$as countersign serve >/tmp/serve.log 2>&1 &
for _ in $(seq 150); do countersign health >/tmp/health 2>&1 && break || sleep 0.2; done
countersign health || { cat /tmp/serve.log; exit 1; }
$as countersign call --from +15551230001 --keys 246813# --json | tee /tmp/call
grep -q '"cs_status": *"verified"' /tmp/call
$as countersign report summary | head -5
countersign doctor || true
if countersign customers list 2>/tmp/err; then echo "root was let in"; exit 1; fi
grep -q 'sudo -u' /tmp/err
kill %1; wait %1 || true
COMP_WORDS='' bash -c '. /usr/share/bash-completion/completions/countersign; COMP_WORDS=(countersign ser); COMP_CWORD=1; _countersign; [ "${COMPREPLY[*]}" = serve ]'
zcat /usr/share/man/man8/countersign.8.gz | grep "^.TH countersign 8" >/dev/null

say "remove: data, settings and user stay"
dpkg -r countersign
[ ! -e /usr/bin/countersign ] && [ -s /var/lib/countersign/directory.db ] && [ -s /etc/countersign/countersign.yaml ]
say purge
dpkg -P countersign
all >/tmp/after
left=$(comm -13 /tmp/before /tmp/after | grep -v -e '^/var/lib/countersign' -e '^/etc/.*-$' || true)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
id countersign >/dev/null # the data's
rm -r /var/lib/countersign

say "a package that was never used leaves nobody"
dpkg -i /tmp/countersign.deb >/dev/null
userdel countersign && groupdel countersign 2>/dev/null || true
dpkg -P countersign >/dev/null 2>&1
dpkg -i /tmp/countersign.deb >/dev/null && dpkg -P countersign >/dev/null
! id countersign 2>/dev/null
[ ! -e /var/lib/countersign ] && [ ! -e /etc/countersign ]
say "nothing is left"
INSIDE
# A network of its own, with nothing but itself.
unshare --mount --pid --fork --net sh -c 'ip link set lo up && exec chroot "$0" /bin/bash /tmp/try' "$root"
