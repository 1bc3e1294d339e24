//! `docs/cloudformation.md`: which resource types and properties there are, said by the code itself.

use super::types;
use std::{collections::BTreeMap, fmt::Write};

const HEAD: &str = "\
# AWS CloudFormation: what stacks may be made of

This page is written by neargate's own code, which `cargo test -p control --test documents` holds it to; `GOLDEN=write` before that command
writes it anew.

Templates are JSON or YAML, with every section, function and pseudo parameter of the template reference, the language extensions
(`Transform: AWS::LanguageExtensions`), dynamic references to SSM Parameter Store and Secrets Manager, exports and imports, and nested stacks.

Not supported, and refused by name before anything is made:

- macros and transforms other than `AWS::LanguageExtensions`: `AWS::Serverless-2016-10-31` (SAM), `AWS::Include`, your own
- custom resources (`Custom::…`, `AWS::CloudFormation::CustomResource`), which AWS Lambda functions make
- imports of resources that exist already, stack sets, modules, hooks, rollback triggers
- every resource type that is not below, and every property that is marked so

A resource's properties are held against its type's published schema first, as CloudFormation does. `replaces` says that a change of the
property makes a new resource in the old one's place, `may replace` that it depends on the change; what is in a property does as that does,
unless it says otherwise.
";

/// The page, as Markdown: every type by service, with its properties and what `Fn::GetAtt` answers with.
pub fn document() -> String {
    let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let unsupported: BTreeMap<&str, &[&str]> =
        types::kinds().filter_map(|kind| Some((kind, types::find(kind)?.unsupported()))).collect();
    for kind in unsupported.keys() {
        services.entry(kind.split("::").nth(1).unwrap_or_default()).or_default().push(kind);
    }
    let mut text = format!("{HEAD}\n| service | resource types |\n|---|---|\n");
    for (service, kinds) in services {
        let links: Vec<String> = kinds.into_iter().map(link).collect();
        // Writing to a text does not fail.
        let _ = writeln!(text, "| {service} | {} |", links.join(", "));
    }
    for (kind, unsupported) in unsupported {
        let _ = write!(text, "\n{}", resourcetypes::document(kind, unsupported));
    }
    text
}

/// A link to a type's heading, as GitHub makes the names of headings: in small letters, without colons.
fn link(kind: &str) -> String {
    let name = kind.rsplit("::").next().unwrap_or(kind);
    format!("[{name}](#{})", kind.replace(':', "").to_ascii_lowercase())
}
