//! From a rule file's text to a [`Rule`], or to an error that points into the file.

use super::{Applicability, Body, Check, Fix, KindPattern, Param, Rule, Standard};
use crate::algebra::{self, Formula, Parameters, Patterns};
use crate::checks::Grants;
use crate::fields::{FieldError, Fields, FileError, Read, fail};
use crate::path::{self, Root, Segment, Step};
use crate::pods::ContainerType;
use crate::{KubernetesVersion, checks, json};
use hardtack_tree::{Kind, Limits, Node, Span, yaml};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The fields of a rule file, in the order in which they are best written, each with what it is for.
pub const FIELDS: [(&str, &str); 26] = [
    ("id", "kebab-case name, the file's name without `.yaml`"),
    ("title", "what is soft, in one line"),
    ("severity", "critical, high, medium or low"),
    (
        "category",
        "misconfiguration (the default), secret, vulnerability, license, update or malware",
    ),
    ("why", "what someone could do with it, in a sentence or two"),
    (
        "each",
        "what is judged, one at a time: object, pod, container, volume, env, port, mount, dockerfile, stage, instruction or command",
    ),
    (
        "kinds",
        "kinds of objects the rule is about: `Deployment`, `networking.istio.io/Gateway`; all if left out",
    ),
    (
        "containers",
        "types of containers the rule is about: main, sidecar, init, ephemeral; all if left out",
    ),
    (
        "instructions",
        "instructions of a Dockerfile the rule is about: `RUN`, `COPY`",
    ),
    ("commands", "shell commands the rule is about: `curl`, `apt-get`"),
    ("params", "values that only the user can give, used as `$name`"),
    ("where", "formula: only what fulfils it is judged"),
    ("unless", "formula: what fulfils it is not judged"),
    ("require", "formula: what must hold"),
    (
        "variants",
        "other formulas for some versions of Kubernetes; the last one whose versions fit counts",
    ),
    (
        "check",
        "`builtin`: a predicate in Rust of the rule's name; or a map of `grants`, `within` and `to`: what no one may be allowed to do",
    ),
    (
        "message",
        "what a finding says, instead of what follows from `require`; `{value}` and `{name}` are filled in",
    ),
    ("remedy", "what to do, where the fix does not say it"),
    (
        "fix",
        "safe, needs-value, may-break or none; or a map with `applicability`, `set` and `remove`",
    ),
    ("sensitive", "true where the value found may be a credential"),
    (
        "standards",
        "controls of published standards: `{ pss: restricted, cis: 5.2.6 }`",
    ),
    ("aliases", "what other tools call it"),
    ("profiles", "profiles it belongs to, such as `recommended`"),
    ("links", "where to read more"),
    (
        "area",
        "the folder the rule belongs to, where it is not the one it stands in",
    ),
    (
        "examples",
        "good and bad objects: the rule's tests; always the last field",
    ),
];

/// Reads a rule file. `path` is its place below the folder of rules: its folder is the rule's area, its name the rule's id.
pub fn load(path: &str, text: Cow<'static, str>, parameters: &Parameters) -> Result<Rule, FileError> {
    // What is built in was checked by the tests, in a build with debug assertions.
    let check = matches!(text, Cow::Owned(_)) || !parameters.is_empty() || cfg!(debug_assertions);
    match read(path, &text, parameters, check) {
        Ok(rule) => Ok(Rule { source: text, ..rule }),
        Err(error) => Err(FileError::new(path, &text, error.span.start, error.message)),
    }
}

/// The examples of a rule are read when they are needed, not when rules are loaded.
fn head(text: &str) -> Span {
    let end = if text.starts_with("examples:") {
        0
    } else {
        text.find("\nexamples:").map_or(text.len(), |at| at + 1)
    };
    Span::new(0, end as u32)
}

fn read(path: &str, text: &str, parameters: &Parameters, check: bool) -> Read<Rule> {
    let nothing = || FieldError {
        span: Span::new(0, 0),
        message: "the file holds no rule".into(),
    };
    let tree = yaml::parse(text, head(text), &Limits::default())
        .map_err(|error| FieldError {
            span: Span::new(error.at, error.at),
            message: error.to_string(),
        })?
        .ok_or_else(nothing)?;
    let fields = Fields::of(tree.root(), "a rule", &FIELDS)?;
    let file = File {
        fields,
        root: fields.root,
        patterns: Patterns::new(check),
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let id = fields.required("id")?;
    let stem = name.trim_end_matches(".yml").trim_end_matches(".yaml");
    if id.raw() != stem {
        return fail(
            id,
            format!("the id is `{}`, but the file is named `{stem}`", id.raw()),
        );
    }
    let params = file.params()?;
    let (values, missing) = with_defaults(&params, parameters);
    let standards = file.standards()?;
    let rule = Rule {
        id: id.raw().into(),
        title: fields.required("title")?.raw().trim_end().into(),
        severity: fields
            .parsed("severity")?
            .ok_or_else(|| fields.missing("severity"))?,
        category: fields
            .parsed("category")?
            .unwrap_or(super::Category::Misconfiguration),
        why: fields.required("why")?.raw().trim_end().into(),
        each: fields.parsed("each")?.ok_or_else(|| fields.missing("each"))?,
        kinds: fields
            .strings("kinds")?
            .iter()
            .map(|kind| kind_pattern(kind))
            .collect(),
        instructions: fields.strings("instructions")?,
        commands: fields.strings("commands")?,
        containers: file.containers()?,
        bodies: file.bodies(&values, missing, id.raw())?,
        fix: file.fix()?,
        standards,
        aliases: fields.strings("aliases")?,
        profiles: fields.strings("profiles")?,
        message: fields.text("message")?,
        remedy: fields.text("remedy")?,
        sensitive: fields.flag("sensitive")?.unwrap_or(false),
        links: fields.strings("links")?,
        params,
        area: match fields.text("area")? {
            Some(area) => area,
            None => folder.rsplit('/').next().unwrap_or_default().into(),
        },
        source: Cow::Borrowed(""),
    };
    if rule.sensitive && rule.message.is_none() {
        return fail(
            id,
            "a rule with `sensitive: true` needs a `message` that does not show the value",
        );
    }
    Ok(rule)
}

/// The values of parameters, and whether one is missing.
fn with_defaults(params: &[Param], given: &Parameters) -> (Parameters, bool) {
    let mut values = BTreeMap::new();
    for param in params {
        if let Some(value) = given.get(&*param.name).or(param.default.as_ref()) {
            values.insert(param.name.to_string(), value.clone());
        }
    }
    let missing = values.len() < params.len();
    (values, missing)
}

fn kind_pattern(text: &str) -> KindPattern {
    match text.rsplit_once('/') {
        Some((group, kind)) => KindPattern {
            group: Some(group.into()),
            kind: kind.into(),
        },
        None => KindPattern {
            group: None,
            kind: text.into(),
        },
    }
}

/// The map at the root of a rule file.
struct File<'a> {
    fields: Fields<'a>,
    root: Node<'a>,
    patterns: Patterns,
}

impl<'a> File<'a> {
    fn get(&self, name: &str) -> Option<Node<'a>> {
        self.fields.get(name)
    }

    fn containers(&self) -> Read<u8> {
        let Some(node) = self.get("containers") else {
            return Ok(u8::MAX);
        };
        let mut bits = 0;
        for item in node.items() {
            match ContainerType::ALL
                .into_iter()
                .find(|kind| Some(kind.name()) == item.as_str())
            {
                Some(kind) => bits |= kind.bit(),
                None => {
                    return fail(
                        item,
                        "a type of container is one of main, sidecar, init, ephemeral",
                    );
                }
            }
        }
        match bits {
            0 => fail(
                node,
                "`containers` takes a list of main, sidecar, init, ephemeral",
            ),
            bits => Ok(bits),
        }
    }

    fn standards(&self) -> Read<Vec<Standard>> {
        let mut standards = Vec::new();
        for (name, control) in self.get("standards").map(Node::entries).into_iter().flatten() {
            let mut push = |control: Node<'_>| {
                standards.push(Standard {
                    name: name.scalar().as_ref().into(),
                    control: control.scalar().as_ref().into(),
                });
            };
            match control.kind() {
                Kind::Seq => control.items().for_each(push),
                Kind::Map => return fail(control, "a standard takes a control or a list of them"),
                _ => push(control),
            }
        }
        if let Some(pss) = standards.iter().find(|standard| &*standard.name == "pss")
            && let Err(message) = pss.control.parse::<crate::pss::Level>()
        {
            return fail(self.root, message);
        }
        Ok(standards)
    }

    fn params(&self) -> Read<Vec<Param>> {
        let mut params = Vec::new();
        for (name, about) in self.get("params").map(Node::entries).into_iter().flatten() {
            let text = if about.kind() == Kind::Map {
                about.get("about").unwrap_or(about)
            } else {
                about
            };
            let Some(words) = text.as_str() else {
                return fail(
                    about,
                    "a parameter takes a text that says what it is for, or a map of `about` and `default`",
                );
            };
            params.push(Param {
                name: name.scalar().as_ref().into(),
                about: words.into(),
                default: about.get("default").map(json::to_json),
            });
        }
        Ok(params)
    }

    fn bodies(&self, values: &Parameters, missing: bool, id: &str) -> Read<Vec<Body>> {
        let Some(variants) = self.get("variants") else {
            return Ok(vec![self.body(self.root, values, missing, id)?]);
        };
        let mut bodies = Vec::new();
        for variant in variants.items() {
            for (key, _) in variant.entries() {
                if !["from", "until", "where", "unless", "require", "check"].contains(&&*key.scalar()) {
                    return fail(
                        key,
                        "a variant takes from, until, where, unless, require and check",
                    );
                }
            }
            bodies.push(self.body(variant, values, missing, id)?);
        }
        if bodies.is_empty() {
            return fail(variants, "`variants` takes a list of maps");
        }
        Ok(bodies)
    }

    fn body(&self, node: Node<'a>, values: &Parameters, missing: bool, id: &str) -> Read<Body> {
        let version = |name: &str| -> Read<Option<KubernetesVersion>> {
            match node.get(name) {
                None => Ok(None),
                Some(found) => match found.scalar().parse() {
                    Ok(version) => Ok(Some(version)),
                    Err(message) => fail(found, message),
                },
            }
        };
        let formula = |name: &str| -> Read<Option<Formula>> {
            match node.get(name).or_else(|| self.get(name)) {
                Some(found) if !missing => algebra::parse(found, values, &self.patterns).map(Some),
                _ => Ok(None),
            }
        };
        let check = match (
            node.get("require").or_else(|| self.get("require")),
            node.get("check").or_else(|| self.get("check")),
        ) {
            _ if missing => Check::Inactive,
            (Some(require), _) => Check::Require(algebra::parse(require, values, &self.patterns)?),
            (None, Some(check)) if check.as_str() == Some("builtin") => match checks::find(id) {
                Some(builtin) => Check::Builtin(builtin, values.clone()),
                None => {
                    return fail(
                        check,
                        format!("there is no predicate in Rust with the name `{id}`"),
                    );
                }
            },
            (None, Some(check)) => Check::Grants(Box::new(Grants::read(check)?)),
            (None, None) => return fail(node, "`require` is missing: what must hold"),
        };
        if check.is_global()
            && let Some(formula) = ["where", "unless"].into_iter().find_map(|name| self.get(name))
        {
            return fail(
                formula,
                "a rule about all objects together takes no `where` and no `unless`",
            );
        }
        let (from, until) = if node == self.root {
            (None, None)
        } else {
            (version("from")?, version("until")?)
        };
        Ok(Body {
            from,
            until,
            wanted: formula("where")?,
            unless: formula("unless")?,
            check,
        })
    }

    fn fix(&self) -> Read<Fix> {
        let mut fix = Fix {
            applicability: None,
            set: Vec::new(),
            remove: Vec::new(),
        };
        let Some(node) = self.get("fix") else {
            return Ok(fix);
        };
        let applicability = |node: Node<'_>| -> Read<Option<Applicability>> {
            match node.as_str() {
                Some("none") => Ok(None),
                Some(text) => text
                    .parse()
                    .map(Some)
                    .or_else(|message: String| fail(node, message)),
                None => fail(node, "expected safe, needs-value, may-break or none"),
            }
        };
        if node.kind() != Kind::Map {
            fix.applicability = applicability(node)?;
            return Ok(fix);
        }
        for (key, value) in node.entries() {
            match &*key.scalar() {
                "applicability" => fix.applicability = applicability(value)?,
                "set" => {
                    for (path, value) in value.entries() {
                        let (root, keys) = plain_path(path)?;
                        fix.set.push((root, keys, json::to_json(value)));
                    }
                }
                "remove" => {
                    for path in value.items() {
                        fix.remove.push(plain_path(path)?);
                    }
                }
                _ => return fail(key, "a fix takes `applicability`, `set` and `remove`"),
            }
        }
        match fix.applicability {
            Some(_) => Ok(fix),
            None => fail(
                node,
                "the fix needs an `applicability`: safe, needs-value or may-break",
            ),
        }
    }
}

fn plain_path(node: Node<'_>) -> Read<(Root, Vec<Segment>)> {
    match path::parse(&node.scalar()) {
        Ok((root, mut steps)) if steps.len() <= 1 => match steps.pop() {
            None => Ok((root, Vec::new())),
            Some(Step::Keys(keys)) => Ok((root, keys)),
            Some(Step::Every) => fail(node, "a fix can't have `[*]` in its path"),
        },
        Ok(_) => fail(node, "a fix can't have `[*]` in its path"),
        Err(message) => fail(node, message),
    }
}
