#!/bin/sh
# Checks an archive with nothing but a shell, coreutils and openssl.
#
#     sh check-archive.sh [--key FINGERPRINT] [FOLDER]
#
# FOLDER is the archive (default: the folder this script is in). FINGERPRINT is the SHA-256 of the Ed25519 public key in
# DER, as printed when the archive was made; without it only integrity is checked, not who made the archive.
# One line per finding, the verdict last. Exit 0: green, 1: red, 2: wrong usage.
set -u
LC_ALL=C
export LC_ALL

usage() {
    echo "usage: sh check-archive.sh [--key FINGERPRINT] [FOLDER]" >&2
    exit 2
}

key=''
folder=''
while [ $# -gt 0 ]; do
    case $1 in
        --key) [ -n "${2-}" ] || usage; key=$(printf '%s' "$2" | tr 'A-F' 'a-f' | tr -d ': '); shift 2 ;;
        -h | --help | -?*) usage ;;
        *) [ -z "$folder" ] || usage; folder=$1; shift ;;
    esac
done
case $key in *[!0-9a-f]*) usage ;; esac
[ -z "$key" ] || [ ${#key} -eq 64 ] || usage
[ -n "$folder" ] || folder=$(dirname -- "$0")
CDPATH='' cd -- "$folder" || exit 2
for tool in sha256sum openssl find sort comm; do
    command -v "$tool" >/dev/null || { echo "this check needs $tool" >&2; exit 2; }
done

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
: >"$work/findings"
finding() { printf '%s\n' "$1" >>"$work/findings"; }
path_of='[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*'

# names and kinds of files: whatever is odd is named with ? for the odd characters
find . ! -type f ! -type d | tr -c 'A-Za-z0-9._/\n-' '?' | while IFS= read -r path; do
    finding "not a plain file: ${path#./}"
done
find . ! -type d -path '*[!A-Za-z0-9._/-]*' | tr -c 'A-Za-z0-9._/\n-' '?' | while IFS= read -r path; do
    finding "added, with a name no archive uses: ${path#./}"
done

# what each manifest lists is there and unchanged
listed() { # manifest, path pattern
    [ -f "$1" ] || { finding "missing: $1"; return; }
    grep -v -E "^[0-9a-f]{64}  $2\$" "$1" | while IFS= read -r _line; do
        finding "not a manifest line: in $1"
    done
    grep -E "^[0-9a-f]{64}  $2\$" "$1" >"$work/lines"
    cut -c 67- "$work/lines" | sort | uniq -d | while IFS= read -r path; do
        finding "listed twice: $path in $1"
    done
    cut -c 67- "$work/lines" >>"$work/listed"
    sha256sum --check --quiet "$work/lines" 2>/dev/null | while IFS= read -r line; do
        path=${line%%:*}
        if [ -f "$path" ]; then finding "changed: $path"; else finding "missing: $path"; fi
    done
}
: >"$work/listed"
listed tagmanifest-sha256.txt "$path_of"
for path in bagit.txt bag-info.txt manifest-sha256.txt README.txt LISEZMOI.txt check-archive.sh; do
    grep -q -x -F -- "$path" "$work/listed" || finding "not covered by tagmanifest-sha256.txt: $path"
done
listed manifest-sha256.txt "data/$path_of"

# what is there is listed
{
    cat "$work/listed"
    echo tagmanifest-sha256.txt
    for name in ed25519.pem p256.pem tagmanifest.ed25519.sig tagmanifest.p256.sig tagmanifest.tsr tsa-chain.pem; do
        echo "signatures/$name"
    done
} | sort -u >"$work/expected"
find . -type f | sed 's|^\./||' | sort >"$work/there"
comm -13 "$work/expected" "$work/there" | tr -c 'A-Za-z0-9._/\n-' '?' | while IFS= read -r path; do
    finding "added: $path"
done

# who says so
ed25519=signatures/ed25519.pem
p256=signatures/p256.pem
for path in "$ed25519" "$p256" signatures/tagmanifest.ed25519.sig signatures/tagmanifest.p256.sig; do
    [ -f "$path" ] || finding "missing: $path"
done
kind() { # of a public key: the head of its DER, which names the algorithm
    openssl pkey -pubin -in "$1" -outform DER 2>/dev/null | od -A n -t x1 -N "$2" | tr -d ' \n'
}
fingerprint=$(openssl pkey -pubin -in "$ed25519" -outform DER 2>/dev/null | sha256sum | cut -c 1-64)
case $(openssl version) in
    'OpenSSL 0.'* | 'OpenSSL 1.'* | LibreSSL*)
        if [ -n "$key" ]; then
            finding "origin not checked: $(openssl version) cannot check Ed25519, openssl 3 can"
        else
            echo "note: $(openssl version) cannot check Ed25519, the P-256 signature alone is checked"
        fi ;;
    *)
        [ "$(kind "$ed25519" 12)" = 302a300506032b6570032100 ] || finding "not an Ed25519 key: $ed25519"
        openssl pkeyutl -verify -pubin -inkey "$ed25519" -rawin -in tagmanifest-sha256.txt \
            -sigfile signatures/tagmanifest.ed25519.sig >/dev/null 2>&1 || finding "invalid signature: Ed25519"
        ;;
esac
[ "$(kind "$p256" 23)" = 3059301306072a8648ce3d020106082a8648ce3d030107 ] || finding "not a P-256 key: $p256"
openssl dgst -sha256 -verify "$p256" -signature signatures/tagmanifest.p256.sig tagmanifest-sha256.txt \
    >/dev/null 2>&1 || finding "invalid signature: P-256"
if [ -n "$key" ] && [ "$key" != "$fingerprint" ]; then
    finding "wrong key: signed by $fingerprint, not by $key"
fi

cat "$work/findings"
count=$(wc -l <"$work/findings" | tr -d ' ')
if [ "$count" -ne 0 ]; then
    echo "RED: $count finding(s); do not rely on this archive"
    exit 1
fi
files=$(wc -l <"$work/listed" | tr -d ' ')
if [ -n "$key" ]; then
    echo "GREEN: $files files complete and unchanged, signed by $fingerprint"
else
    echo "GREEN: $files files complete and unchanged; integrity only, origin not checked (give --key FINGERPRINT)"
fi
