#!/usr/bin/env bash
# Reads the reports in a folder with the readers that others use: SARIF's own schema, junitparser, GitHub's Markdown.
# The tools go into target/; where they can't be had the check is skipped, and says so. CI skips nothing.
#
#   crates/report/tests/readers/run.sh [FOLDER]        default: the reports that the tests expect
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
reports=${1:-$here/../expected}
tools=$root/target/readers

skip() {
  echo "SKIPPED: reports are not checked with real readers: $1"
  [ "${CI:-}" = true ] && exit 1
  exit 0
}

command -v python3 > /dev/null || skip "python3 is not on PATH"
command -v npm > /dev/null || skip "npm is not on PATH"

mkdir -p "$tools"
if [ ! -x "$tools/venv/bin/python" ]; then
  python3 -m venv "$tools/venv" || skip "python3 has no venv"
fi
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check jsonschema junitparser cmarkgfm \
  || skip "its Python packages can't be installed"
schema=$tools/package/lib/schemas/sarif-2.1.0-rtm.5.json
if [ ! -f "$schema" ]; then
  # Of the package only the schema is used; nothing of it runs.
  (cd "$tools" && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 > /dev/null && tar xzf microsoft-jest-sarif-*.tgz) \
    || skip "SARIF's schema can't be had"
fi
"$tools/venv/bin/python" "$here/check.py" "$reports" "$schema" "$root/docs/schema/report.schema.json"
