"use strict";
// Everything shown is made with `textContent`: what a manifest says can't become markup.
(() => {
  const SEVERITIES = ["critical", "high", "medium", "low"];
  const LEVELS = ["privileged", "baseline", "restricted"];
  const GROUPS_AT_ONCE = 60, FINDINGS_AT_ONCE = 50, OPEN_AT_FIRST = 20, PRINTED = 2000;
  const $ = id => document.getElementById(id);
  const data = id => JSON.parse($(id).textContent);
  const { rules, workloads, summary } = data("summary");
  const findings = read(data("findings"));
  const labels = { workload: "By workload", rule: "By rule", file: "By file" };

  // A row leaves out what is as in the row before it: see `Row` in html/mod.rs.
  function read(rows) {
    let file = "", object = null, path = "", excerpt = "";
    return rows.map((row, order) => {
      const [rule, unknown, f, line, column, endLine, endColumn, e, message, o, p, field, fingerprint, accepted, template, fix] = row;
      if (f !== 0) file = f;
      if (o !== 0) object = o;
      if (p !== 0) path = p;
      if (e !== 0) excerpt = e;
      const kind = accepted ? "accepted" : unknown ? "unknown" : rules[rule].severity;
      return {
        order, rule: rules[rule], kind, file, line, column, endLine, endColumn, excerpt, message, object, path, fingerprint,
        field: field === 0 ? null : path + field, accepted, template, fix,
      };
    });
  }

  const named = ([, kind, namespace, name]) => `${kind} ${namespace ? namespace + "/" : ""}${name || "(unnamed)"}`;
  const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  const strange = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

  function el(tag, attributes, ...children) {
    const made = tag === "svg" || tag === "rect" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined) continue;
      made.append(child instanceof Node ? child : String(child).replace(strange, "\ufffd"));
    }
    return made;
  }

  // Text with `code` between backticks.
  const rich = text => {
    const parts = text.split("`");
    return parts.map((part, index) => index % 2 && index < parts.length - 1 ? el("code", null, part) : index % 2 ? "`" + part : part);
  };

  // What is shown, kept in the address so that a view can be passed on.
  const initial = () => ({ view: "workload", kinds: new Set([...SEVERITIES, "unknown"]), text: "", rule: "", where: "", category: "", level: "" });
  const state = initial();
  function restore() {
    Object.assign(state, initial());
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (name === "kinds") state.kinds = new Set(value.split(" "));
      else if (name === "view" ? value in labels : name in state) state[name] = value;
    }
  }
  function keep() {
    const first = initial(), parts = new URLSearchParams();
    for (const name of Object.keys(first)) {
      const [now, then] = [state[name], first[name]].map(value => value instanceof Set ? [...value].sort().join(" ") : value);
      if (now !== then) parts.set(name, now);
    }
    const hash = parts.toString();
    // Some viewers show a page in a frame that has no address of its own.
    try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); } catch { /* not kept */ }
    $("reset").hidden = !hash || hash === "view=" + state.view;
  }

  const levelOf = new Map(workloads.map(([object, file, level, blockers]) => [named(object) + "\n" + file, { level: LEVELS[level], blockers }]));
  const placeOf = finding => finding.object ? named(finding.object) : finding.file;
  const workloadKey = finding => (finding.object ? named(finding.object) : "") + "\n" + finding.file;

  function matches(finding) {
    if (!state.kinds.has(finding.kind)) return false;
    if (state.rule && finding.rule.id !== state.rule) return false;
    if (state.category && finding.rule.category !== state.category) return false;
    if (state.level && levelOf.get(workloadKey(finding))?.level !== state.level) return false;
    const where = state.where.toLowerCase();
    if (where && !(finding.file.toLowerCase().includes(where) || placeOf(finding).toLowerCase().includes(where))) return false;
    if (!state.text) return true;
    finding.words ??= [finding.message, finding.rule.id, finding.rule.title, finding.file, placeOf(finding), finding.excerpt, finding.path, ...finding.rule.aliases].join("\n").toLowerCase();
    return state.text.toLowerCase().split(/\s+/).every(word => finding.words.includes(word));
  }

  const weight = { critical: 0, high: 1, medium: 2, low: 3, unknown: 4, accepted: 5 };
  function grouped(shown) {
    const groups = new Map();
    const group = (key, make) => groups.get(key) || groups.set(key, { key, findings: [], counts: [0, 0, 0, 0, 0, 0], ...make() }).get(key);
    for (const finding of shown) {
      const one = state.view === "rule" ? group(finding.rule.id, () => ({ title: finding.rule.title, sub: finding.rule.id, rule: finding.rule }))
        : state.view === "file" ? group(finding.file, () => ({ title: finding.file, sub: "" }))
        : group(workloadKey(finding), () => ({ title: placeOf(finding), sub: finding.object ? finding.file : "", security: levelOf.get(workloadKey(finding)) }));
      one.findings.push(finding);
      one.counts[weight[finding.kind]]++;
    }
    // Workloads that nothing is wrong with are worth seeing too, as long as nothing is asked for.
    if (state.view === "workload" && !state.text && !state.rule && !state.category) {
      const all = new Set(findings.map(workloadKey));
      for (const [object, file, level] of workloads) {
        const key = named(object) + "\n" + file, where = state.where.toLowerCase();
        if (all.has(key) || state.level && LEVELS[level] !== state.level || where && !key.toLowerCase().includes(where)) continue;
        group(key, () => ({ title: named(object), sub: file, security: levelOf.get(key) }));
      }
    }
    const rank = (a, b) => { for (let i = 0; i < 6; i++) if (a.counts[i] !== b.counts[i]) return b.counts[i] - a.counts[i]; return 0; };
    const list = [...groups.values()].sort(rank);
    for (const one of list) one.findings.sort((a, b) => weight[a.kind] - weight[b.kind] || a.order - b.order);
    return list;
  }

  // Appends what `make` makes of the items, some at once, more as the reader comes near.
  function lazily(parent, items, size, make) {
    let next = 0;
    const button = el("button", { type: "button", class: "more", onclick: () => add(size) }, "Show more");
    const watch = new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) add(size); }, { rootMargin: "600px" });
    function add(many) {
      const part = document.createDocumentFragment();
      for (const item of items.slice(next, next + many)) part.append(make(item, next++));
      button.before(part);
      if (next >= items.length) { watch.disconnect(); button.remove(); }
    }
    parent.append(button);
    add(size);
    if (next < items.length) watch.observe(button);
    return add;
  }

  function section(group, open) {
    const pills = SEVERITIES.concat("unknown", "accepted").map((kind, index) =>
      group.counts[index] ? el("span", { class: "pill solid " + kind, title: kind }, `${group.counts[index]} ${kind}`) : null);
    const security = group.security;
    const made = el("details", { class: "group" },
      el("summary", null, el("h3", null, group.title), group.sub ? el("span", { class: "sub mono" }, group.sub) : null,
        el("span", { class: "pills" }, group.findings.length ? pills : el("span", { class: "sub" }, "no findings"),
          security ? el("span", { class: "pill " + security.level, title: "The strictest Pod Security level that would admit it" }, "Pod Security: " + security.level) : null)));
    let filled = false;
    group.fill = many => {
      if (filled) return;
      filled = true;
      if (security && security.blockers.length) {
        const next = LEVELS[LEVELS.indexOf(security.level) + 1];
        made.append(el("p", { class: "blockers" }, `Kept from ${next} by `, security.blockers.flatMap((id, index) => [index ? ", " : "", el("code", null, id)])));
      }
      if (group.rule) made.append(el("p", { class: "blockers" }, rich(group.rule.why)));
      lazily(made, group.findings, many || FINDINGS_AT_ONCE, row);
    };
    made.addEventListener("toggle", () => { if (made.open) group.fill(); });
    group.node = made;
    if (open) { group.fill(); made.open = true; }
    return made;
  }

  function row(finding) {
    const place = `${finding.file}:${finding.line}`;
    const meta = [];
    if (state.view !== "rule") meta.push(el("span", { class: "mono" }, finding.rule.id));
    if (state.view !== "workload" && finding.object) meta.push(el("span", null, named(finding.object)));
    meta.push(el("span", { class: "mono" }, state.view === "file" ? `line ${finding.line}` : place));
    if (finding.fix && finding.fix[2]) meta.push(el("span", null, finding.fix[0]));
    const made = el("details", { class: "finding " + finding.kind },
      el("summary", null, el("span", { class: "sev" }, finding.kind),
        el("span", { class: "what" }, rich(finding.message), el("div", { class: "meta" }, meta))));
    made.addEventListener("toggle", () => { if (made.open && made.childElementCount === 1) made.append(body(finding)); });
    finding.node = made;
    return made;
  }

  function body(finding) {
    const { rule, fix, accepted } = finding;
    const part = (title, ...children) => el("div", null, el("h4", null, title), children);
    const facts = [["Place", `${finding.file}:${finding.line}:${finding.column}`], ["Rule", `${rule.title} (${rule.id}, ${rule.severity})`]];
    if (finding.template) facts.push(["Template", finding.template]);
    if (finding.path) facts.push(["Path", finding.path]);
    if (finding.field) facts.push(["Missing", finding.field]);
    if (rule.standards.length) facts.push(["Standards", rule.standards.map(pair => pair.join(" ")).join(", ")]);
    if (rule.aliases.length) facts.push(["Other tools", rule.aliases.join(", ")]);
    facts.push(["Fingerprint", finding.fingerprint]);
    const links = rule.links.filter(link => /^https?:/.test(link));
    return el("div", { class: "body" },
      excerpt(finding),
      accepted ? part("Accepted", el("p", null, accepted)) : null,
      finding.kind === "unknown" ? part("Unknown", el("p", null, "Whether the rule is broken depends on something outside of the input.")) : null,
      part("Why it matters", el("p", null, rich(rule.why))),
      fix || rule.remedy ? part("What to do", fix ? el("p", null, fix[2] ? el("span", { class: "how" }, fix[0] + ": ") : null, rich(fix[1])) : null,
        rule.remedy && !(fix && fix[1] === rule.remedy) ? el("p", null, rich(rule.remedy)) : null) : null,
      fix && fix[2] ? el("details", null, el("summary", null, "JSON Patch of the object"), el("pre", null, JSON.stringify(fix[2], null, 2))) : null,
      el("dl", null, facts.flatMap(([term, text]) => [el("dt", null, term), el("dd", { class: /^(Place|Path|Missing|Template|Fingerprint)$/.test(term) ? "mono" : null }, text)]),
        links.length ? [el("dt", null, "Read more"), el("dd", null, links.map(link => el("div", null, el("a", { href: link, rel: "noreferrer noopener" }, link))))] : null));
  }

  function excerpt({ excerpt, line, column, endLine, endColumn }) {
    const characters = [...excerpt], cut = (from, to) => characters.slice(from, to).join("");
    const indent = Math.min(excerpt.length - excerpt.trimStart().length, column - 1);
    const end = endLine === line ? Math.max(endColumn - 1, column) : characters.length;
    return el("pre", null, el("span", { class: "no" }, line), cut(indent, column - 1), el("mark", null, cut(column - 1, end)), cut(end));
  }

  let groups = [];
  function show() {
    keep();
    const shown = findings.filter(matches);
    groups = grouped(shown);
    const list = $("list");
    list.replaceChildren();
    let left = OPEN_AT_FIRST;
    lazily(list, groups, GROUPS_AT_ONCE, group => {
      const open = group.findings.length > 0 && group.findings.length <= left;
      left = open ? left - group.findings.length : 0;
      return section(group, open);
    });
    if (!groups.length) list.replaceChildren(el("p", { class: "empty" }, findings.length ? "Nothing fits these filters." : "Nothing was found."));
    const nouns = { workload: "place", rule: "rule", file: "file" };
    $("shown").textContent = `${count(shown.length, "finding")} in ${count(groups.length, nouns[state.view])}` +
      (state.level ? `, Pod Security level ${state.level}` : "");
    for (const chip of $("chips").children) chip.setAttribute("aria-pressed", state.kinds.has(chip.dataset.kind));
    for (const view of $("views").children) view.setAttribute("aria-pressed", state.view === view.dataset.view);
    for (const [id, name] of [["rule", "rule"], ["category", "category"], ["where", "where"], ["search", "text"]]) {
      if ($(id).value.trim() !== state[name]) $(id).value = state[name];
    }
  }

  function set(change) { Object.assign(state, change); show(); }

  // The top of the page: what a colleague reads first.
  const tally = Object.fromEntries(Object.keys(weight).map(kind => [kind, 0]));
  for (const finding of findings) tally[finding.kind]++;
  const broken = SEVERITIES.reduce((sum, kind) => sum + tally[kind], 0);
  const failing = SEVERITIES.slice(0, SEVERITIES.indexOf(summary.failOn) + 1).reduce((sum, kind) => sum + tally[kind], 0);

  function heading() {
    const worse = summary.failOn === "critical" ? "critical" : `${summary.failOn} or worse`;
    $("verdict").textContent = !broken ? "Nothing soft was found."
      : !failing ? `${count(broken, "finding")}, none of them ${worse}.`
      : failing === broken ? (broken === 1 ? `1 finding, and it is ${worse}.` : `${count(broken, "finding")}, all of them ${worse}.`)
      : `${count(broken, "finding")}, ${failing.toLocaleString("en")} of them ${worse}.`;
    document.title = `hardtack: ${count(broken, "finding")}`;
    $("about").textContent = `${count(summary.read, "object")} judged by ${count(summary.rules, "rule")}, profile ${summary.profile}, ` +
      `for Kubernetes ${summary.kubernetes}. hardtack ${summary.version}.`;
  }

  function bars(title, entries, say) {
    const most = Math.max(1, ...entries.map(entry => entry.value));
    return el("div", { class: "card" }, el("h2", null, title), el("div", { class: "rows" }, entries.map(({ name, value, pick }) => {
      const width = value ? Math.max(1.5, value / most * 100) : 0;
      return el("button", { type: "button", class: `row ${name}${value ? "" : " none"}`, title: `Show only ${name}`, onclick: () => { set(pick); $("list").scrollIntoView(); } },
        el("span", null, name),
        el("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }, el("rect", { class: "track", width: "100%", height: "100%", rx: 3 }), el("rect", { class: "fill", width: width + "%", height: "100%", rx: 3 })),
        el("b", null, value.toLocaleString("en")));
    })), say ? el("p", { class: "say" }, say) : null);
  }

  function cards() {
    const aside = [tally.unknown && `${tally.unknown} unknown`, tally.accepted && `${tally.accepted} accepted`].filter(Boolean).join(", ");
    const fixable = findings.filter(one => one.fix && one.fix[2] && weight[one.kind] < 4);
    const safe = fixable.filter(one => one.fix[3] === "safe").length;
    const list = [bars("Findings by severity", SEVERITIES.map(name => ({ name, value: tally[name], pick: { ...initial(), view: state.view, kinds: new Set([name]) } })), aside && `Besides: ${aside}.`)];
    if (workloads.length) {
      const values = LEVELS.map((_, index) => workloads.filter(one => one[2] === index).length);
      list.push(bars(`Pod Security level of ${count(workloads.length, "workload")}`, LEVELS.map((name, index) => ({ name, value: values[index], pick: { ...initial(), level: name } })),
        "The strictest level that would admit it."));
    }
    const failed = summary.failed.length, skipped = summary.skippedCount;
    list.push(el("div", { class: "card" }, el("h2", null, "What to do"),
      el("p", { class: "big" }, broken ? `${fixable.length.toLocaleString("en")} of ${broken.toLocaleString("en")}` : "Nothing"),
      el("p", null, broken ? "have a fix" : "is left to do here"),
      broken ? el("p", { class: "say" }, `${safe.toLocaleString("en")} of these fixes are safe: they can't break a working program in any case that is known.`) : null,
      el("p", { class: "say" }, `Inputs: ${summary.read.toLocaleString("en")} judged, ${skipped.toLocaleString("en")} skipped, ${failed.toLocaleString("en")} failed.`)));
    $("cards").append(...list);
  }

  function notes() {
    const place = (file, line, column) => file ? [el("code", null, [file, line, column].filter(part => part !== null && part !== undefined).join(":")), " "] : [];
    const block = (title, items, bad) => {
      if (items.length) $("notes").append(el("details", { class: bad ? "bad" : "", open: bad }, el("summary", null, title), el("ul", null, items.map(item => el("li", null, item)))));
    };
    block(`Could not be read: ${summary.failed.length}`, summary.failed.map(({ path, line, column, reason, help }) =>
      [...place(path, line, column), ...rich(reason), help ? el("div", { class: "help" }, "What to do: ", rich(help)) : null]), true);
    block(`Exceptions to look at: ${summary.exceptions.length}`, summary.exceptions.map(({ message, file, line }) => [...place(file, line), ...rich(message)]));
    block(`Notes: ${summary.notices.length}`, summary.notices.map(({ message, file, line }) => [...place(file, line), ...rich(message)]));
    const skipped = summary.skipped.map(({ path, line, reason }) => [...place(path, line), ...rich(reason)]);
    if (summary.skippedCount > skipped.length) skipped.push([`and ${summary.skippedCount - skipped.length} more`]);
    block(`Skipped: ${summary.skippedCount}`, skipped);
  }

  function controls() {
    $("views").append(...Object.entries(labels).map(([view, label]) => el("button", { type: "button", "data-view": view, onclick: () => set({ view }) }, label)));
    $("chips").append(...Object.keys(weight).filter(kind => tally[kind] || SEVERITIES.includes(kind)).map(kind => el("button", {
      type: "button", class: "chip " + kind, "data-kind": kind,
      onclick: () => { const kinds = new Set(state.kinds); kinds.delete(kind) || kinds.add(kind); set({ kinds }); },
    }, `${kind} ${tally[kind].toLocaleString("en")}`)));
    const option = (value, label) => el("option", { value }, label);
    $("rule").append(option("", "All rules"), ...rules.map(rule => rule.id).sort().map(id => option(id, id)));
    const categories = [...new Set(rules.map(rule => rule.category))].sort();
    $("category").append(option("", "All categories"), ...categories.map(name => option(name, name)));
    $("category").hidden = categories.length < 2;
    const places = [...new Set(findings.flatMap(one => [placeOf(one), one.file]))].sort();
    $("places").append(...places.slice(0, 3000).map(place => option(place)));
    for (const name of ["rule", "category"]) $(name).addEventListener("change", event => set({ [name]: event.target.value }));
    let timer;
    for (const [id, name] of [["search", "text"], ["where", "where"]]) {
      $(id).addEventListener("input", event => { state[name] = event.target.value.trim(); clearTimeout(timer); timer = setTimeout(show, 150); });
    }
    $("reset").addEventListener("click", () => set({ ...initial(), view: state.view }));
    document.addEventListener("keydown", event => {
      if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) { event.preventDefault(); $("search").focus(); }
    });
    window.addEventListener("hashchange", () => { restore(); show(); });
    // On paper nothing can be opened.
    window.addEventListener("beforeprint", () => {
      let left = PRINTED;
      for (const group of groups) {
        if (left <= 0 || !group.node) break;
        left -= group.findings.length;
        group.fill(PRINTED);
        group.node.open = true;
      }
      if (findings.length <= 200) for (const { node } of findings) if (node) node.open = true;
    });
  }

  restore();
  heading();
  cards();
  notes();
  controls();
  show();
})();
