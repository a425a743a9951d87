#!/bin/sh
# Checks an exported audit with nothing but a shell, coreutils, sed and openssl 3.
#
#     sh check-audit.sh [--key FINGERPRINT] AUDIT.txt
#
# FINGERPRINT is the SHA-256 of the server's Ed25519 public key in DER; without it only integrity is checked, not whose
# server it was. One line that says what is wrong, or that all is well. Exit 0: green, 1: red, 2: wrong usage.
set -u
LC_ALL=C
export LC_ALL

usage() {
    echo "usage: sh check-audit.sh [--key FINGERPRINT] AUDIT.txt" >&2
    exit 2
}
red() {
    echo "RED: $1"
    exit 1
}

key=''
if [ "${1-}" = --key ]; then
    [ -n "${2-}" ] || usage
    key=$(printf '%s' "$2" | tr 'A-F' 'a-f' | tr -d ': ')
    shift 2
fi
[ $# -eq 1 ] && [ -f "$1" ] || usage
for tool in sha256sum openssl sed; do
    command -v "$tool" >/dev/null || { echo "this check needs $tool" >&2; exit 2; }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
sed '/^migrator-audit /,$d' "$1" >"$work/entries"
sed -n '/^migrator-audit /,$p' "$1" >"$work/seal"

# each entry's hash is over the hash before it and the entry
number=0
before=0000000000000000000000000000000000000000000000000000000000000000
while IFS=' ' read -r hash entry; do
    number=$((number + 1))
    now=$(printf '%s\n%s\n' "$before" "$entry" | sha256sum)
    [ "$hash" = "${now%% *}" ] || red "entry $number was changed, or one before it left out"
    case $entry in "{\"number\":$number,"*) ;; *) red "entry $number calls itself by another number" ;; esac
    before=$hash
done <"$work/entries"

# the last hash is signed
[ -s "$work/seal" ] || red "the export broke off: no signature at its end"
sed -n 1p "$work/seal" >"$work/head"
case $(cat "$work/head") in "migrator-audit $number $before "*) ;; *) red "what is signed is not this audit" ;; esac
[ "$(wc -l <"$work/seal" | tr -d ' ')" -eq 5 ] || red "something follows the signatures, or one is missing"
value() { sed -n "s/^$1 //p" "$work/seal" | openssl base64 -d -A >"$work/$1"; }
for name in ed25519 ed25519-key p256 p256-key; do value "$name"; done
openssl pkeyutl -verify -pubin -inkey "$work/ed25519-key" -rawin -in "$work/head" -sigfile "$work/ed25519" \
    >/dev/null 2>&1 || red "invalid signature: Ed25519"
openssl dgst -sha256 -verify "$work/p256-key" -signature "$work/p256" "$work/head" \
    >/dev/null 2>&1 || red "invalid signature: P-256"
case $(openssl pkey -pubin -in "$work/ed25519-key" -outform DER | od -A n -t x1 -N 12 | tr -d ' \n') in
    302a300506032b6570032100) ;;
    *) red "not an Ed25519 key" ;;
esac

fingerprint=$(openssl pkey -pubin -in "$work/ed25519-key" -outform DER | sha256sum)
fingerprint=${fingerprint%% *}
said="$number entries, none changed and none left out"
if [ -z "$key" ]; then
    echo "GREEN: $said; integrity only, origin not checked (give --key FINGERPRINT)"
elif [ "$key" = "$fingerprint" ]; then
    echo "GREEN: $said, signed by $fingerprint"
else
    red "signed by $fingerprint, not by $key"
fi
