#!/usr/bin/env bash
# Is what the program writes valid by the schema that OASIS publishes?
#
# usage: schema.sh BYLINE         (needs Debian's apt; root, or xmllint installed)
#
# The schema is not part of this project. Debian's php-symfony-translation carries it as it was published: that of the core
# of XLIFF 2.0, whose elements and namespace 2.1 kept. The package is unpacked, not installed. ITS and what byline adds have
# namespaces of their own, which the schema lets through.
set -euo pipefail
byline="$(realpath "$1")"
tests="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"

if ! command -v xmllint > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libxml2-utils > /dev/null
fi
apt-get download -qq php-symfony-translation 2> /dev/null \
    || { apt-get update -qq && apt-get download -qq php-symfony-translation; }
dpkg -x php-symfony-translation_*.deb package
found="package/usr/share/php/Symfony/Component/Translation/Resources/schemas"
mkdir -p schema/informativeCopiesOf3rdPartySchemas/w3c
cp "$found/xliff-core-2.0.xsd" schema/
cp "$found/xml.xsd" schema/informativeCopiesOf3rdPartySchemas/w3c/
grep -q "OASIS Standard" schema/xliff-core-2.0.xsd

export HOME="$work" BYLINE_CACHE="$work/cache" BYLINE_OFFLINE=1
# 1: something in the text must be looked at
written() {
    local code=0
    "$byline" "$@" --quiet || code=$?
    [ "$code" -le 1 ] || { echo "byline $* ended with $code" >&2; exit 1; }
}
models="translate=$tests/pocket,embed=none"
for article in "$tests"/articles/*.en.*; do
    name="$(basename "$article")"
    written translate "$article" --to uk --model "$models" --format xliff -o "$name.translate.xlf"
    written digest "$article" --method extractive --to uk --model "$models" --format xliff -o "$name.digest.xlf"
    written check "$name.translate.xlf" --model embed=none --format xliff -o "$name.check.xlf"
done
written check "$tests/articles/harbour.en.txt" "$tests/articles/reservoir.uk.txt" --from en --to uk --model embed=none \
    --format xliff -o pair.xlf
# characters that XML and XLIFF treat apart
printf 'Gate <shut> & "barred"\n\nThe <gate> is shut \xf0\x9f\x9a\xa2, \xe2\x80\xaethe board\xe2\x80\xac said.\n' > odd.txt
written translate odd.txt --from en --to uk --model "$models" --format xliff -o odd.xlf

valid() { xmllint --nonet --noout --schema schema/xliff-core-2.0.xsd "$@"; }
valid ./*.xlf 2> said || { grep -v ' validates$' said >&2; exit 1; }
# and it is the schema that says so
sed 's/<segment /<segment odd="1" /' pair.xlf > broken.xml
if valid broken.xml 2> /dev/null; then
    echo "a document with an attribute that XLIFF does not know is valid: nothing was tested" >&2
    exit 1
fi
echo "XLIFF: $(ls ./*.xlf | wc -l) documents are valid by the schema of OASIS"
