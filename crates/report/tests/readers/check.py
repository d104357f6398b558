"""Reads reports as their readers do: arguments are the folder of reports, the schema of SARIF 2.1.0 and ours."""

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import cmarkgfm
import jsonschema
from cmarkgfm.cmark import Options
from junitparser import JUnitXml

reports, sarif_schema, own_schema = map(Path, sys.argv[1:])
wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


def valid(name, schema, document):
    for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(document):
        wrong.append(f"{name}: {error.json_path}: {error.message}")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sarif(name, log):
    valid(name, load(sarif_schema), log)
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            where = f"{name}: {result['ruleId']}"
            check(rules[result["ruleIndex"]]["id"] == result["ruleId"], f"{where}: wrong ruleIndex")
            check(result["kind"] == "fail" or result["level"] == "none", f"{where}: level of a {result['kind']}")
            place = result["locations"][0]["physicalLocation"]
            uri = place["artifactLocation"]["uri"]
            check(not set(uri) & set(" \\<>\"`|,"), f"{where}: {uri} is no URI")
            check(unquote(uri), f"{where}: no URI")
            region = place["region"]
            begin, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
            check(begin <= end, f"{where}: the region ends before it begins")


def gitlab(name, entries):
    """What GitLab's documentation of code quality reports wants."""
    prints = [entry["fingerprint"] for entry in entries]
    check(len(prints) == len(set(prints)), f"{name}: a fingerprint comes twice")
    for entry in entries:
        check(entry["severity"] in ("info", "minor", "major", "critical", "blocker"), f"{name}: {entry['severity']}")
        check(entry["description"] and entry["check_name"], f"{name}: nothing is said")
        check(not entry["location"]["path"].startswith(("./", "/")), f"{name}: path is not relative")
        check(entry["location"]["lines"]["begin"] >= 1, f"{name}: no line")


def junit(name, path):
    tests = 0
    for suite in JUnitXml.fromfile(str(path)):
        cases = list(suite)
        tests += len(cases)
        kinds = [type(result).__name__ for case in cases for result in case.result]
        told = {"Failure": suite.failures, "Error": suite.errors, "Skipped": suite.skipped}
        check(suite.tests == len(cases), f"{name}: {suite.name}: {suite.tests} tests are {len(cases)}")
        for kind, count in told.items():
            check(kinds.count(kind) == count, f"{name}: {suite.name}: {count} {kind} are {kinds.count(kind)}")
    check(tests > 0, f"{name}: no test")


class Elements(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen, self.scripts, self.open = [], [], None

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.open = tag
        if tag == "script":
            self.scripts.append((dict(attributes), ""))

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


def html(name, text):
    page = Elements()
    page.feed(text)
    data = {attributes.get("id"): text for attributes, text in page.scripts}
    check(set(data) == {"findings", "summary", None}, f"{name}: scripts {set(data)}")
    check(isinstance(json.loads(data["findings"]), list), f"{name}: findings are no list")
    check("rules" in json.loads(data["summary"]), f"{name}: no rules")
    check("://" not in data[None].replace("http://www.w3.org/2000/svg", ""), f"{name}: the script names an address")


def markdown(name, text):
    """As GitHub renders it; what a report may hold is known."""
    allowed = {"h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "b", "br", "code",
               "ul", "li", "sub"}
    page = Elements()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))
    check(set(page.seen) <= allowed, f"{name}: holds {set(page.seen) - allowed}")
    check(len(text) < 65_536, f"{name}: too long for a comment")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    check(page.seen.count("tr") == len(rows), f"{name}: {len(rows)} rows are {page.seen.count('tr')}")


for path in sorted(reports.iterdir()):
    name = path.name
    if name.endswith(".gitlab.json"):
        gitlab(name, load(path))
    elif name.endswith(".json"):
        valid(name, load(own_schema), load(path))
    elif name.endswith(".sarif"):
        sarif(name, load(path))
    elif name.endswith(".xml"):
        junit(name, path)
    elif name.endswith(".html"):
        html(name, path.read_text(encoding="utf-8"))
    elif name.endswith(".md"):
        markdown(name, path.read_text(encoding="utf-8"))

for line in wrong[:50]:
    print(line)
print(f"{len(wrong)} wrong" if wrong else "all reports can be read")
sys.exit(bool(wrong))
