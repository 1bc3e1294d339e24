//! Templates as their authors write them.

mod dynamic;
mod extensions;
mod functions;
mod messages;
mod parameters;
mod properties;
mod reading;
mod resolving;
mod summary;

use crate::{Error, Given, Lookup, Setting, Template};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A stack in us-east-1 with three zones.
fn setting() -> Setting {
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned).to_vec();
    Setting {
        region: "us-east-1".into(),
        account: "012345678901".into(),
        partition: "aws".into(),
        url_suffix: "amazonaws.com".into(),
        stack_id: "arn:aws:cloudformation:us-east-1:012345678901:stack/demo/1".into(),
        stack_name: "demo".into(),
        notification_arns: vec!["arn:aws:sns:us-east-1:012345678901:a".into()],
        zones: BTreeMap::from([("us-east-1".to_owned(), zones)]),
        ..Setting::default()
    }
}

/// The same with the defaults of a template's parameters, and what is given besides.
fn setting_of(template: &Template, given: &[(&str, &str)]) -> Setting {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Setting { parameters: template.check_parameters(&given).unwrap().values, ..setting() }
}

fn read(text: &str) -> Template {
    Template::read(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A template of one resource `R` with a property `P`, and what else is in it.
fn with(property: &str, more: &str) -> String {
    format!("{more}\nResources:\n  R:\n    Type: AWS::Test::Thing\n    Properties:\n      P: {property}\n")
}

/// What the property comes to, as far as is known without resources.
fn property(value: &str, more: &str, given: &[(&str, &str)]) -> Result<Value, Error> {
    let template = Template::read(&with(value, more))?;
    let resolved = template.resolve(&setting_of(&template, given))?;
    Ok(resolved.resources["R"].properties.get("P").cloned().unwrap_or(json!("nothing")))
}

/// What a template is refused with, when it is read or resolved.
fn refused(text: &str) -> String {
    let resolved = Template::read(text).and_then(|template| {
        let parameters: BTreeMap<String, Given> = template.check_parameters(&BTreeMap::new())?.values;
        template.resolve(&Setting { parameters, ..setting() })
    });
    resolved.map_or_else(|error| error.to_string(), |resolved| panic!("not refused: {resolved:?}"))
}

/// Resources that are there, each with an attribute `Arn`, a list `Names` and one export `net`.
struct There(Vec<&'static str>);

impl Lookup for There {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        self.0.contains(&logical_id).then(|| format!("{}-1", logical_id.to_lowercase()).into())
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Value>, Error> {
        let known = match name {
            "Arn" => json!(format!("arn:{logical_id}")),
            "Names" => json!(["x", "y"]),
            "Block" => json!("10.0.0.0/16"),
            _ => return Err(Error::no_attribute(logical_id, name)),
        };
        Ok(self.0.contains(&logical_id).then_some(known))
    }

    fn import(&self, export: &str) -> Result<Option<Value>, Error> {
        if export == "net" { Ok(Some("vpc-1".into())) } else { Err(Error::no_export(export)) }
    }
}
