//! `cargo xtask rules`: what each rule costs by itself.

use hardtack_core::pods::PodPaths;
use hardtack_core::rule::Settings;
use hardtack_core::{Judge, KubernetesVersion, RuleSet, Selection, objects};
use hardtack_source::{Options, Parsed, plan};
use hardtack_tree::{Limits, Tree};
use std::time::{Duration, Instant};

const SHOWN: usize = 40;

/// Judges all that `paths` hold by one rule at a time, on one thread, and prints what that adds to the rules that are always judged.
pub fn run(paths: &[&str]) -> Result<(), String> {
    let targets: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let inputs = plan(&targets, &Options::default()).inputs;
    let texts: Vec<_> = inputs.iter().filter_map(|input| input.read().ok()).collect();
    let mut trees = Vec::new();
    for text in &texts {
        for span in text.documents() {
            if let Some(Parsed::Manifest { tree, .. }) = text.parse(span, &Limits::default()) {
                trees.push(tree);
            }
        }
    }
    let ids: Vec<String> = rules()?.rules().iter().map(|rule| rule.id.to_string()).collect();
    let (bare, bare_first) = cost(&trees, &["malformed-pod".into()])?;
    let (all, all_first) = cost(&trees, &ids)?;
    println!(
        "{} documents; only the rules that are always judged: {bare:.1?}, the first time {bare_first:.1?}; all {}: {all:.1?}, the first time {all_first:.1?}",
        trees.len(),
        ids.len()
    );
    println!("{:>12}  {:>12}  rule", "each time", "compiling");
    let mut costs = Vec::new();
    for id in ids {
        let (own, first) = cost(&trees, std::slice::from_ref(&id))?;
        let compiling = first
            .saturating_sub(own)
            .saturating_sub(bare_first.saturating_sub(bare));
        costs.push((own.saturating_sub(bare), compiling, id));
    }
    costs.sort_by_key(|(own, compiling, _)| std::cmp::Reverse(*own + *compiling));
    for (own, compiling, id) in costs.iter().take(SHOWN) {
        println!("{own:>12.1?}  {compiling:>12.1?}  {id}");
    }
    Ok(())
}

fn rules() -> Result<RuleSet, String> {
    RuleSet::built_in(&Settings::new()).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// The shortest of several runs, and the first, in which patterns are compiled.
fn cost(trees: &[Tree<'_>], only: &[String]) -> Result<(Duration, Duration), String> {
    let selection = Selection {
        only: only.to_vec(),
        ..Selection::default()
    };
    let judge = Judge::new(
        rules()?,
        &selection,
        KubernetesVersion::LATEST,
        PodPaths::default(),
    )
    .map_err(|error| error.to_string())?;
    let run = || {
        let started = Instant::now();
        for tree in trees {
            let mut verdicts = Vec::new();
            for object in objects(tree.root()).into_iter().flatten() {
                judge.object(&object, &mut verdicts);
            }
        }
        started.elapsed()
    };
    let first = run();
    let shortest = (0..4).map(|_| run()).fold(first, Duration::min);
    Ok((shortest, first))
}
