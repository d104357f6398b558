//! ConfigMaps, Secrets and claims that pods name.

use super::words::in_namespace;
use crate::algebra::{Parameters, Truth};
use crate::world::{Config, Pod, Reference, Space, Target, World, WorldFailure};

/// A key that a pod needs is in its ConfigMap or Secret, where that is in the input.
pub fn key_missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(pod, reference): (&Pod, &Reference)| {
        let key = reference.key.as_deref()?;
        let mut configs = configs(world, pod, reference).peekable();
        configs.peek()?;
        let has = |config: &Config| {
            config
                .keys
                .as_ref()
                .is_none_or(|keys| keys.iter().any(|own| **own == *key))
        };
        if configs.any(has) {
            return None;
        }
        let message = format!(
            "{} `{}` has no key `{key}`",
            noun(reference.target),
            reference.name
        );
        Some(WorldFailure::fail(&pod.origin, &reference.spot, message))
    };
    references(world).filter_map(check).collect()
}

/// The ConfigMap or Secret that a pod needs is in the input. Secrets are often made by hand, so others there say nothing.
pub fn config_missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(pod, reference): (&Pod, &Reference)| {
        let target = reference.target;
        if target == Target::Claim || configs(world, pod, reference).next().is_some() {
            return None;
        }
        let others = |space: &Space| target == Target::ConfigMap && !space.config_maps.is_empty();
        // Kubernetes writes its own certificate into every namespace.
        if &*reference.name == "kube-root-ca.crt" {
            return None;
        }
        absent(world, pod, reference, others)
    };
    references(world).filter_map(check).collect()
}

/// The PersistentVolumeClaim that a pod mounts is in the input.
pub fn claim_missing(world: &World, _: &Parameters) -> Vec<WorldFailure> {
    let check = |(pod, reference): (&Pod, &Reference)| {
        let mut claims = world
            .reach(pod.namespace())
            .flat_map(|space| space.claims.named(&reference.name));
        if reference.target != Target::Claim || claims.next().is_some() {
            return None;
        }
        absent(world, pod, reference, |space| !space.claims.is_empty())
    };
    references(world).filter_map(check).collect()
}

fn absent(
    world: &World,
    pod: &Pod,
    reference: &Reference,
    others: impl Fn(&Space) -> bool,
) -> Option<WorldFailure> {
    let namespace = pod.namespace();
    let what = format!(
        "{} `{}`{}",
        noun(reference.target),
        reference.name,
        in_namespace(namespace)
    );
    let (truth, message) = if world.space(namespace).is_some_and(others) {
        (
            Truth::No,
            format!("There is no {what}, so the pod does not start"),
        )
    } else {
        (Truth::Unknown, format!("{what} is not in the input"))
    };
    Some(WorldFailure::new(truth, &pod.origin, &reference.spot, message))
}

fn references(world: &World) -> impl Iterator<Item = (&Pod, &Reference)> {
    let pods = world.spaces().flat_map(|(_, space)| space.pods());
    pods.flat_map(|pod| pod.references.iter().map(move |reference| (pod, reference)))
}

fn configs<'w>(world: &'w World, pod: &Pod, reference: &'w Reference) -> impl Iterator<Item = &'w Config> {
    let spaces: Vec<&Space> = world.reach(pod.namespace()).collect();
    spaces.into_iter().flat_map(move |space| {
        let table = match reference.target {
            Target::ConfigMap => Some(&space.config_maps),
            Target::Secret => Some(&space.secrets),
            Target::Claim => None,
        };
        table.into_iter().flat_map(|table| table.named(&reference.name))
    })
}

fn noun(target: Target) -> &'static str {
    match target {
        Target::ConfigMap => "ConfigMap",
        Target::Secret => "Secret",
        Target::Claim => "PersistentVolumeClaim",
    }
}
