//! `hardtack schema`: JSON Schemas by which editors complete and check what people write.

use crate::args::SchemaOf;
use crate::config::{EXCEPTION_FIELDS, FIELDS as CONFIG, POD_PATH_FIELDS, WHERE_FIELDS};
use crate::{CLEAN, Failure, output};
use hardtack_core::algebra::WORDS;
use hardtack_core::fields::FieldTable;
use hardtack_core::pods::ContainerType;
use hardtack_core::rule::{CHECK, DEED, FIELDS as RULE};
use hardtack_core::{Applicability, Category, Each, Severity};
use serde_json::{Map, Value, json};

/// Runs the command.
pub fn run(of: SchemaOf) -> Result<u8, Failure> {
    let schema = match of {
        SchemaOf::Rule => rule(),
        SchemaOf::Config => config(),
    };
    output::print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(CLEAN)
}

fn names<T>(named: &[(&'static str, T)]) -> Value {
    json!({ "enum": named.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

fn strings() -> Value {
    json!({ "type": "array", "items": { "type": ["string", "number"] } })
}

/// A map with exactly the fields of a table, each of the type that `types` gives it.
fn fields(table: FieldTable, required: &[&str], types: impl Fn(&str) -> Value) -> Value {
    let mut properties = Map::new();
    for (name, about) in table {
        let mut property = types(name);
        if let Some(map) = property.as_object_mut() {
            map.insert("description".into(), json!(about));
        }
        properties.insert((*name).into(), property);
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn check() -> Value {
    let deed = || fields(DEED, &["resources", "verbs"], |_| strings());
    let grants = fields(CHECK, &["grants"], |name| match name {
        "grants" => json!({ "type": "array", "minItems": 1, "items": deed() }),
        "within" => json!({ "enum": ["cluster", "namespace", "either"] }),
        _ => json!({ "enum": ["anyone", "workload"] }),
    });
    json!({ "anyOf": [{ "const": "builtin" }, grants] })
}

fn rule() -> Value {
    let formula = || json!({ "$ref": "#/$defs/formula" });
    let mut schema = fields(
        &RULE,
        &["id", "title", "severity", "why", "each", "examples"],
        |name| match name {
            "id" => json!({ "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$" }),
            "severity" => names(Severity::NAMED),
            "category" => names(Category::NAMED),
            "each" => names(Each::NAMED),
            "containers" => {
                let types: Vec<_> = ContainerType::ALL.iter().map(|kind| kind.name()).collect();
                json!({ "type": "array", "items": { "enum": types } })
            }
            "kinds" | "instructions" | "commands" | "aliases" | "profiles" | "links" => strings(),
            "where" | "unless" | "require" => formula(),
            "variants" => json!({ "type": "array", "items": {
            "type": "object", "additionalProperties": false, "properties": {
                "from": { "type": "string" }, "until": { "type": "string" },
                "where": formula(), "unless": formula(), "require": formula(), "check": check() } } }),
            "check" => check(),
            "fix" => fix(),
            "sensitive" => json!({ "type": "boolean" }),
            "params" => json!({ "type": "object", "additionalProperties": { "anyOf": [
            { "type": "string" },
            { "type": "object", "additionalProperties": false, "required": ["about"],
              "properties": { "about": { "type": "string" }, "default": true } } ] } }),
            "standards" => json!({ "type": "object", "additionalProperties": {
            "anyOf": [{ "type": ["string", "number"] }, strings()] } }),
            "examples" => json!({ "type": "array", "minItems": 2, "items": { "$ref": "#/$defs/example" } }),
            _ => json!({ "type": "string" }),
        },
    );
    if let Some(map) = schema.as_object_mut() {
        map.insert(
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        map.insert("title".into(), json!("A rule of hardtack"));
        map.insert(
            "$defs".into(),
            json!({ "formula": formula_schema(), "example": example() }),
        );
    }
    schema
}

fn fix() -> Value {
    let mut applicabilities: Vec<_> = Applicability::NAMED.iter().map(|(name, _)| *name).collect();
    let map = json!({
        "type": "object", "additionalProperties": false, "required": ["applicability"], "properties": {
            "applicability": { "enum": applicabilities },
            "set": { "type": "object" },
            "remove": { "type": "array", "items": { "type": "string" } } } });
    applicabilities.push("none");
    json!({ "anyOf": [{ "enum": applicabilities }, map] })
}

/// A map of words is a test of a place; any other map leads from paths to what holds there.
fn formula_schema() -> Value {
    let mut words = Map::new();
    for word in WORDS {
        let value = match word {
            "present" | "absent" | "orAbsent" => json!({ "type": "boolean" }),
            "matches" | "notMatches" => json!({ "anyOf": [{ "type": "string" }, strings()] }),
            "in" | "notIn" | "only" => json!({ "type": ["array", "string"] }),
            "any" | "all" => {
                json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/formula" } })
            }
            "not" | "each" | "some" | "keys" => json!({ "$ref": "#/$defs/formula" }),
            "entries" => json!({ "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": { "$ref": "#/$defs/formula" } }),
            "length" => json!({ "type": "object", "additionalProperties": false, "minProperties": 1,
                "properties": { "min": { "type": ["integer", "string"] }, "max": { "type": ["integer", "string"] } } }),
            "min" | "max" => json!({ "type": ["number", "string"] }),
            "atMost" | "unique" => json!({ "type": "string" }),
            "inherit" => json!({ "const": "pod" }),
            "isA" => json!({ "enum": ["string", "boolean", "integer", "number", "list", "map"] }),
            _ => json!(true),
        };
        words.insert(word.into(), value);
    }
    json!({ "type": "object", "minProperties": 1, "properties": words,
        "additionalProperties": { "$ref": "#/$defs/formula" } })
}

fn example() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {
        "about": { "type": "string" },
        "bad": { "type": ["object", "array", "string"] },
        "good": { "type": ["object", "array", "string"] },
        "unknown": { "type": ["object", "array", "string"] },
        "at": { "type": ["string", "integer", "array"] },
        "fixed": { "type": ["object", "array", "string"] },
        "version": { "type": "string" },
        "params": { "type": "object" } } })
}

fn config() -> Value {
    let mut schema = fields(&CONFIG, &[], |name| match name {
        "only" | "skip" | "rules" | "exclude" => strings(),
        "profiles" => json!({ "type": "object", "additionalProperties": strings() }),
        "parameters" => json!({ "type": "object", "additionalProperties": { "type": "object" } }),
        "severity" => json!({ "type": "object", "additionalProperties": names(Severity::NAMED) }),
        "failOn" => json!({ "enum": ["critical", "high", "medium", "low", "none"] }),
        "kubernetesVersion" => json!({ "type": ["string", "number"] }),
        "render" => json!({ "type": "boolean" }),
        "podPaths" => json!({ "type": "array", "items":
            fields(&POD_PATH_FIELDS, &["kind", "path"], |_| json!({ "type": "string" })) }),
        "helm" => {
            json!({ "type": "object", "additionalProperties": false, "properties": { "values": strings() } })
        }
        "exceptions" => json!({ "type": "array", "items": fields(&EXCEPTION_FIELDS, &[], |name| match name {
            "rules" => strings(),
            "where" => fields(&WHERE_FIELDS, &[], |_| json!({ "type": "string" })),
            "expires" => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
            _ => json!({ "type": "string" }),
        }) }),
        _ => json!({ "type": "string" }),
    });
    if let Some(map) = schema.as_object_mut() {
        map.insert(
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        map.insert("title".into(), json!("The configuration of hardtack"));
    }
    schema
}
