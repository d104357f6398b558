//! What someone may do by a role, however the role comes to them: `check: { grants: [...] }`.

use crate::fields::{FieldTable, Fields, Read, fail};
use crate::world::{Allowed, Binding, Deed, Pod, Wanted, World, WorldFailure};
use hardtack_tree::Node;
use rustc_hash::FxHashMap;

/// A rule that no one may be allowed any of some deeds.
#[derive(Debug)]
pub struct Grants {
    deeds: Vec<Deed>,
    everything: Deed,
    within: Within,
    to: To,
}

/// How far what is allowed reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Cluster,
    Namespace,
    Either,
}

/// Who must not be allowed it, and so where a finding points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// Anyone: the binding.
    Anyone,
    /// A pod that has its service account's token: the workload.
    Workload,
}

/// The fields of such a check.
pub const CHECK: FieldTable = &[
    (
        "grants",
        "deeds: maps of `groups`, `resources` and `verbs`; one of each is enough",
    ),
    (
        "within",
        "`cluster`, `namespace` or `either` (the default): how far it must reach",
    ),
    (
        "to",
        "`anyone` (the default) judges bindings, `workload` the workloads that run as a service account",
    ),
];

/// The fields of one thing that no one may do.
pub const DEED: FieldTable = &[
    ("groups", "API groups; the core group if left out"),
    ("resources", "resources such as `secrets` or `pods/exec`"),
    ("verbs", "verbs such as `get` or `create`"),
];

impl Grants {
    /// What it asks for.
    pub const WANTED: Wanted = Wanted::ROLES.and(Wanted::ACCOUNTS).and(Wanted::WORKLOADS);

    /// Reads it from a rule file.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let fields = Fields::of(node, "a check", CHECK)?;
        let word = |name: &str| fields.get(name).map(|node| (node, node.raw()));
        let list = fields.get("grants").ok_or_else(|| fields.missing("grants"))?;
        let deeds: Vec<_> = list.items().map(deed).collect::<Read<_>>()?;
        if deeds.is_empty() {
            return fail(list, "`grants` takes a list of deeds");
        }
        let all = || vec![Box::from("*")];
        Ok(Self {
            deeds,
            everything: Deed {
                groups: all(),
                resources: all(),
                verbs: all(),
            },
            within: match word("within") {
                None | Some((_, "either")) => Within::Either,
                Some((_, "cluster")) => Within::Cluster,
                Some((_, "namespace")) => Within::Namespace,
                Some((node, _)) => return fail(node, "`within` takes `cluster`, `namespace` or `either`"),
            },
            to: match word("to") {
                None | Some((_, "anyone")) => To::Anyone,
                Some((_, "workload")) => To::Workload,
                Some((node, _)) => return fail(node, "`to` takes `anyone` or `workload`"),
            },
        })
    }

    /// The bindings, or the workloads, that are allowed one of the deeds. A role that is not in the input is another
    /// rule's finding (`dangling-role`): what it allows is not guessed here.
    pub fn failures(&self, world: &World) -> Vec<WorldFailure> {
        let mut roles = Roles::default();
        match self.to {
            To::Anyone => world
                .bindings()
                .iter()
                .filter_map(|binding| self.binding(world, binding, &mut roles))
                .collect(),
            To::Workload => {
                let mut accounts = Accounts::default();
                let pods = world.spaces().flat_map(|(_, space)| space.pods());
                pods.filter_map(|pod| self.pod(world, pod, &mut roles, &mut accounts))
                    .collect()
            }
        }
    }

    fn binding<'w>(
        &'w self,
        world: &'w World,
        binding: &'w Binding,
        roles: &mut Roles<'w>,
    ) -> Option<WorldFailure> {
        let subject = binding.subjects.first()?;
        // To be bound to it is a finding of its own, which needs no second look at the role.
        if binding.cluster_role && &*binding.role == "cluster-admin" {
            return None;
        }
        let (verb, resource) = self.allowed(world, binding, roles)?;
        let others = match binding.subjects.len() - 1 {
            0 => String::new(),
            1 => " and another".to_owned(),
            more => format!(" and {more} others"),
        };
        let done = deed_text(verb, resource);
        let message = format!(
            "{subject}{others} may {done} {}, by {}",
            reach(binding),
            role(binding)
        );
        Some(WorldFailure::fail(
            &binding.origin,
            &binding.role_spot,
            capital(&message),
        ))
    }

    fn pod<'w>(
        &'w self,
        world: &'w World,
        pod: &'w Pod,
        roles: &mut Roles<'w>,
        accounts: &mut Accounts<'w>,
    ) -> Option<WorldFailure> {
        if !has_token(world, pod) {
            return None;
        }
        let found = accounts
            .entry((pod.namespace(), &pod.account))
            .or_insert_with(|| {
                let bindings = world.bindings_of(pod.namespace(), &pod.account);
                bindings
                    .into_iter()
                    .find_map(|binding| Some((binding, self.allowed(world, binding, roles)?)))
            });
        let (binding, (verb, resource)) = (*found)?;
        let message = format!(
            "service account `{}` may {} {}: {} `{}` binds it to {}",
            pod.account,
            deed_text(verb, resource),
            reach(binding),
            binding.origin.object.kind,
            binding.origin.name(),
            role(binding),
        );
        Some(WorldFailure::fail(
            &pod.origin,
            &pod.account_spot,
            capital(&message),
        ))
    }

    /// The first of the deeds that a binding allows, as verb and resource.
    fn allowed<'w>(&'w self, world: &World, binding: &'w Binding, roles: &mut Roles<'w>) -> Option<Done<'w>> {
        let fits = match self.within {
            Within::Either => true,
            Within::Cluster => binding.cluster,
            Within::Namespace => !binding.cluster,
        };
        if !fits {
            return None;
        }
        // A ClusterRole is the same wherever it is bound.
        let namespace = (!binding.cluster_role).then(|| binding.origin.namespace());
        *roles
            .entry((namespace, &binding.role))
            .or_insert_with(|| self.allowed_by_role(world, binding))
    }

    fn allowed_by_role(&self, world: &World, binding: &Binding) -> Option<Done<'_>> {
        let rules = world.allowed_by(binding)?;
        // Who may do everything may do this too, but that is one finding, not one for each deed.
        let everything = |rule: &Allowed| rule.allows(&self.everything).is_some();
        if !self.deeds.contains(&self.everything) && rules.iter().any(everything) {
            return None;
        }
        rules
            .iter()
            .find_map(|rule| self.deeds.iter().find_map(|deed| rule.allows(deed)))
    }
}

/// A verb and a resource.
type Done<'w> = (&'w str, &'w str);
/// What each role allows, by its namespace, if it has one, and its name: many bindings may be of one role.
type Roles<'w> = FxHashMap<(Option<&'w str>, &'w str), Option<Done<'w>>>;
/// What each service account is allowed, by its namespace and its name, and by which binding.
type Accounts<'w> = FxHashMap<(&'w str, &'w str), Option<(&'w Binding, Done<'w>)>>;

fn deed(node: Node<'_>) -> Read<Deed> {
    let fields = Fields::of(node, "a deed", DEED)?;
    let deed = Deed {
        groups: fields.strings("groups")?,
        resources: fields.strings("resources")?,
        verbs: fields.strings("verbs")?,
    };
    if deed.resources.is_empty() || deed.verbs.is_empty() {
        return fail(node, "a deed needs `resources` and `verbs`");
    }
    Ok(deed)
}

/// Whether the pod's processes can act as its service account.
fn has_token(world: &World, pod: &Pod) -> bool {
    let account = || {
        world
            .reach(pod.namespace())
            .find_map(|space| space.accounts.named(&pod.account).next())
    };
    let mounted = pod.automount.or_else(|| account()?.automount).unwrap_or(true);
    mounted || pod.token_volume
}

fn deed_text(verb: &str, resource: &str) -> String {
    match (verb, resource) {
        ("*", "*") => "do everything".to_owned(),
        ("*", resource) => format!("do everything to `{resource}`"),
        (verb, "*") => format!("{verb} everything"),
        (verb, resource) => format!("{verb} `{resource}`"),
    }
}

fn reach(binding: &Binding) -> String {
    match binding.origin.namespace() {
        _ if binding.cluster => "in the whole cluster".to_owned(),
        "" => "in its namespace".to_owned(),
        namespace => format!("in namespace `{namespace}`"),
    }
}

fn role(binding: &Binding) -> String {
    let kind = if binding.cluster_role {
        "ClusterRole"
    } else {
        "Role"
    };
    format!("{kind} `{}`", binding.role)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    first + characters.as_str()
}
