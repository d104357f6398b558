//! Fields of one object that must fit each other.

use crate::algebra::{Failure, Scope, Truth};
use crate::world::{Labels, Selector};
use hardtack_tree::{Kind, Node};

fn failure<'a>(truth: Truth, node: Node<'a>, message: String) -> Failure<'a> {
    Failure {
        truth,
        node,
        missing: Vec::new(),
        message,
        misshapen: false,
        edits: None,
    }
}

fn items<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.get(key).map(Node::items).into_iter().flatten()
}

/// A workload's selector finds the pods of its own template.
pub fn selector_mismatch<'a>(scope: &Scope<'a>) -> Vec<Failure<'a>> {
    let spec = scope.item.get("spec");
    let field = |path: &[&str]| spec.and_then(|spec| spec.at(path));
    // Without labels of its own, it is a patch of something that stands elsewhere.
    let (Some(written), Some(template)) = (field(&["selector"]), field(&["template", "metadata", "labels"]))
    else {
        return Vec::new();
    };
    let plain = written.get("matchLabels").is_none() && written.get("matchExpressions").is_none();
    let selector = if plain {
        Selector::of_map(written)
    } else {
        Selector::of(written)
    };
    if selector.matches(&Labels::of(Some(template))) {
        return Vec::new();
    }
    let message = format!("the selector `{selector}` does not find the pods of the template");
    vec![failure(Truth::No, written, message)]
}

/// A probe's port is one that the container has: by name for certain, by number if it declares ports at all.
pub fn probe_port<'a>(scope: &Scope<'a>) -> Vec<Failure<'a>> {
    let container = scope.item;
    let mut failures = Vec::new();
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for action in ["httpGet", "tcpSocket", "grpc"] {
            let Some(port) = container.at(&[probe, action, "port"]) else {
                continue;
            };
            let by_name = port.as_str().filter(|name| name.parse::<u16>().is_err());
            let has = |declared: Node<'_>| match by_name {
                Some(name) => declared.str_at(&["name"]) == Some(name),
                None => declared
                    .get("containerPort")
                    .is_some_and(|own| own.scalar() == port.scalar()),
            };
            if items(container, "ports").any(has) {
                continue;
            }
            if let Some(name) = by_name {
                failures.push(failure(
                    Truth::No,
                    port,
                    format!("no port of the container is named `{name}`"),
                ));
            } else if items(container, "ports").next().is_some() {
                let message = format!(
                    "the container does not declare port {}; it may listen there all the same",
                    port.scalar()
                );
                failures.push(failure(Truth::Unknown, port, message));
            }
        }
    }
    failures
}

/// Liveness and readiness are two questions.
pub fn probes_equal<'a>(scope: &Scope<'a>) -> Vec<Failure<'a>> {
    let probe = |key: &str| scope.item.get(key).filter(|probe| probe.kind() == Kind::Map);
    let (Some(liveness), Some(readiness)) = (probe("livenessProbe"), probe("readinessProbe")) else {
        return Vec::new();
    };
    if !liveness.same_value(readiness) {
        return Vec::new();
    }
    vec![failure(
        Truth::No,
        liveness,
        "the liveness probe is the same as the readiness probe".into(),
    )]
}

/// The ports of a Service differ in number or protocol, and in name.
pub fn service_ports<'a>(scope: &Scope<'a>) -> Vec<Failure<'a>> {
    let ports: Vec<_> = scope
        .item
        .get("spec")
        .into_iter()
        .flat_map(|spec| items(spec, "ports"))
        .collect();
    let number = |port: Node<'a>| port.get("port").map(Node::scalar);
    let protocol = |port: Node<'a>| port.str_at(&["protocol"]).unwrap_or("TCP");
    let mut failures = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let twice = |other: &&Node<'a>| {
            number(**other).is_some()
                && number(**other) == number(*port)
                && protocol(**other) == protocol(*port)
        };
        if let (Some(number), true) = (number(*port), ports.iter().take(index).any(|other| twice(&other))) {
            let node = port.get("port").unwrap_or(*port);
            failures.push(failure(
                Truth::No,
                node,
                format!("port {number}/{} is there twice", protocol(*port)),
            ));
        }
    }
    failures
}

/// A variable that a container's command, arguments or environment refer to as `$(NAME)` is defined.
pub fn undefined_variable<'a>(scope: &Scope<'a>) -> Vec<Failure<'a>> {
    let container = scope.item;
    // What a whole ConfigMap or Secret defines is not known here.
    if items(container, "envFrom").next().is_some() {
        return Vec::new();
    }
    let mut failures = Vec::new();
    let names: Vec<&str> = items(container, "env")
        .filter_map(|variable| variable.str_at(&["name"]))
        .collect();
    let words = ["command", "args"]
        .into_iter()
        .flat_map(|key| items(container, key));
    for word in words {
        undefined(word, &names, &mut failures);
    }
    for (index, variable) in items(container, "env").enumerate() {
        if let Some(value) = variable.get("value") {
            // A variable may refer only to those before it.
            undefined(value, names.get(..index).unwrap_or_default(), &mut failures);
        }
    }
    failures
}

fn undefined<'a>(node: Node<'a>, names: &[&str], out: &mut Vec<Failure<'a>>) {
    let mut rest = node.as_str().unwrap_or_default();
    while let Some(at) = rest.find('$') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('$') {
            // `$$(NAME)` is the text `$(NAME)`.
            rest = after;
            continue;
        }
        let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) else {
            continue;
        };
        if is_variable(name) && !names.contains(&name) {
            out.push(failure(
                Truth::No,
                node,
                format!("`$({name})` stays as it is: no variable has that name before it"),
            ));
        }
        rest = after;
    }
}

/// Words in capitals are meant as variables; `$(hostname)` is the shell's. Kubernetes defines those of services.
fn is_variable(name: &str) -> bool {
    let service =
        name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_PORT_");
    let capitals = name
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    capitals && !service && name.bytes().any(|byte| byte.is_ascii_uppercase())
}
